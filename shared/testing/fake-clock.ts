/** A clock that stands still until a test moves it. */
import type { Clock } from '../clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on and lets every sleeper that is due run, in order. */
  advance(ms: number): Promise<void>;
  /** How many sleeps are waiting. */
  readonly sleepers: number;
}

interface Sleeper {
  at: number;
  wake: () => void;
}

/** Both clocks start at `start` (milliseconds since the epoch) and 0. */
export function createFakeClock(start = Date.parse('2026-01-01T00:00:00Z')): FakeClock {
  let mono = 0;
  let waiting: Sleeper[] = [];
  return {
    now: () => start + mono,
    mono: () => mono,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const sleeper = { at: mono + ms, wake: resolve };
        waiting.push(sleeper);
        signal?.addEventListener(
          'abort',
          () => {
            waiting = waiting.filter((other) => other !== sleeper);
            reject(signal.reason as Error);
          },
          { once: true },
        );
      }),
    async advance(ms) {
      const end = mono + ms;
      for (;;) {
        const next = waiting.filter((sleeper) => sleeper.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        mono = Math.max(mono, next.at);
        waiting = waiting.filter((other) => other !== next);
        next.wake();
        await new Promise(setImmediate);
      }
      mono = end;
      await new Promise(setImmediate);
    },
    get sleepers() {
      return waiting.length;
    },
  };
}

/** Moves time on, a tenth of a second at a time, until the work has ended. */
export async function through<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let over = false;
  const ended = work.finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise(setImmediate);
    if (clock.sleepers > 0 && !over) await clock.advance(100);
  }
  return ended;
}
