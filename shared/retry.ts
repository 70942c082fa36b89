/** Bounded retries with full jitter. */
import type { Clock } from './clock.ts';
import { isRetryable } from './errors.ts';
import type { Ids } from './ids.ts';

export interface RetryOptions {
  clock: Clock;
  ids: Ids;
  /** How often to try in all, the first time included. */
  attempts: number;
  /** The ceiling of the first wait in milliseconds; it doubles with each attempt. */
  baseMs: number;
  /** The ceiling of any wait in milliseconds. */
  maxMs: number;
  signal?: AbortSignal;
  /** Whether this error is worth another attempt; `retryable` of the error by default. */
  when?: (error: unknown) => boolean;
}

/** The wait before attempt `attempt` + 1 (attempt counts from 1): uniform in [0, min(maxMs, baseMs * 2^(attempt-1))). */
export function backoffMs(attempt: number, options: Pick<RetryOptions, 'baseMs' | 'maxMs' | 'ids'>): number {
  return options.ids.random() * Math.min(options.maxMs, options.baseMs * 2 ** (attempt - 1));
}

/** Runs `work` until it succeeds, throws something not worth repeating, or the attempts are used up; then throws the last error. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const when = options.when ?? isRetryable;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= options.attempts || !when(error)) throw error;
      await options.clock.sleep(backoffMs(attempt, options), options.signal);
    }
  }
}
