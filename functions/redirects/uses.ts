/**
 * Click limits, exact over any number of instances: each use is a compare-and-set on the link's one counter, never a count kept here.
 * Visitors of this instance who come at the same moment share one write, so a hot link costs a few writes a second, not one each.
 */
import type { Clock } from '#shared/clock.ts';
import { isAppError } from '#shared/errors.ts';
import type { Ids } from '#shared/ids.ts';
import type { LinkUses } from '#shared/links/records.ts';
import { createRecentlyUsed } from '#shared/recently-used.ts';
import { retry } from '#shared/retry.ts';
import type { Store, Version } from '#shared/store/store.ts';
import { runOutOfScope } from '#shared/telemetry/scope.ts';
import { inTime } from './in-time.ts';

/** Errors of both: `unavailable`, `outcome_unknown`, `conflict` where other instances were faster every time. */
export interface Uses {
  /** Uses the link once; false where the limit is reached. */
  take(linkId: string, limit: number): Promise<boolean>;
  /** Whether the limit is reached, as known at most FRESH_MS ago. */
  usedUp(linkId: string, limit: number): Promise<boolean>;
}

interface Waiting {
  limit: number;
  resolve: (taken: boolean) => void;
  reject: (error: unknown) => void;
}

interface Counter {
  used: number;
  version: Version | undefined;
  /** Monotonic milliseconds of the last look at the document; -Infinity where what is here may be wrong. */
  seenAt: number;
  waiting: Waiting[];
  taking: boolean;
}

const FRESH_MS = 500;

export function createUses(store: Store, clock: Clock, ids: Ids): Uses {
  const counters = createRecentlyUsed<Counter>(10_000);

  const counterOf = (linkId: string): Counter => {
    let counter = counters.get(linkId);
    if (!counter) {
      counter = { used: 0, version: undefined, seenAt: -Infinity, waiting: [], taking: false };
      counters.set(linkId, counter);
    }
    return counter;
  };

  const look = async (linkId: string, counter: Counter): Promise<void> => {
    const now = clock.mono();
    const doc = await inTime(store.get<LinkUses>('link-uses', linkId), clock);
    counter.used = doc?.value.used ?? 0;
    counter.version = doc?.version;
    counter.seenAt = now;
  };

  const isFresh = (counter: Counter) => clock.mono() - counter.seenAt < FRESH_MS;

  /** One write for all who wait; answers who of them got a use, in their order. */
  const takeFor = async (linkId: string, counter: Counter, batch: readonly Waiting[]): Promise<boolean[]> => {
    if (counter.seenAt === -Infinity) await look(linkId, counter);
    let granted = grant(counter.used, batch);
    if (!granted.includes(true) && !isFresh(counter)) {
      await look(linkId, counter);
      granted = grant(counter.used, batch);
    }
    const taken = granted.filter(Boolean).length;
    if (taken === 0) return granted;
    const value = { used: counter.used + taken };
    const { version } = counter;
    counter.seenAt = -Infinity;
    counter.version = await inTime(
      version === undefined
        ? store.create('link-uses', linkId, value)
        : store.replace('link-uses', linkId, value, version),
      clock,
    );
    counter.used = value.used;
    counter.seenAt = clock.mono();
    return granted;
  };

  const serve = async (linkId: string, counter: Counter): Promise<void> => {
    counter.taking = true;
    while (counter.waiting.length > 0) {
      const batch = counter.waiting.splice(0);
      try {
        const options = {
          clock,
          ids,
          attempts: 30,
          baseMs: 5,
          maxMs: 150,
          when: (error: unknown) => isAppError(error, 'conflict'),
        };
        const granted = await retry(() => takeFor(linkId, counter, batch), options);
        batch.forEach(({ resolve }, index) => {
          resolve(granted[index] === true);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    counter.taking = false;
  };

  return {
    take: (linkId, limit) =>
      new Promise((resolve, reject) => {
        const counter = counterOf(linkId);
        counter.waiting.push({ limit, resolve, reject });
        // It goes on for whoever comes while it runs, not for this request alone.
        if (!counter.taking) void runOutOfScope(() => serve(linkId, counter));
      }),
    async usedUp(linkId, limit) {
      const counter = counterOf(linkId);
      if (!isFresh(counter) && !counter.taking) await look(linkId, counter);
      return counter.used >= limit;
    },
  };
}

/** First come, first served: who still finds a use under their limit. */
function grant(used: number, batch: readonly Waiting[]): boolean[] {
  let next = used;
  return batch.map(({ limit }) => {
    if (next >= limit) return false;
    next++;
    return true;
  });
}
