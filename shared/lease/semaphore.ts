/** Several leases of which each taker needs one. */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Held, Lease, Semaphore } from './lease.ts';

interface SemaphoreParts {
  name: string;
  slots: readonly Lease[];
  /** Between two rounds of one who waits, about, in milliseconds. */
  pollMs: number;
  clock: Clock;
  ids: Ids;
  /** Ends what waits. */
  closing: AbortSignal;
}

export function createSemaphore({ name, slots, pollMs, clock, ids, closing }: SemaphoreParts): Semaphore {
  /** From a slot at random on, so that takers do not all try the same one. */
  async function tryAcquire(): Promise<Held | undefined> {
    const first = Math.floor(ids.random() * slots.length);
    for (const slot of [...slots.slice(first), ...slots.slice(0, first)]) {
      const held = await slot.tryAcquire();
      if (held) return held;
    }
    return undefined;
  }

  return {
    tryAcquire,
    async acquire({ wait, signal }) {
      const end = clock.mono() + wait;
      const stop = signal ? AbortSignal.any([signal, closing]) : closing;
      for (;;) {
        stop.throwIfAborted();
        let trouble: AppError | undefined;
        const held = await tryAcquire().catch((error: unknown) => {
          // As for who waits for one lease, what does not answer now may answer before the wait is over.
          if (!isAppError(error, 'unavailable')) throw error;
          trouble = error;
          return undefined;
        });
        if (held && stop.aborted) await held.release();
        else if (held) return held;
        stop.throwIfAborted();
        const left = end - clock.mono();
        if (left <= 0) throw trouble ?? new AppError('lease_held', `all ${slots.length} slots of "${name}" are taken`);
        await clock.sleep(Math.min(left, pollMs * (0.9 + 0.2 * ids.random())), stop);
      }
    },
  };
}
