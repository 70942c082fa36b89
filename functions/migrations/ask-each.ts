/** Asks several databases at a time, and waits for none of them longer than the rest of the answer may take. */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';

/** Connections at a time: one instance answers several requests, and databases have few connections to give. */
const AT_ONCE = 8;
/** In milliseconds; below the 55 s that a request has. */
const LOOK_MS = 20_000;

export type Outcome<R> = { found: R } | { error: unknown };

/** In the order of `items`; an error for each that failed, or had not answered in time. */
export async function askEach<T, R>(
  clock: Clock,
  items: readonly T[],
  ask: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<Outcome<R>[]> {
  const outcomes: Outcome<R>[] = [];
  const done = new AbortController();
  const ended = new AbortController();
  const late = clock.sleep(LOOK_MS, done.signal).then(
    () => {
      ended.abort(tooLate());
      return 'late' as const;
    },
    () => 'late' as const,
  );
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      const item = items[index] as T;
      const asked: Promise<Outcome<R>> = ended.signal.aborted
        ? Promise.resolve({ error: tooLate() })
        : ask(item, ended.signal).then(
            (found) => ({ found }),
            (error: unknown) => ({ error }),
          );
      const outcome = await Promise.race([asked, late]);
      outcomes[index] = outcome === 'late' ? { error: tooLate() } : outcome;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  done.abort();
  return outcomes;
}

function tooLate(): AppError {
  return new AppError('unavailable', `It did not answer within ${LOOK_MS / 1_000} s`);
}
