/** How often one identity may write: Slides counts writes by the minute and by the person. */
import type { Clock } from '../clock.ts';
import { unlessAborted } from '../unless-aborted.ts';

/** https://developers.google.com/workspace/slides/api/limits: write requests per minute, per user and project. */
const WRITES_A_MINUTE = 60;
const MINUTE_MS = 60_000;

export interface WritePace {
  /** Resolves when one may write, in the order in which it was asked; rejects with the signal's reason, and then the turn is the next one's. */
  turn(signal: AbortSignal): Promise<void>;
  /** In how many milliseconds a turn would come if nobody waited; 0 where it would now. */
  waitMs(): number;
  /** How many turns could be given at once now. */
  left(): number;
}

/**
 * In any 60 seconds at most 60 turns are given. The times of the last 60 are kept rather than a bucket that fills up: with it, a full bucket and what
 * drips in meanwhile would be more than 60 in the first minute.
 */
export function createWritePace(clock: Clock): WritePace {
  const given: number[] = [];
  let tail: Promise<void> = Promise.resolve();

  const waitMs = () => {
    const oldest = given.length < WRITES_A_MINUTE ? undefined : given[0];
    return oldest === undefined ? 0 : Math.max(0, oldest + MINUTE_MS - clock.mono());
  };

  return {
    waitMs,
    left: () => WRITES_A_MINUTE - given.filter((at) => clock.mono() - at < MINUTE_MS).length,
    async turn(signal) {
      const ahead = tail;
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      // Who gives up leaves only after those ahead, so that nobody behind overtakes them.
      tail = ahead.then(() => left);
      try {
        await unlessAborted(ahead, signal);
        for (let wait = waitMs(); wait > 0; wait = waitMs()) await clock.sleep(wait, signal);
        given.push(clock.mono());
        if (given.length > WRITES_A_MINUTE) given.shift();
      } finally {
        leave();
      }
    },
  };
}
