/** A request that is answered when its images are there. */
import type { Clock } from '#shared/clock.ts';
import { AppError, CATALOGUE, type ErrorCode, type FieldError, isAppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { ImageAsked } from '#shared/slides/asked.ts';
import type { JobRecord, Jobs, Kept, Work, WorkInput } from '#shared/slides/job.ts';
import { IMAGE_ERRORS, type ImageErrorCode, type ImageOutcome, type JobOutcome } from '#shared/slides/outcome.ts';
import { newRecord, undoOf } from './job-answer.ts';

export interface NowParts {
  jobs: Jobs;
  work: () => Promise<Work>;
  clock: Clock;
  log: Log;
}

export interface NowInput extends Pick<WorkInput, 'job' | 'presentationId' | 'asked' | 'identity' | 'signal'> {
  /** Their id. */
  caller: string;
  dryRun: boolean;
}

/** The body of the answer. Throws those of `Work`; `images_refused` where none was placed, or `unavailable` where all of that may pass. */
export async function insertNow(parts: NowParts, { caller, dryRun, ...input }: NowInput): Promise<object> {
  const work = await parts.work();
  const { record, ...outcome } = dryRun
    ? { ...(await work.dryRun(input)), record: undefined }
    : await runRecorded(parts, work, input, caller);
  const { state, images, writes, revisionId, batch } = outcome;
  if (state === 'failed') throw refusal(outcome, input.asked.images);
  return {
    ...(record && { job: { id: input.job, undo: undoOf(record, parts.clock.now()) } }),
    presentationId: input.presentationId,
    state,
    ...(revisionId !== undefined && { revisionId }),
    writes,
    images,
    ...(batch && { batch }),
  };
}

/** The record is there before Slides is written to, so that what somebody who dies has done can be undone. */
async function runRecorded(
  { jobs, clock, log }: NowParts,
  work: Work,
  input: Omit<NowInput, 'caller' | 'dryRun'>,
  caller: string,
): Promise<JobOutcome & { record: JobRecord }> {
  const { job } = input;
  let begun: JobRecord | undefined;
  const recordOf = (images: readonly ImageOutcome[], kept: readonly Kept[]): JobRecord => ({
    ...newRecord({ ...input, kind: 'now', caller, kept }, clock.now()),
    state: 'running',
    images: [...images],
  });

  const beforeWrite = async (images: readonly ImageOutcome[], kept: readonly Kept[]) => {
    const record = recordOf(images, kept);
    // Begun before by a request that died, and not found in the deck: what was there is known better now.
    if (!(await jobs.create(job, record))) await jobs.update(job, () => record);
    begun = record;
  };

  /** Never throws: what was done is done, and failing now would invite the caller to repeat it. */
  const end = async (outcome: Pick<JobOutcome, 'state'> & Partial<JobOutcome>): Promise<JobRecord> => {
    const { batch: _, ...news } = outcome;
    const ended = { ...news, endedAt: new Date(clock.now()).toISOString() };
    const record = { ...(begun ?? recordOf([], [])), ...ended };
    try {
      const found = await jobs.update(job, (known) => {
        // Who failed says nothing of what another request for the same job has begun, or done, since.
        if (outcome.state === 'failed' && !isMine(known)) return undefined;
        const { error: _, ...rest } = known;
        return { ...rest, ...ended };
      });
      // Without one it was found in the deck as applied before, or nothing was written at all.
      if (!found && outcome.state !== 'failed') await jobs.create(job, record);
      return found ?? record;
    } catch (error) {
      log.warn('the end of a job could not be recorded', { job, state: outcome.state, error });
      return record;
    }
  };

  const isMine = ({ state, createdAt }: JobRecord) =>
    begun ? state === 'running' && createdAt === begun.createdAt : state === 'running' || state === 'failed';

  const known = (await jobs.get(job))?.images;
  try {
    const outcome = await work.run({ ...input, beforeWrite, ...(known && { known }) });
    return { ...outcome, record: await end(outcome) };
  } catch (error) {
    // What may have happened leaves the record as it is, for the next try or an undo; and so does what kept this request from looking whether an earlier one had done it.
    if (isAppError(error) && error.code !== 'outcome_unknown' && (begun || !error.retryable)) {
      // Before anything was to be written now, it says what an earlier try may have written.
      const images = known && !begun ? {} : { images: [] };
      await end({ state: 'failed', ...images, error: { code: error.code, detail: error.message } });
    }
    throw isAppError(error, 'outcome_unknown') ? naming(job, error) : error;
  }
}

/** Whoever sent no key has no other way to find out, or to undo it. */
function naming(job: string, { message, cause }: AppError): AppError {
  return new AppError('outcome_unknown', `${message}. Job ${job} says what it would have put where; it can be undone`, {
    cause,
  });
}

function refusal({ images, error }: JobOutcome, asked: readonly ImageAsked[]): AppError {
  const errors = images.flatMap((image): FieldError[] =>
    image.error
      ? [{ pointer: `/images/${image.index}${placeOf(image.error.code, asked[image.index])}`, ...image.error }]
      : [],
  );
  const [first] = errors;
  if (!first) {
    const known = error && error.code in CATALOGUE ? (error.code as ErrorCode) : 'images_refused';
    return new AppError(known, error?.detail ?? CATALOGUE.images_refused.title);
  }
  const passing = images.every((image) => !image.error || IMAGE_ERRORS[image.error.code].retryable);
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  return new AppError(
    passing ? 'unavailable' : 'images_refused',
    `No image was placed. ${first.pointer}: ${first.detail}${more}`,
    { errors },
  );
}

/** The field of an image that an error is about; '' for all of it. */
function placeOf(code: ImageErrorCode, asked: ImageAsked | undefined): string {
  switch (code) {
    case 'page_not_found':
      return '/page';
    case 'tag_not_found':
      return '/tag';
    case 'element_not_found':
      return '/replace';
    case 'alt_text_missing':
      return '/altText';
    case 'place_impossible':
      return asked?.target.type === 'page' ? '/place' : '';
    case 'fetch_failed':
    case 'refused':
    case 'not_verified':
      return '';
    default:
      return '/source';
  }
}
