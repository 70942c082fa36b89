/**
 * One firing of a schedule function, and then the end of the process: `node index.js --fire <time>`. A CronJob of Kubernetes runs it so, and nothing has to listen, or to be
 * told who may call.
 */
import { type FunctionInstance, type FunctionRow, isScheduled } from '../define.ts';
import { AppError, isRetryable } from '../errors.ts';
import type { OpenRuntime } from '../runtime.ts';
import { firingId } from '../schedule/timetable.ts';

const CLOSE_MS = 5_000;
const MINUTE_MS = 60_000;
/** A CronJob's controller names each Job after the minute it was due, in minutes since 1970: so every pod of the Job has the same firing. Below 25 million (in 2017) it is a date that somebody wrote. */
const JOB = /-(?<minutes>2[5-9]\d{6}|[3-9]\d{7}|\d{9})$/;

/** Resolves with the exit code: 0 where the firing is over, 1 where it failed for good. Throws what may pass: the Job starts another pod, as often as it is told to. */
export async function fireOnce(
  row: FunctionRow,
  { instance, runtime }: { instance: FunctionInstance; runtime: OpenRuntime },
  when: string,
): Promise<number> {
  const { clock, log } = runtime;
  if (!isScheduled(row) || instance.kind !== 'schedule')
    throw new AppError('invalid', `${row.name} is no schedule function: --fire is not for it`);
  const firing = firingOf(when, clock.now());
  const { createFirings } = await import('../schedule/firings.ts');
  const { carryFiring } = await import('../telemetry/firing.ts');
  const ending = new AbortController();
  const onSignal = () => ending.abort(new AppError('unavailable', 'The process is about to end'));
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  try {
    const firings = createFirings({ ...runtime, row, instance });
    const judge = (error: unknown) =>
      isRetryable(error)
        ? ({ outcome: 'again', severity: 'WARNING', message: 'a firing has not ended and will come again' } as const)
        : ({ outcome: 'failed', severity: 'ERROR', message: 'a firing failed and is given up' } as const);
    const end = await carryFiring({ log, name: row.name, firing, judge }, () =>
      firings.handle(firing, { signal: ending.signal, waitMs: row.timeout * 1000 }),
    );
    return end === 'failed' ? 1 : 0;
  } finally {
    await instance.drain?.(CLOSE_MS);
    await runtime.close(CLOSE_MS);
  }
}

/** Of a time in RFC 3339; of a CronJob's Job by its name; now for a Job that somebody made by hand. */
function firingOf(when: string, now: number): string {
  const minutes = JOB.exec(when)?.groups?.['minutes'];
  const time = Date.parse(when);
  if (minutes !== undefined) return firingId(Number(minutes) * MINUTE_MS);
  return firingId(Number.isNaN(time) ? now : time);
}
