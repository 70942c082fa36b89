/** The function as tests call it: over a store in memory, a clock that stands still and blobs that tell what was read of them. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { type Blobs, blobName } from '#shared/blobs/blobs.ts';
import { loadConfig } from '#shared/config.ts';
import type { HttpFunction, Runtime } from '#shared/define.ts';
import { createApp } from '#shared/http/app.ts';
import { systemIds } from '#shared/ids.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { GRANT_MS, type Grants, type NewGrant } from '#shared/slides/grants.ts';
import { createGrants } from '#shared/slides/open-grants.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog, type KeptLog } from '#shared/testing/kept-log.ts';
import createSlidesImages from './index.ts';

const PIECE_BYTES = 64 * 1024;

export interface KeptBlob {
  bytes: Uint8Array;
  /** Pieces that were asked for. */
  pulled: number;
  /** How many readers there are. */
  open: number;
  /** Fails at this piece, from 0. */
  failsAt?: number;
  /** Ends before this piece, from 0. */
  endsAt?: number;
}

export interface TestImages {
  instance: HttpFunction;
  store: Store;
  clock: FakeClock;
  log: KeptLog;
  grants: Grants;
  /** By their names. */
  kept: Map<string, KeptBlob>;
  /** What finding a blob waits for. */
  slow?: Promise<void>;
  /** Keeps the bytes and opens a grant for them; `path` is that of its address. */
  open(
    bytes?: Uint8Array,
    given?: Partial<NewGrant>,
  ): Promise<{ id: string; path: string; token: string; blob: KeptBlob }>;
}

export const IMAGE_BYTES = Buffer.from('\u0089PNG, as far as anybody here can tell');

export async function createTestImages(
  given: { store?: Store; prefix?: string; settings?: Record<string, string>; blobs?: Blobs } = {},
): Promise<TestImages> {
  const store = given.store ?? withShorthands(createMemoryDriver());
  const clock = createFakeClock();
  const log = createKeptLog();
  const config = loadConfig({ HAWKER_PUBLIC_URL: 'https://images.example', ...given.settings });
  const kept = new Map<string, KeptBlob>();
  const get = async (name: string) => {
    const found = read(kept.get(name));
    await images.slow;
    return found;
  };
  const blobs = given.blobs ?? ({ get } as Blobs);
  const runtime: Runtime = {
    config,
    store,
    queue: {} as Queue,
    log,
    clock,
    ids: systemIds,
    leases: () => Promise.reject(new Error('it holds no lease')),
    lta: () => Promise.reject(new Error('it asks LTA nothing')),
    google: () => Promise.reject(new Error('it asks Google nothing')),
    blobs: () => Promise.resolve(blobs),
    prefix: given.prefix ?? '',
  };
  const instance = await createSlidesImages(runtime);
  if (instance.kind !== 'http') throw new Error('slides-images is an http function');
  const grants = createGrants(runtime);
  const images: TestImages = {
    instance,
    store,
    clock,
    log,
    grants,
    kept,
    async open(bytes = IMAGE_BYTES, changed = {}) {
      const name = blobName(clock.now() + GRANT_MS, systemIds.unique());
      const blob = { bytes, pulled: 0, open: 0 };
      kept.set(name, blob);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const grant = {
        job: 'job',
        image: '0.0',
        blob: name,
        sha256,
        type: 'image/png',
        size: bytes.byteLength,
        uses: 1,
      };
      const { id, address } = await grants.open({ ...grant, ...changed });
      const path = new URL(address).pathname;
      return { id, path, token: path.slice(path.lastIndexOf('/') + 1), blob };
    },
  };
  return images;
}

function read(blob: KeptBlob | undefined) {
  if (!blob) return undefined;
  blob.open++;
  let piece = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        blob.pulled++;
        const at = piece++;
        const end = () => void blob.open--;
        if (at === blob.failsAt) {
          end();
          throw new Error('the disk at /secret/place is gone');
        }
        if (at === blob.endsAt || at * PIECE_BYTES >= blob.bytes.byteLength) {
          end();
          return controller.close();
        }
        controller.enqueue(blob.bytes.subarray(at * PIECE_BYTES, (at + 1) * PIECE_BYTES));
      },
      cancel: () => void blob.open--,
    },
    { highWaterMark: 0 },
  );
  return { size: blob.bytes.byteLength, type: 'image/png', body };
}

/** On a port of its own: at the root as in the cloud, or below its name as under `npm start`. */
export async function serveImages(images: TestImages, below = '') {
  const outer = createApp({ log: images.log, ids: systemIds, clock: images.clock });
  outer.mount(below, (request, from) => images.instance.fetch(request, from));
  const server = createServer(fetchListener((request, from) => (below ? outer : images.instance).fetch(request, from)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    connections: () => promisify(server.getConnections.bind(server))(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
