/** Lets a few in at a time, the others in the order in which they came. */
import { unlessAborted } from '../unless-aborted.ts';

/** Rejects with the signal's reason as soon as it aborts. Work that has begun then keeps its place until it has ended: a picture that is being decoded cannot be stopped. */
export type Gate = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export function createGate(places: number): Gate {
  let free = places;
  const waiting = new Set<() => void>();

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    try {
      await unlessAborted(promise, signal);
    } catch (error) {
      // The place may have been handed over in the same moment.
      if (!waiting.delete(resolve)) leave();
      throw error;
    }
  }

  function leave(): void {
    const [next] = waiting;
    if (!next) {
      free++;
      return;
    }
    waiting.delete(next);
    next();
  }

  return async (work, signal) => {
    await enter(signal);
    return unlessAborted(Promise.try(work).finally(leave), signal);
  };
}
