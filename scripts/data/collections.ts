/**
 * Which collections move from one store to another, and what cannot move as it is.
 *
 * | collection | moves |
 * |---|---|
 * | `leases` | not at all: whoever holds a lease holds it in the store that was left, so in the new one every lease is free |
 * | `lease-terms` | as free leases, so that terms are counted on. One that is there stays: its version is what fences the term that runs |
 * | `lease-fences` | with the higher token of both, whatever was asked for: a token that was refused once is refused for ever |
 * | `inbox`, `idempotency`, `schedule-firings`, `outbox` | as they are: what took effect before must not take effect again |
 * | all others of the manifest | as they are |
 *
 * Tokens themselves are versions, and those of the new store are its own. Databases that were migrated remember the highest token they have seen, so the
 * file carries the highest of all terms, and an import begins only where the store's versions have passed it.
 *
 * What the queue holds and the blobs do not move: events that wait are delivered, and images fetched, where they are.
 */
import type { FunctionRow } from '#shared/define.ts';
import type { JsonObject } from '#shared/store/store.ts';

export const TERMS = 'lease-terms';
const FENCES = 'lease-fences';
/** The second is written and removed again by whoever looks whether a store can be written. */
const LEFT_BEHIND: readonly string[] = ['leases', 'hawker-check'];

export const isLeftBehind = (collection: string) => LEFT_BEHIND.includes(collection);

/** In the order in which they are written: that of their bytes. */
export function movedCollections(rows: readonly Pick<FunctionRow, 'store'>[]): string[] {
  const all = new Set(rows.flatMap(({ store }) => Object.keys(store)));
  return [...all].filter((name) => !isLeftBehind(name)).sort();
}

/** What of a document goes into the file. */
export function exportedValue(collection: string, value: JsonObject): JsonObject {
  if (collection !== TERMS) return value;
  const { fence: _fence, successor: _successor, ...rest } = value;
  return { ...rest, holder: '' };
}

/** What becomes of a document that is there and differs; undefined where that is for the one who imports to say. */
export function settledByRule(
  collection: string,
  there: JsonObject,
  wanted: JsonObject,
): 'keep' | 'replace' | undefined {
  if (collection === TERMS) return 'keep';
  if (collection !== FENCES) return undefined;
  return tokenOf(there) >= tokenOf(wanted) ? 'keep' : 'replace';
}

function tokenOf({ token }: JsonObject): number {
  return typeof token === 'number' ? token : 0;
}
