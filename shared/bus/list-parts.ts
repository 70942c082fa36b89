/** Cuts a list into parts, and names them by what is in them. */
import { createHash } from 'node:crypto';
import { LIST_NAMES, type ListName, PART_PREFIX, type PartNames } from './list-records.ts';

/** A part that is to be written. */
export interface Part {
  id: string;
  list: ListName;
  rows: unknown[];
}

/** Of a part's value as JSON text. Firestore takes documents up to 1 MiB. */
export const PART_BYTES = 700_000;
/** More than what is around the rows in a part. */
const HEAD_BYTES = 200;

/** Cuts rows into parts, as few as there can be in their order. */
export function partsOf(list: ListName, rows: readonly unknown[]): Part[] {
  const parts: Part[] = [];
  let taken: unknown[] = [];
  let bytes = 0;
  const end = () => {
    if (taken.length > 0) parts.push({ id: partId(list, taken), list, rows: taken });
    taken = [];
    bytes = 0;
  };
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row)) + 1;
    if (bytes + size > PART_BYTES - HEAD_BYTES) end();
    taken.push(row);
    bytes += size;
  }
  end();
  return parts;
}

function partId(list: ListName, rows: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify([list, rows]));
  return `${PART_PREFIX}${hash.digest('hex')}`;
}

/** The same for the same parts. */
export function versionOf(parts: PartNames): string {
  const named = LIST_NAMES.map((list) => parts[list] ?? null);
  return createHash('sha256').update(JSON.stringify(named)).digest('hex').slice(0, 16);
}
