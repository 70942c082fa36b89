/** Undoing a job, by its record. */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Jobs, Undo, Undone } from '#shared/slides/job.ts';
import { observe } from '#shared/telemetry/observe.ts';
import { isAlive, mayHaveChanged } from './job-answer.ts';

export interface UndoParts {
  jobs: Jobs;
  undo: () => Promise<Undo>;
  clock: Clock;
}

/** Throws those of `Undo`; `conflict` while the job is not done, `nothing_to_undo` where it failed. */
export async function undoJob(
  { jobs, undo, clock }: UndoParts,
  input: Parameters<Undo['run']>[0],
): Promise<readonly Undone[]> {
  const { job, record } = input;
  if (record.state === 'undone') return record.undone ?? [];
  if (!mayHaveChanged(record)) throw new AppError('nothing_to_undo', 'The job failed, so it has changed nothing');
  if (isAlive(record, clock.now()))
    throw new AppError('conflict', `The job is ${record.state}; it can be undone when it has ended`);
  const undone = await observe({ name: 'slides.undo' }, async () => (await undo()).run(input));
  // Of two at a time the answer of the first is kept, and told by both.
  const ended = await jobs.update(job, ({ asked: _, ...found }) =>
    found.state === 'undone' ? undefined : { ...found, state: 'undone', undone, kept: [] },
  );
  return ended?.undone ?? undone;
}
