/** Work against Google on loopback, with a server that stands for `slides-images`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openBlobs } from '../blobs/index.ts';
import { type Clock, systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { openGoogle } from '../google/index.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { GivenDeck } from '../testing/google/slides-deck.ts';
import type { FakeGoogle } from '../testing/google/start.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import type { ImageAsked, ImagesAsked } from './asked.ts';
import { createGrantReader } from './grant-reader.ts';
import type { WorkInput } from './job.ts';
import { createGrants } from './open-grants.ts';
import { createWork } from './work.ts';

export const BUCKET = 'hawker-test-bucket';

/** Waits pass ten times as fast, so that what Google's clients wait for does not take long. */
const hurried: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) };

export async function startWorkRig(fake: FakeGoogle, settings: Record<string, string> = {}) {
  const clock = hurried;
  const ids = systemIds;
  const log = createKeptLog();
  const folder = await mkdtemp(join(tmpdir(), 'hawker-work-'));
  const store = withShorthands(createMemoryDriver());
  const visits: string[] = [];

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = loadConfig({ ...fake.env, HAWKER_DATA: folder, HAWKER_PUBLIC_URL: publicUrl, ...settings });
  const google = openGoogle(config, { clock, ids, log });
  const blobs = await openBlobs(config, { google: () => Promise.resolve(google), clock, ids });
  const reader = createGrantReader({ store, config, clock, ids, log });
  const grants = createGrants({ store, config, clock, ids });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = (request.url ?? '').slice('/slides-images/'.length);
    visits.push(`${request.method}`);
    const visit = { userAgent: request.headers['user-agent'] ?? '', address: '127.0.0.1' };
    const granted = await (request.method === 'HEAD' ? reader.look(token) : reader.take(token, visit));
    const blob = granted && (await blobs.get(granted.blob));
    if (!granted || !blob) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': granted.type, 'content-length': String(granted.size) });
    if (request.method === 'HEAD') {
      await blob.body.cancel();
      response.end();
    } else await pipeline(blob.body, response);
  }

  return {
    log,
    visits,
    addDeck: (deck: GivenDeck) => fake.slides.addDeck(deck),
    work: () => createWork({ google, blobs, grants, config, clock, ids, log }),
    input(job: string, presentationId: string, images: readonly ImageAsked[], change: Partial<ImagesAsked> = {}) {
      const asked: ImagesAsked = { images, onError: 'abort', mode: 'private', keepReplaced: false, ...change };
      const { signal } = new AbortController();
      const input: WorkInput = { job, presentationId, asked, identity: { type: 'own' }, signal };
      return input;
    },
    /** Names of the blobs there are, and how many grants are open. */
    async left() {
      const open = await store.list('slides-grants', { limit: 1_000 });
      return [...(await blobs.list(undefined, 1_000)), ...open.docs.map(({ id }) => `grant ${id}`)];
    },
    /** The statuses that all addresses which Google ever fetched answer now. */
    async statuses(): Promise<number[]> {
      const urls = new Set(fake.slides.fetches.map(({ url }) => url));
      const all = await Promise.all([...urls].map((url) => fetch(url, { headers: { connection: 'close' } })));
      for (const answer of all) await answer.arrayBuffer();
      return [...new Set(all.map(({ status }) => status))];
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
