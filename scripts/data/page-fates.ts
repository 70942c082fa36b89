/** What becomes of a page of documents in the store that they are to be in. */
import { isDeepStrictEqual } from 'node:util';
import { type Doc, MAX_COMMIT_BYTES, MAX_WRITES, type Store, type Write } from '#shared/store/store.ts';
import { settledByRule } from './collections.ts';
import type { Moved } from './file-format.ts';

/** What to do with a document that is there and differs. */
export type Policy = 'refuse' | 'keep' | 'replace';

/** `same`: it is there already. `keep`: another is there and stays. `expired`: its time is over, so it need not come. */
export const FATES = ['create', 'same', 'replace', 'keep', 'expired', 'refuse'] as const;
export type Fate = (typeof FATES)[number];

interface Given {
  policy: Policy;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Documents of one collection, as many as one commit may write. */
export async function* pagesOf(documents: AsyncIterable<{ document: Moved; bytes: number }>): AsyncGenerator<Moved[]> {
  let page: Moved[] = [];
  let weight = 0;
  for await (const { document, bytes } of documents) {
    const full = page.length === MAX_WRITES || weight + bytes > MAX_COMMIT_BYTES;
    if (page.length > 0 && (full || page[0]?.collection !== document.collection)) {
      yield page;
      page = [];
      weight = 0;
    }
    page.push(document);
    weight += bytes;
  }
  if (page.length > 0) yield page;
}

/** Only looks. In the order of `page`. */
export async function fatesOf(store: Store, page: readonly Moved[], given: Given): Promise<Fate[]> {
  return (await lookUp(store, page)).map((doc, index) => fateOf(page[index], doc, given));
}

/** Writes what is to be written, in one commit. Throws `conflict` where somebody else writes the same documents. */
export async function writePage(store: Store, page: readonly Moved[], given: Given): Promise<Fate[]> {
  const found = await lookUp(store, page);
  const fates = found.map((doc, index) => fateOf(page[index], doc, given));
  const writes = page.flatMap((document, index): Write[] => {
    if (fates[index] === 'create') return [{ op: 'create', ...document }];
    const doc = found[index];
    return fates[index] === 'replace' && doc ? [{ op: 'replace', ...document, ifVersion: doc.version }] : [];
  });
  if (writes.length > 0) await store.commit(writes);
  return fates;
}

function lookUp(store: Store, page: readonly Moved[]): Promise<(Doc | undefined)[]> {
  const ids = page.map(({ id }) => id);
  return store.getMany(page[0]?.collection ?? '', ids);
}

function fateOf(wanted: Moved | undefined, there: Doc | undefined, { policy, now }: Given): Fate {
  if (!wanted || (wanted.expireAt && wanted.expireAt.getTime() <= now)) return 'expired';
  if (!there) return 'create';
  const sameTime = there.expireAt?.getTime() === wanted.expireAt?.getTime();
  if (sameTime && isDeepStrictEqual(there.value, wanted.value)) return 'same';
  return settledByRule(wanted.collection, there.value, wanted.value) ?? policy;
}
