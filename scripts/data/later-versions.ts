/** Whether the tokens of a store's terms will go on above those of the store that was left. */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Ids } from '#shared/ids.ts';
import type { Store } from '#shared/store/store.ts';

/** Where nobody was left to remove it. */
const KEPT_MS = 3_600_000;

/**
 * Versions keep up with a clock, in microseconds: SQLite's with that of its machine, Firestore's with Google's. One that was ahead of the other may have
 * given tokens which the new store has yet to reach; a database that was migrated under them would refuse every term until then. Throws
 * `unavailable`, with the time from which on it is possible.
 */
export async function requireLaterVersions(
  { store, clock, ids }: { store: Store; clock: Pick<Clock, 'now'>; ids: Ids },
  highestToken: number,
): Promise<void> {
  const [collection, id] = ['hawker-check', `import-${ids.unique()}`];
  const version = await store.create(collection, id, {}, { expireAt: new Date(clock.now() + KEPT_MS) });
  const order = store.orderOf(version);
  await store.delete(collection, id, version);
  if (order > highestToken) return;
  const from = new Date(Math.ceil(highestToken / 1_000) + 1_000).toISOString();
  throw new AppError(
    'unavailable',
    `the clock of this store is behind the tokens of the leases in the file, which must never go down; run the import again after ${from}. Nothing was written`,
  );
}
