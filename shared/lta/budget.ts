/** How many calls may be made: spread over a minute, with room for a few at once. */
import type { Clock } from '../clock.ts';

/**
 * A bucket that holds a quarter of a minute's calls, at least one, and is full at first. Each call takes one out; they come back one by one, evenly, until it is full.
 *
 * In any 60 seconds at most `callsPerMinute` calls are taken, not only on average: a bucket of `size` that gives one back every `gap` milliseconds lets
 * `size + n` calls pass in no less than `n * gap`, and `gap` is a minute divided by `callsPerMinute + 1 - size`, rounded up. So one call more than a
 * minute allows takes a minute at least. The price of the quarter at once is a quarter of the whole: who takes all the time gets some three quarters of
 * `callsPerMinute`.
 */
export interface Budget {
  /** Takes one call; false where none is left, and then nothing changes. */
  take(): boolean;
  /** In how many milliseconds `take` would succeed, if nobody else takes; 0 where it would now. */
  waitMs(): number;
  /** How many calls could be taken at once now. */
  left(): number;
  /** Of which any 60 seconds see at most so many. */
  readonly callsPerMinute: number;
}

const MINUTE_MS = 60_000;

export interface BudgetOptions {
  clock: Pick<Clock, 'mono'>;
  /** Rounded down; 1 where it is less. */
  callsPerMinute: number;
}

export function createBudget({ clock, callsPerMinute: wanted }: BudgetOptions): Budget {
  const callsPerMinute = Math.max(1, Math.floor(wanted));
  const size = Math.ceil(callsPerMinute / 4);
  const gap = Math.ceil(MINUTE_MS / (callsPerMinute + 1 - size));
  /** When it is full again: one number is the whole bucket, so nothing has to be filled as time goes by. */
  let fullAt = clock.mono();

  const waitMs = () => Math.max(0, fullAt - (size - 1) * gap - clock.mono());

  return {
    callsPerMinute,
    waitMs,
    take() {
      if (waitMs() > 0) return false;
      fullAt = Math.max(fullAt, clock.mono()) + gap;
      return true;
    },
    left: () => Math.floor(size - Math.max(0, fullAt - clock.mono()) / gap),
  };
}
