/** The time that a request has. Everything ends in its order before the platform cuts it off, and before a repetition would take the request over. */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';

/** Below the 120 s of the row in the manifest and of `idempotency`, both with time to clean up and to answer. In milliseconds from when the request came. */
const WORK_MS = 105_000;
export const ANSWER_MS = 115_000;

/** `startedAt`: when the request came, monotonic. The signal aborts with `unavailable`. */
export async function withinTime<T>(
  clock: Clock,
  startedAt: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  clock.sleep(Math.max(0, startedAt + WORK_MS - clock.mono()), done.signal).then(
    () => late.abort(new AppError('unavailable', `It was not done within ${WORK_MS / 1_000} s; a job has more time`)),
    () => undefined,
  );
  try {
    return await work(late.signal);
  } finally {
    done.abort();
  }
}
