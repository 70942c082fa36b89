/** Works on the items in their order, at most `lanes` of them at a time. Begins no more once the signal has aborted; after an error too, which it throws when those under way have ended. */
export async function inLanes<T>(
  items: Iterable<T>,
  { lanes, signal }: { lanes: number; signal?: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const lane = async () => {
    while (!failed && !signal?.aborted) {
      const next = rest.next();
      if (next.done) return;
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
