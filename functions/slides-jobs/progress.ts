/** Writes how far the images of a job are into its record, not more often than once a second. It is news and no more: what cannot be written is left out. */
import type { Runtime } from '#shared/define.ts';
import type { Jobs } from '#shared/slides/job.ts';
import { hasEnded } from '#shared/slides/jobs.ts';
import type { ImageOutcome } from '#shared/slides/outcome.ts';

const LEAST_MS = 1_000;

export interface Progress {
  tell(images: readonly ImageOutcome[]): void;
  /** Resolves when it writes no more. */
  stop(): Promise<void>;
}

export interface ProgressOptions extends Pick<Runtime, 'clock' | 'log'> {
  jobs: Jobs;
}

export function createProgress(job: string, { jobs, clock, log }: ProgressOptions): Progress {
  const stopped = new AbortController();
  let latest: readonly ImageOutcome[] | undefined;
  /** Told last: what is written must not fall behind what somebody else has written of the same images meanwhile. */
  let newest: readonly ImageOutcome[] = [];
  let writing: Promise<void> | undefined;

  async function writeOn(): Promise<void> {
    while (latest && !stopped.signal.aborted) {
      latest = undefined;
      await jobs
        .update(job, (record) => (hasEnded(record) ? undefined : { ...record, images: [...newest] }))
        .catch((error: unknown) => log.warn('the progress of a job could not be noted', { job, error }));
      await clock.sleep(LEAST_MS, stopped.signal).catch(() => undefined);
    }
    writing = undefined;
  }

  return {
    tell(images) {
      latest = images;
      newest = images;
      writing ??= writeOn();
    },
    async stop() {
      stopped.abort();
      await writing;
    },
  };
}
