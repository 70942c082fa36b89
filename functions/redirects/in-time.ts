/** Bounds on what is waited for while a visitor waits. */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';

/** The longest wait for the store, and for the queue where an answer waits for it, in milliseconds. */
export const MOST_WAIT_MS = 2_000;

/** What `work` answers; AppError `unavailable` where it takes longer than MOST_WAIT_MS. It goes on unheard then. */
export async function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  const over = new AbortController();
  const tooLong = clock.sleep(MOST_WAIT_MS, over.signal).then(
    () => Promise.reject(new AppError('unavailable', `the store did not answer within ${MOST_WAIT_MS} ms`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    over.abort();
  }
}
