/** A store in this process's memory, for tests: the same promises as the others, gone with the process. */
import { requireExpectations, versionsAfter } from './expectations.ts';
import { compareIds, lowerBound, pageOf } from './order.ts';
import type { Doc, StoreDriver, Version } from './store.ts';
import { nameOf, prepareWrites, validateKeys, validateList } from './validate.ts';
import { orderFrom } from './version-order.ts';

interface Entry {
  collection: string;
  id: string;
  json: string;
  version: Version;
  expireAt: Date | undefined;
}

export function createMemoryDriver(): StoreDriver {
  const entries = new Map<string, Entry>();
  let lastVersion = 0;

  return {
    remote: false,
    async getMany<T>(collection: string, ids: readonly string[]) {
      validateKeys(collection, ids);
      return ids.map((id) => {
        const entry = entries.get(nameOf({ collection, id }));
        return entry && docOf<T>(entry);
      });
    },
    async list<T>(collection: string, options: Parameters<StoreDriver['list']>[1]) {
      validateList(collection, options);
      const from = lowerBound(options);
      const docs = [...entries.values()]
        .filter((entry) => entry.collection === collection && entry.id.startsWith(options.prefix ?? ''))
        .filter(({ id }) => compareIds(id, from.id) > (from.inclusive ? -1 : 0))
        .sort((a, b) => compareIds(a.id, b.id))
        .slice(0, options.limit + 1)
        .map((entry) => docOf<T>(entry));
      return pageOf(docs, options);
    },
    async commit(writes) {
      const prepared = prepareWrites(writes);
      requireExpectations(prepared, (write) => entries.get(nameOf(write))?.version);
      const version = String(++lastVersion);
      for (const write of prepared) {
        if (write.op === 'delete') entries.delete(nameOf(write));
        else if (write.op !== 'check') {
          const { collection, id, json, expireAt } = write;
          entries.set(nameOf(write), { collection, id, json, version, expireAt });
        }
      }
      return versionsAfter(prepared, version);
    },
    orderOf: (version) => orderFrom(Number(version), version),
    async check() {},
    async close() {},
  };
}

function docOf<T>({ id, json, version, expireAt }: Entry): Doc<T> {
  return { id, value: JSON.parse(json) as T, version, ...(expireAt && { expireAt: new Date(expireAt) }) };
}
