/**
 * What one commit is going to change. Reads go through it: each document is read once and then looks as it will be, so that several changes
 * in one commit are judged on one another; what was read is what the commit expects to find.
 *
 * The list of domains is read before all else and a domain's revision before anything of that domain. Committing with checks on these two
 * therefore also covers what was found absent.
 */
import { isDeepStrictEqual } from 'node:util';
import { createLoopLookup, type LoopLookup } from '#shared/links/loops.ts';
import {
  type Doc,
  MAX_COMMIT_BYTES,
  MAX_WRITES,
  type Page,
  type Store,
  type Version,
  type Write,
} from '#shared/store/store.ts';

export interface ChangeSet {
  /** The store as it will be. */
  view: Pick<Store, 'get' | 'getMany'>;
  lookup: LoopLookup;
  set(collection: string, id: string, value: object): Promise<void>;
  remove(collection: string, id: string): Promise<void>;
  /** Makes the commit fail where a domain has another revision than this, or one that was not served is served now. */
  expect(states: ReadonlyMap<string, Version | undefined>): void;
  /** Whether another change might be more than one commit takes. */
  isFull(): boolean;
  /** Answers the new version of a document that was set; '' where nothing is to be written. Throws `conflict` where anything was changed since it was read. */
  commit(): Promise<(collection: string, id: string) => Version>;
}

interface Entry {
  collection: string;
  id: string;
  stored: Doc | undefined;
  /** Absent while the document is only read. */
  next?: { value: object | undefined };
}

/** The document that holds the revision of the list of domains. */
export const HOSTS = ['hosts', 'all'] as const;

export async function openChangeSet(store: Store): Promise<ChangeSet> {
  const entries = new Map<string, Entry>();
  const pages = new Map<string, Promise<Page>>();
  const expected = new Map<string, Version | undefined>();
  let bytes = 0;

  const read = async (collection: string, ids: readonly string[]): Promise<Entry[]> => {
    const missing = ids.filter((id) => !entries.has(`${collection}/${id}`));
    const docs = missing.length > 0 ? await store.getMany(collection, missing) : [];
    for (const [index, id] of missing.entries())
      if (!entries.has(`${collection}/${id}`))
        entries.set(`${collection}/${id}`, { collection, id, stored: docs[index] });
    return ids.map((id) => entries.get(`${collection}/${id}`) as Entry);
  };
  const seen = <T>({ id, stored, next }: Entry): Doc<T> | undefined => {
    if (!next) return stored as Doc<T> | undefined;
    return next.value && { id, value: next.value as T, version: stored?.version ?? '' };
  };
  const getMany = async <T>(collection: string, ids: readonly string[]) =>
    (await read(collection, ids)).map((entry) => seen<T>(entry));
  const get = async <T>(collection: string, id: string) => (await getMany<T>(collection, [id]))[0];

  const list = async <T>(collection: string, options: { prefix?: string; limit: number }): Promise<Page<T>> => {
    const { prefix = '' } = options;
    const key = `${collection}/${prefix}`;
    const page = pages.get(key) ?? store.list(collection, options);
    pages.set(key, page);
    const changed = [...entries.values()].filter(
      (entry) => entry.next && entry.collection === collection && entry.id.startsWith(prefix),
    );
    const ids = new Set(changed.map(({ id }) => id));
    const kept = (await page).docs.filter(({ id }) => !ids.has(id)) as Doc<T>[];
    return { docs: [...changed.flatMap((entry) => seen<T>(entry) ?? []), ...kept] };
  };

  const change = async (collection: string, id: string, value: object | undefined) => {
    const [entry] = await read(collection, [id]);
    if (entry) entry.next = { value };
    if (value) bytes += Buffer.byteLength(JSON.stringify(value));
  };
  const touched = (collection: string, id: string) => entries.get(`${collection}/${id}`)?.next !== undefined;

  /** The nearest domains first, as far as there is room: a change that hundreds of others lead to may miss an edit at the far end. */
  const checks = (room: number): Write[] => {
    const [collection, id] = HOSTS;
    const hosts = touched(collection, id) ? undefined : entries.get(`${collection}/${id}`)?.stored;
    const found: Write[] = hosts ? [{ op: 'check', collection, id, ifVersion: hosts.version }] : [];
    for (const [host, ifVersion] of expected)
      if (ifVersion !== undefined && !touched('domain-state', host))
        found.push({ op: 'check', collection: 'domain-state', id: host, ifVersion });
    return found.slice(0, room);
  };

  await get(...HOSTS);
  const stored = createLoopLookup({ ...store, get, getMany, list });
  const afterState =
    <T>(look: (host: string) => Promise<T>) =>
    async (host: string) => {
      await stored.state(host);
      return look(host);
    };

  return {
    view: { get, getMany },
    lookup: { ...stored, domain: afterState(stored.domain), into: afterState(stored.into) },
    set: change,
    remove: (collection, id) => change(collection, id, undefined),
    expect(states) {
      for (const [host, version] of states) expected.set(host, version);
    },
    isFull() {
      const touched = [...entries.values()].filter(({ next }) => next).length;
      return touched + expected.size > MAX_WRITES / 2 || bytes > MAX_COMMIT_BYTES / 2;
    },
    async commit() {
      const changes = [...entries.values()].flatMap(writeOf);
      const writes = changes.length > 0 ? [...changes, ...checks(MAX_WRITES - changes.length)] : [];
      const versions = writes.length > 0 ? await store.commit(writes) : [];
      const byPath = new Map(writes.map(({ collection, id }, index) => [`${collection}/${id}`, versions[index] ?? '']));
      return (collection, id) => byPath.get(`${collection}/${id}`) ?? '';
    },
  };
}

function writeOf({ collection, id, stored, next }: Entry): Write[] {
  if (!next || isDeepStrictEqual(next.value, stored?.value)) return [];
  if (!stored) return next.value ? [{ op: 'create', collection, id, value: next.value }] : [];
  const ifVersion = stored.version;
  return [
    next.value
      ? { op: 'replace', collection, id, value: next.value, ifVersion }
      : { op: 'delete', collection, id, ifVersion },
  ];
}
