/** One queued job, from its record to its end. */

import type { Blobs } from '#shared/blobs/blobs.ts';
import type { Runtime } from '#shared/define.ts';
import { AppError, isAppError, isRetryable } from '#shared/errors.ts';
import type { Inbox } from '#shared/events/inbox.ts';
import type { EventHandler } from '#shared/queue/queue.ts';
import { type JobRecord, type Kept, REPLACED_KEPT_MS, type Work } from '#shared/slides/job.ts';
import { hasEnded, type JobRecords } from '#shared/slides/jobs.ts';
import { noteJob } from '#shared/slides/note-job.ts';
import type { ImageOutcome } from '#shared/slides/outcome.ts';
import { removeBlob } from '#shared/slides/passing.ts';
import { createProgress } from './progress.ts';
import { parseJob } from './schema.ts';

/** Longer than the ack deadline, which is 180 s. */
const LEASE_MS = 200_000;
/** So that there is time to clean up, and to say how it ended, before the deadline. */
const WORK_MS = 150_000;
/** How often to ask whether another delivery has ended, or died with, what this one is about. */
const WAIT_MS = 10_000;
/** `retries` of the manifest's row. */
export const DELIVERIES = 5;

export interface SlidesJobsOptions extends Pick<Runtime, 'clock' | 'ids' | 'log'> {
  inbox: Inbox;
  jobs: JobRecords;
  openWork: () => Promise<{ work: Work; blobs: Blobs }>;
}

/** Resolves when the job has come to an end, by this delivery or an earlier one. Throws `invalid` for what is no such event, and what may pass. */
export function createSlidesJobs(options: SlidesJobsOptions): EventHandler {
  const { inbox, jobs, openWork, clock, log } = options;

  return async (event, { signal }) => {
    const job = parseJob(event.data);
    noteJob(job);
    const isLast = (event.delivery.attempt ?? 1) >= DELIVERIES;
    let given: string[] = [];
    await whenFree(
      () =>
        inbox.once(event, LEASE_MS, async () => {
          given = [];
          const record = await jobs.get(job);
          if (!record || hasEnded(record)) return [];
          given = blobsOf(record);
          const end = await carryOut(job, record, signal, isLast);
          return jobs.prepare(job, (found) => (hasEnded(found) ? undefined : endedRecord(found, end)));
        }),
      signal,
    );
    if (given.length === 0) return;
    const { blobs } = await openWork();
    for (const name of given) await removeBlob(name, { ...options, blobs });
  };

  /**
   * A worker that was killed leaves a claim, which stands for longer than the few deliveries would last if each ended at once. So a delivery waits as long as it may.
   */
  async function whenFree(attempt: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (!isAppError(error, 'request_in_progress') || signal.aborted) throw error;
        await clock.sleep(WAIT_MS, signal).catch(() => {
          throw error;
        });
      }
    }
  }

  /** Throws what may pass, unless this is the last delivery. */
  async function carryOut(job: string, record: JobRecord, signal: AbortSignal, isLast: boolean): Promise<End> {
    const { presentationId, asked, images: known } = record;
    if (!asked) return failed(record, new AppError('internal', 'The record does not say what was asked for'), false);
    const progress = createProgress(job, { ...options, jobs });
    /** Until the deck has been looked at, what an earlier delivery was about to write may be there. */
    let mayBeApplied = known.some(({ objects }) => objects.length > 0);
    const late = new AbortController();
    const ended = new AbortController();
    clock.sleep(WORK_MS, ended.signal).then(
      () => late.abort(new AppError('unavailable', `The job did not end within ${WORK_MS / 1_000} s`)),
      () => undefined,
    );
    try {
      await jobs.update(job, (found) => (hasEnded(found) ? undefined : running(found)));
      const { work } = await openWork();
      return await work.run({
        job,
        presentationId,
        asked,
        known,
        identity: { type: 'own' },
        signal: AbortSignal.any([signal, late.signal]),
        onProgress: (images) => {
          mayBeApplied = false;
          progress.tell(images);
        },
        beforeWrite: (images, kept) => announce(job, images, kept),
      });
    } catch (error) {
      mayBeApplied ||= isAppError(error, 'outcome_unknown');
      if (isLast || !isRetryable(error)) return failed((await jobs.get(job)) ?? record, error, mayBeApplied);
      await progress.stop();
      await noteError(job, error);
      throw error;
    } finally {
      ended.abort();
      await progress.stop();
    }
  }

  /** What a later delivery, or an undo, needs to know of a write that may have happened. */
  async function announce(job: string, images: readonly ImageOutcome[], kept: readonly Kept[]): Promise<void> {
    const keptUntil = new Date(clock.now() + REPLACED_KEPT_MS).toISOString();
    const noted = await jobs.update(job, (found) =>
      hasEnded(found)
        ? undefined
        : { ...found, images: [...images], kept: [...kept], ...(kept.length > 0 && { keptUntil }) },
    );
    if (!noted || hasEnded(noted)) throw new AppError('gone', 'The job was ended by somebody else');
  }

  async function noteError(job: string, error: unknown): Promise<void> {
    await jobs
      .update(job, (found) => (hasEnded(found) ? undefined : { ...found, error: told(error) }))
      .catch((failure: unknown) => log.warn('the error of a job could not be noted', { job, error: failure }));
  }

  function endedRecord({ asked: _, error: __, keptUntil, ...record }: JobRecord, end: End): JobRecord {
    const mayHaveChanged = end.state !== 'failed' || end.images.some(({ objects }) => objects.length > 0);
    const kept = mayHaveChanged ? (end.kept ?? record.kept) : [];
    return {
      ...record,
      state: end.state,
      images: [...end.images],
      writes: record.writes + end.writes,
      ...(end.revisionId !== undefined && { revisionId: end.revisionId }),
      ...(end.error && { error: end.error }),
      kept,
      ...(kept.length > 0 && keptUntil !== undefined && { keptUntil }),
      endedAt: new Date(clock.now()).toISOString(),
    };
  }
}

type End = Pick<JobRecord, 'images' | 'writes' | 'error' | 'revisionId'> & {
  state: 'done' | 'partial' | 'failed';
  kept?: JobRecord['kept'];
};

/** Where it is not known whether the write happened, what it would have put and what was kept stay told. */
function failed({ images, kept }: JobRecord, error: unknown, mayBeApplied: boolean): End {
  const end = { state: 'failed' as const, writes: 0, error: told(error) };
  if (mayBeApplied) return { ...end, images, kept };
  const leftOut = { state: 'left out' as const, objects: [] };
  return { ...end, images: images.map((image) => (image.state === 'failed' ? image : { ...image, ...leftOut })) };
}

function running({ error: _, ...record }: JobRecord): JobRecord {
  return { ...record, state: 'running' };
}

/** An error that nobody has foreseen may say anything. */
function told(error: unknown): { code: string; detail: string } {
  return error instanceof AppError
    ? { code: error.code, detail: error.message }
    : { code: 'internal', detail: 'Something went wrong here' };
}

function blobsOf({ asked }: JobRecord): string[] {
  return asked?.images.flatMap(({ source }) => (source.type === 'blob' ? source.name : [])) ?? [];
}
