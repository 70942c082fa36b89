/** One firing: the blobs that are overdue, the oldest first. */
import { blobExpiry, isBlobName } from '#shared/blobs/blobs.ts';
import type { Runtime, ScheduleFunction } from '#shared/define.ts';

const PAGE = 200;
/** Names looked at in one firing; the next one goes on. Deleting each takes some 30 ms in Cloud Storage, and a firing has two minutes. */
const MOST_NAMES = 2_000;

export function createSweep({
  blobs: open,
  clock,
  log,
}: Pick<Runtime, 'blobs' | 'clock' | 'log'>): Required<Pick<ScheduleFunction, 'idle' | 'run'>> {
  const isDue = (name: string) => blobExpiry(name) <= clock.now();

  return {
    async idle() {
      const [first] = await (await open()).list(undefined, 1);
      // Of a name that is none of ours nothing follows.
      return first === undefined || (isBlobName(first) && !isDue(first));
    },

    async run({ held, signal }) {
      const blobs = await open();
      let removed = 0;
      try {
        for (let after: string | undefined, seen = 0; seen < MOST_NAMES; seen += PAGE) {
          const names: string[] = await blobs.list(after, PAGE, { signal });
          const ours = names.filter(isBlobName);
          for (const name of ours.filter(isDue)) {
            signal.throwIfAborted();
            held.assert();
            await blobs.delete(name, { signal });
            removed += 1;
          }
          after = names.at(-1);
          // In order of time, so what follows is not due either.
          if (names.length < PAGE || !ours.every(isDue)) break;
        }
      } finally {
        if (removed > 0) log.info('blobs that had no use any more were removed', { removed });
      }
      return [];
    },
  };
}
