/** Work of somebody else's code that knows no time limit. */
import type { Clock } from '../clock.ts';
import { unlessAborted } from '../unless-aborted.ts';

/** Rejects with `late()` after `ms`, and aborts the signal; work that does not heed it goes on, and nobody hears of it. */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, clock, late }: { ms: number; clock: Clock; late: () => Error },
): Promise<T> {
  const limit = new AbortController();
  const done = new AbortController();
  clock.sleep(ms, done.signal).then(
    () => limit.abort(late()),
    () => undefined,
  );
  try {
    return await unlessAborted(work(limit.signal), limit.signal);
  } finally {
    done.abort();
  }
}
