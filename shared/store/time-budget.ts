/** One call's time, shared out among its attempts: each gets half of what is left, so that there is always a rest to find out what happened. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import { backoffMs } from '../retry.ts';

export interface TimeBudget {
  /** Milliseconds for the next attempt, at least 1. */
  share(): number;
  /** Rejects with `unavailable` when `work` has not ended before the time has. */
  limit<T>(work: Promise<T>): Promise<T>;
  /** Waits before another attempt; false, at once, when too little is left for one. */
  pause(): Promise<boolean>;
}

/** Below this much, in milliseconds, another attempt is not worth its while. */
const LEAST_MS = 100;

export function createTimeBudget({ clock, ids, ms }: { clock: Clock; ids: Ids; ms: number }): TimeBudget {
  const end = clock.mono() + ms;
  const left = () => end - clock.mono();
  let attempt = 0;
  return {
    share: () => Math.max(1, Math.floor(left() / 2)),
    async limit(work) {
      const done = new AbortController();
      const late = clock.sleep(left(), done.signal).then(() => {
        throw new AppError('unavailable', `no connection within ${ms} ms`);
      });
      try {
        return await Promise.race([work, late]);
      } finally {
        late.catch(() => {});
        done.abort();
      }
    },
    async pause() {
      const wait = backoffMs(++attempt, { baseMs: 50, maxMs: 500, ids });
      if (left() - wait < LEAST_MS) return false;
      await clock.sleep(wait);
      return true;
    },
  };
}
