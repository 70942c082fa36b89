/** For tests: instances of `redirects` on loopback over one store, and a client that sends exactly what it is told. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Clock, systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { systemIds } from '#shared/ids.ts';
import { type Domain, type DomainState, type Hit, type Link, linkDocId } from '#shared/links/records.ts';
import { parseSlug } from '#shared/links/slug.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store, StoreDriver } from '#shared/store/store.ts';
import { createKeptLog, type KeptLog } from '#shared/testing/kept-log.ts';
import create from './index.ts';

export const BROWSER =
  'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Asked {
  method?: string;
  host?: string;
  headers?: Record<string, string>;
}

export interface Instance extends AsyncDisposable {
  /** One request by a browser, unless told otherwise. */
  ask(path: string, asked?: Asked): Promise<Answer>;
  /** Sends these bytes and answers all that comes back until the server closes. */
  raw(bytes: string): Promise<string>;
  drain(withinMs: number): Promise<void>;
  log: KeptLog;
  port: number;
}

export interface RecordingQueue extends Queue {
  readonly events: NewEvent<Hit>[];
  readonly hits: Hit[];
  /** What happens instead of taking an event, while set. */
  instead: (() => Promise<void>) | undefined;
}

export function createRecordingQueue(): RecordingQueue {
  const events: NewEvent<Hit>[] = [];
  const queue: RecordingQueue = {
    events,
    get hits() {
      return events.map(({ data }) => data);
    },
    instead: undefined,
    async publish(_topic, event) {
      await queue.instead?.();
      events.push(event as NewEvent<Hit>);
    },
    consume: () => {
      throw new Error('nothing is consumed here');
    },
    deadLetters: async () => [],
    redrive: async () => [],
    purge: async () => [],
    check: async () => {},
    close: async () => 0,
  };
  return queue;
}

export interface TestStore extends Store {
  /** Reads so far, by collection. */
  readonly reads: Record<string, number>;
  /** What happens before a read or write, while set. */
  before: ((collection: string) => Promise<void>) | undefined;
}

export function createTestStore(): TestStore {
  const driver = createMemoryDriver();
  const reads: Record<string, number> = {};
  const watched: StoreDriver = {
    ...driver,
    async getMany(collection, ids) {
      reads[collection] = (reads[collection] ?? 0) + 1;
      await store.before?.(collection);
      return driver.getMany(collection, ids);
    },
    async commit(writes) {
      await store.before?.(writes[0]?.collection ?? '');
      return driver.commit(writes);
    },
  };
  const store: TestStore = Object.assign(withShorthands(watched), { reads, before: undefined });
  return store;
}

/** Writes a domain and renews its revision. */
export async function putDomain(store: Store, domain: Domain): Promise<void> {
  await put(store, 'domains', domain.host, domain);
  await renew(store, domain.host, 0, 0);
}

/** Writes a link, or with `undefined` removes it, and renews its domain's revision. */
export async function putLink(store: Store, link: Link, remove = false): Promise<void> {
  const domain = await store.get<Domain>('domains', link.host);
  if (!domain) throw new Error(`no domain ${link.host}`);
  const { key, depth } = parseSlug(link.slug, domain.value, link.match);
  const id = linkDocId(link.host, key, link.match);
  const before = await store.get('links', id);
  if (remove && before) await store.delete('links', id, before.version);
  else await put(store, 'links', id, link);
  await renew(store, link.host, (remove ? 0 : 1) - (before ? 1 : 0), link.match === 'prefix' ? depth : undefined);
}

async function put(store: Store, collection: string, id: string, value: object): Promise<void> {
  const before = await store.get(collection, id);
  if (before) await store.replace(collection, id, value, before.version);
  else await store.create(collection, id, value);
}

async function renew(store: Store, host: string, more: number, depth: number | undefined): Promise<void> {
  const state = (await store.get<DomainState>('domain-state', host))?.value ?? { links: 0, prefixDepths: {} };
  const prefixDepths = { ...state.prefixDepths };
  if (depth !== undefined && more !== 0) prefixDepths[depth] = (prefixDepths[depth] ?? 0) + more;
  await put(store, 'domain-state', host, { links: state.links + more, prefixDepths, nonce: systemIds.unique() });
}

export interface StartOptions {
  store: Store;
  queue?: Queue;
  clock?: Clock;
  env?: Record<string, string>;
}

export async function start({ store, queue, clock = systemClock, env = {} }: StartOptions): Promise<Instance> {
  const log = createKeptLog();
  const runtime = {
    config: loadConfig(env),
    store,
    queue: queue ?? createRecordingQueue(),
    log,
    clock,
    ids: systemIds,
    leases: () => Promise.reject(new Error('redirects holds no lease')),
    lta: () => Promise.reject(new Error('redirects asks LTA nothing')),
    blobs: () => Promise.reject(new Error('it keeps no blobs')),
    google: () => Promise.reject(new Error('it asks Google nothing')),
    prefix: '',
  };
  const instance = await create(runtime);
  if (instance.kind !== 'listener') throw new Error('redirects is a listener');
  const server = createServer(instance.listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    log,
    port,
    drain: async (withinMs) => instance.drain?.(withinMs),
    ask: (path, { method = 'GET', host = 'go.example', headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const sent = { host, 'user-agent': BROWSER, ...headers };
        const options = { port, host: '127.0.0.1', path, method, headers: sent, agent: false, timeout: 10_000 };
        const asking = request(options, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode = 0, headers: got } = response;
            resolve({ status: statusCode, headers: got, body: Buffer.concat(chunks).toString() });
          });
        });
        asking
          .on('error', reject)
          .on('timeout', () => asking.destroy(new Error('no answer')))
          .end();
      }),
    raw: async (bytes) => {
      const socket = connect(port, '127.0.0.1');
      socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
      socket.end(bytes, 'latin1');
      let text = '';
      for await (const chunk of socket.setEncoding('latin1')) text += chunk;
      return text;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
