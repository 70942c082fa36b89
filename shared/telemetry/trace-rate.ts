/**
 * Which invocations begin a trace that is recorded: so many a second, whoever asks for it.
 *
 * A bucket that holds a second's worth and fills steadily, by the monotonic clock. A public request that says it is part of a sampled trace counts like any other, since
 * anybody may say so; one that says its trace is not sampled is believed, as its trace would have a hole.
 */
import type { Clock } from '../clock.ts';
import type { TraceContext } from './trace-context.ts';

export interface TraceRate {
  /** Answers whether it is recorded. `must`: whatever the rate; it takes nothing from the others. */
  admit(parent: TraceContext | undefined, must: boolean): boolean;
  /** Whether one without a parent would be admitted just now. */
  due(now?: number): boolean;
}

/** `perSecond`: 0 records only what must be. */
export function createTraceRate(perSecond: number, clock: Pick<Clock, 'mono'>): TraceRate {
  let left = perSecond;
  let filledAt = clock.mono();
  const fill = (now: number) => Math.min(perSecond, left + ((now - filledAt) / 1_000) * perSecond);
  return {
    admit(parent, must) {
      if (must) return true;
      if (parent && !parent.sampled) return false;
      const now = clock.mono();
      left = fill(now);
      filledAt = now;
      if (left < 1) return false;
      left--;
      return true;
    },
    due: (now = clock.mono()) => fill(now) >= 1,
  };
}
