/** A job as it is recorded, and as it is told: without what it was given and what is kept of others. */
import { JOB_KEPT_MS, type JobRecord, type Kept, REPLACED_KEPT_MS } from '#shared/slides/job.ts';

/** Nobody works on it any more after this, in milliseconds without news: a request has two minutes, a queued job several deliveries. */
const DEAD_AFTER_MS = { now: 2 * 60_000, queued: 3_600_000 };

interface NewJob extends Pick<JobRecord, 'presentationId' | 'kind' | 'caller'> {
  kept?: readonly Kept[];
}

export function newRecord({ presentationId, kind, caller, kept = [] }: NewJob, now: number): JobRecord {
  const at = new Date(now).toISOString();
  const record = { presentationId, caller, kind, state: 'queued' as const, images: [], writes: 0, kept: [...kept] };
  const keptUntil = kept.length > 0 && { keptUntil: new Date(now + REPLACED_KEPT_MS).toISOString() };
  return { ...record, ...keptUntil, createdAt: at, updatedAt: at };
}

/** Whether somebody may still be at work on it. */
export function isAlive({ state, kind, updatedAt }: JobRecord, now: number): boolean {
  return state === 'queued' || (state === 'running' && Date.parse(updatedAt) + DEAD_AFTER_MS[kind] > now);
}

/** Whether it has put something into its deck, or may have: a failed job that may have still says what. */
export function mayHaveChanged({ state, images }: JobRecord): boolean {
  return state !== 'failed' || images.some(({ objects }) => objects.length > 0);
}

/** Whether it can be undone, and until when; and until when that also brings back what was replaced. */
export function undoOf(record: JobRecord, now: number) {
  const { state, createdAt, keptUntil } = record;
  const possible = state !== 'undone' && !isAlive(record, now) && mayHaveChanged(record);
  const until = new Date(Date.parse(createdAt) + JOB_KEPT_MS).toISOString();
  return { possible, ...(possible && { until, ...(keptUntil !== undefined && { restoresUntil: keptUntil }) }) };
}

export function jobAnswer(id: string, record: JobRecord, now: number) {
  const { asked: _, kept: __, keptUntil: ___, caller: ____, undone, ...told } = record;
  return { id, ...told, undo: undoOf(record, now), ...(undone && { objects: undone }) };
}
