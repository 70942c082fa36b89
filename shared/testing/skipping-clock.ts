/** A clock on which nobody waits: a sleep ends at once, and the time it would have taken has passed. */
import type { Clock } from '../clock.ts';

export interface SkippingClock extends Clock {
  /** Every sleep so far, in milliseconds. */
  readonly sleeps: number[];
}

/** Both clocks start at `start` (milliseconds since the epoch) and 0. */
export function createSkippingClock(start = Date.parse('2026-01-01T00:00:00Z')): SkippingClock {
  const sleeps: number[] = [];
  let mono = 0;
  return {
    sleeps,
    now: () => start + mono,
    mono: () => mono,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleeps.push(ms);
      mono += ms;
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    },
  };
}
