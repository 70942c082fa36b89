/** The function as tests call it: over the real work, with a Google on loopback that fetches images over a socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openBlobs } from '#shared/blobs/index.ts';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import type { CreateFunction, HttpFunction, Runtime } from '#shared/define.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { openGoogle } from '#shared/google/index.ts';
import { createKey } from '#shared/http/api-keys.ts';
import type { Role } from '#shared/http/callers.ts';
import { systemIds } from '#shared/ids.ts';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { createGrantReader } from '#shared/slides/grant-reader.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { ADMIN_KEY, createAsk } from '#shared/testing/api-client.ts';
import { startFakeGoogle } from '#shared/testing/google/start.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import createSlides from './index.ts';

const IMAGES = '/slides-images';

interface Given {
  prefix?: string;
  settings?: Record<string, string>;
  change?: (runtime: Runtime) => Partial<Runtime>;
  /** What hands the images to Google; where absent, the same grants without the function around them. */
  images?: CreateFunction;
}

/** `environment`: where the fake's address is put, so that credentials come from it. */
export async function startRig(t: TestContext, environment: Record<string, string | undefined>, given: Given = {}) {
  const google = await startFakeGoogle();
  Object.assign(environment, google.env);
  const data = await mkdtemp(join(tmpdir(), 'hawker-slides-'));
  let images: HttpFunction['fetch'] = () => new Response(null, { status: 404 });
  const server = createServer(
    fetchListener((request, from) => {
      const url = new URL(request.url);
      url.pathname = url.pathname.slice(IMAGES.length);
      return images(new Request(url, request), from);
    }),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(async () => {
    await google[Symbol.asyncDispose]();
    server.close();
    server.closeAllConnections();
    await rm(data, { recursive: true, force: true });
  });

  const config = loadConfig({
    HAWKER_ADMIN_KEY: ADMIN_KEY,
    HAWKER_DATA: data,
    HAWKER_PUBLIC_URL: base,
    ...google.env,
    ...given.settings,
  });
  const log = createKeptLog();
  const store = withShorthands(createMemoryDriver());
  const common = { config, store, log, clock: systemClock, ids: systemIds };
  const opened = openGoogle(config, common);
  const openedBlobs = await openBlobs(config, { ...common, google: async () => opened });
  const published: NewEvent[] = [];
  const whole: Runtime = {
    ...common,
    queue: {
      publish: async (_topic: string, event: NewEvent) => void published.push(event),
    } as unknown as Runtime['queue'],
    leases: () => Promise.reject(new Error('slides holds no lease')),
    lta: () => Promise.reject(new Error('slides asks LTA nothing')),
    blobs: async () => openedBlobs,
    google: async () => opened,
    prefix: given.prefix ?? '/slides',
  };
  const runtime = { ...whole, ...given.change?.(whole) };
  const instance = await createSlides(runtime);
  if (instance.kind !== 'http') throw new Error('slides is an http function');
  const served = await given.images?.({ ...runtime, prefix: IMAGES });
  images = served?.kind === 'http' ? served.fetch : plainImages(runtime);

  return {
    google,
    runtime,
    store: runtime.store,
    log,
    published,
    base,
    fetch: instance.fetch,
    ask: createAsk((request) => instance.fetch(request)),
    /** Names of all blobs. */
    blobs: () => openedBlobs.list(undefined, 1_000),
    /** The Authorization header of a new key. */
    async keyFor(role: Role, host?: string) {
      const { text } = await createKey(common, { name: 'n', role, ...(host && { host }) });
      return { Authorization: `Bearer ${text}` };
    },
  };
}

function plainImages(runtime: Runtime): HttpFunction['fetch'] {
  const reader = createGrantReader(runtime);
  return async (request) => {
    const token = new URL(request.url).pathname.slice(1);
    const granted = await reader.take(token, { userAgent: 'Google', address: '127.0.0.1' });
    const blob = granted && (await (await runtime.blobs()).get(granted.blob));
    if (!blob) return new Response(null, { status: 404 });
    return new Response(blob.body, { headers: { 'Content-Type': blob.type, 'Content-Length': String(blob.size) } });
  };
}
