/** What a path costs that nobody asked for before, in documents read from the store: counted, so that no machine is too slow or too fast for it. */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import createRedirects from '#functions/redirects/index.ts';
import type { Store } from '#shared/store/store.ts';
import { openEmbedded, prepareLinks } from './data.ts';
import { HEADERS } from './load.ts';
import type { Figure, Workplace } from './part.ts';

export async function coldKey({ folder }: Workplace): Promise<Figure[]> {
  await prepareLinks(folder, 3);
  await using runtime = await openEmbedded(folder);
  const { store, taken } = counting(runtime.store);
  const redirects = await createRedirects({ ...runtime, store });
  if (redirects.kind !== 'listener') throw new Error('redirects has no server of its own');
  const server = createServer(redirects.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string): Promise<string> => {
    taken();
    const [response] = await once(get({ port, path, headers: HEADERS, agent: false }), 'response');
    await once(response.resume(), 'end');
    if (response.statusCode !== 302) throw new Error(`${path}: ${response.statusCode}`);
    return taken();
  };
  try {
    const first = await ask('/item-0');
    const next = await ask('/item-1');
    const warm = await ask('/item-1');
    return [
      { what: 'first link of a domain this instance does not know', measured: first },
      { what: 'first request to another link of a known domain', measured: next },
      { what: 'the same link again', measured: warm },
    ];
  } finally {
    server.close();
    await redirects.drain?.(2_000);
  }
}

/** The store with its reads counted; `taken` answers what was read since it was last asked. */
function counting(store: Store): { store: Store; taken: () => string } {
  let calls = 0;
  let documents = new Map<string, number>();
  const count = (collection: string, found: number) => {
    calls++;
    documents.set(collection, (documents.get(collection) ?? 0) + found);
  };
  return {
    store: {
      ...store,
      get(collection, id) {
        count(collection, 1);
        return store.get(collection, id);
      },
      getMany(collection, ids) {
        count(collection, ids.length);
        return store.getMany(collection, ids);
      },
      async list(collection, options) {
        const page = await store.list<never>(collection, options);
        count(collection, page.docs.length);
        return page;
      },
    },
    taken() {
      const each = [...documents].map(([collection, found]) => `${found} ${collection}`).join(', ');
      const text = calls === 0 ? 'no read' : `${calls} ${calls === 1 ? 'read' : 'reads'} (${each})`;
      calls = 0;
      documents = new Map();
      return text;
    },
  };
}
