/** Counts and sums up a file's documents, collection by collection, while they go by. */
import { createHash, type Hash } from 'node:crypto';
import { compareIds } from '#shared/store/order.ts';
import type { Moved, Trailer } from './file-format.ts';

export interface Checksums {
  /** `line` with its line feed. False where the document does not come behind the one before. */
  add(document: Pick<Moved, 'collection' | 'id'>, line: Buffer): boolean;
  /** The document that was added last. */
  last(): Pick<Moved, 'collection' | 'id'> | undefined;
  /** All collections of the file, also those without a document. */
  sums(): Trailer['collections'];
}

/** `collections` in the order in which they come. */
export function createChecksums(collections: readonly string[]): Checksums {
  const found = new Map<string, { documents: number; hash: Hash }>(
    collections.map((name) => [name, { documents: 0, hash: createHash('sha256') }]),
  );
  const places = new Map(collections.map((name, place) => [name, place]));
  let last: Pick<Moved, 'collection' | 'id'> | undefined;
  return {
    add({ collection, id }, line) {
      const of = found.get(collection);
      if (!of || (last && !follows(last, { collection, id }, places))) return false;
      of.documents++;
      of.hash.update(line);
      last = { collection, id };
      return true;
    },
    last: () => last,
    sums: () =>
      Object.fromEntries(
        [...found].map(([name, { documents, hash }]) => [name, { documents, sha256: hash.copy().digest('hex') }]),
      ),
  };
}

type Place = Pick<Moved, 'collection' | 'id'>;

function follows(before: Place, after: Place, places: ReadonlyMap<string, number>): boolean {
  const [from = 0, to = 0] = [places.get(before.collection), places.get(after.collection)];
  return from === to ? compareIds(after.id, before.id) > 0 : to > from;
}
