/** A run that is asked for: its record is there, and its event is published, before anybody is told so. */
import type { Clock } from '#shared/clock.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import { noteRun } from '#shared/migrations/observed-run.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import { publishRun } from '#shared/migrations/run-events.ts';
import type { AskedRun, Runs } from '#shared/migrations/run-records.ts';
import type { Queue } from '#shared/queue/queue.ts';

export interface StartParts {
  runs: Runs;
  queue: Pick<Queue, 'publish'>;
  clock: Clock;
  log: Log;
}

/**
 * `repeatable`: the same request comes with the same id again, and goes on with what is there. Throws those of store and queue; after one of the queue, a run that
 * nobody can ask for again is failed, so that it is not done behind their back.
 */
export async function startRun(
  parts: StartParts,
  asked: AskedRun,
  { id, repeatable }: { id: string; repeatable: boolean },
): Promise<RunRecord> {
  const { runs, queue, clock } = parts;
  const { record } = await runs.begin(asked, id);
  noteRun(id, record);
  if (record.state !== 'queued') return record;
  try {
    await publishRun(queue, { id, seq: record.seq, target: record.target }, clock);
  } catch (error) {
    await noteUnpublished(parts, id, repeatable);
    throw isAppError(error) ? error : new AppError('unavailable', 'The run could not be queued', { cause: error });
  }
  return record.error ? ((await runs.update(id, withoutError)) ?? record) : record;
}

/**
 * A paused run goes on by its next message. It is published also for a run that was `queued` already, since whoever resumed it may have died before; the same message twice does no harm.
 * Undefined where there is no such run. Throws those of store and queue; after one of the queue, the same request goes on with it.
 */
export async function resumeRun(
  { runs, queue, clock }: Omit<StartParts, 'log'>,
  id: string,
): Promise<RunRecord | undefined> {
  const record = await runs.resume(id);
  if (record) noteRun(id, record);
  if (record?.state !== 'queued') return record;
  try {
    await publishRun(queue, { id, ...record }, clock);
  } catch (error) {
    if (isAppError(error)) throw error;
    const detail = 'The run could not be queued; the same request goes on with it';
    throw new AppError('unavailable', detail, { cause: error });
  }
  return record;
}

/** One that may come again under its idempotency key stays queued, and says meanwhile what it lacks. */
async function noteUnpublished({ runs, clock, log }: StartParts, id: string, repeatable: boolean): Promise<void> {
  const hint = repeatable ? '; the same request with the same Idempotency-Key goes on with it' : '';
  const error = { code: 'unavailable', detail: `The run could not be queued${hint}` };
  const ended = repeatable
    ? {}
    : { state: 'failed' as const, changed: false, endedAt: new Date(clock.now()).toISOString() };
  try {
    await runs.update(id, (record) => (record.state === 'queued' ? { ...record, ...ended, error } : undefined));
  } catch (failure) {
    log.warn('the record of a run that could not be queued does not say so', { run: id, error: failure });
  }
}

function withoutError({ error: _, ...record }: RunRecord): RunRecord | undefined {
  return record.state === 'queued' ? record : undefined;
}
