/**
 * Makes many small writes into one transaction: whoever adds an item gets a promise that resolves when the transaction that holds it has
 * committed. After a quiet spell that is at the end of the event loop's turn; while items keep coming, at most every PACE_MS, since a
 * commit costs about as much as twenty rows and a turn under load brings fewer.
 *
 * A write that fails is tried again until its items have waited GIVE_UP_MS; then they are rejected with the last error. What was added
 * meanwhile waits behind them, so the order of the items is the order on disk, and the memory held is bounded in time.
 */
import type { Clock } from '../clock.ts';

/** More than this would hold up the event loop for too long at a stretch. */
const ITEMS_PER_TRANSACTION = 500;
const PACE_MS = 20;
const RETRY_MS = 100;
const GIVE_UP_MS = 2_000;

export interface GroupCommit<T> {
  /** Rejects with what `write` threw last. The items of one transaction share one promise. */
  add(item: T): Promise<void>;
  /** Tries to write what waits until `withinMs` have passed; rejects what could not be written and answers how many items that were. */
  flush(withinMs: number): Promise<number>;
}

interface Group<T> {
  items: T[];
  since: number;
  settled: PromiseWithResolvers<void>;
}

/** `write` puts all items into one transaction or throws. */
export function createGroupCommit<T>(write: (items: readonly T[]) => void, clock: Clock): GroupCommit<T> {
  const groups: Group<T>[] = [];
  let scheduled = false;
  let retrying: NodeJS.Timeout | undefined;
  let committedAt = Number.NEGATIVE_INFINITY;

  const schedule = () => {
    if (scheduled || retrying) return;
    scheduled = true;
    const begin = () => {
      scheduled = false;
      turn();
    };
    const wait = committedAt + PACE_MS - clock.mono();
    if (wait > 0) setTimeout(begin, wait);
    else setImmediate(begin);
  };

  const turn = () => {
    const group = groups[0];
    if (!group) return;
    try {
      write(group.items);
    } catch (error) {
      rejectSince(clock.mono() - GIVE_UP_MS, error);
      if (groups.length > 0) retryLater();
      return;
    }
    groups.shift();
    group.settled.resolve();
    // A full group behind this one has waited long enough.
    committedAt = groups.length > 0 ? Number.NEGATIVE_INFINITY : clock.mono();
    if (groups.length > 0) schedule();
  };

  const retryLater = () => {
    retrying = setTimeout(() => {
      retrying = undefined;
      turn();
    }, RETRY_MS);
  };

  /** Gives up on the groups begun at or before `since`; answers how many items they held. */
  const rejectSince = (since: number, error: unknown): number => {
    let items = 0;
    while (groups[0] && groups[0].since <= since) {
      items += groups[0].items.length;
      groups.shift()?.settled.reject(error);
    }
    return items;
  };

  return {
    add(item) {
      let group = groups.at(-1);
      // A group that failed may be tried again with more in it: nothing of it is on disk.
      if (!group || group.items.length >= ITEMS_PER_TRANSACTION) {
        group = { items: [], since: clock.mono(), settled: Promise.withResolvers() };
        groups.push(group);
        schedule();
      }
      group.items.push(item);
      return group.settled.promise;
    },

    async flush(withinMs) {
      const deadline = clock.mono() + withinMs;
      clearTimeout(retrying);
      retrying = undefined;
      for (;;) {
        try {
          for (let group = groups[0]; group; group = groups[0]) {
            write(group.items);
            groups.shift();
            group.settled.resolve();
          }
          return 0;
        } catch (error) {
          if (clock.mono() + RETRY_MS >= deadline) return rejectSince(Number.POSITIVE_INFINITY, error);
        }
        await clock.sleep(RETRY_MS);
      }
    },
  };
}
