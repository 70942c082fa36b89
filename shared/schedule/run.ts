/** One run of a schedule's function, which is told when to end and is not waited for much longer. */
import type { Clock } from '../clock.ts';
import type { Firing, FunctionRow, ScheduleFunction } from '../define.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Write } from '../store/store.ts';

/** How long a run may go on once its signal has aborted, in milliseconds. What it answers within that time still counts. */
const WIND_DOWN_MS = 5_000;

export interface RunOptions {
  instance: Pick<ScheduleFunction, 'run'>;
  /** Its signal is the caller's; the run's own aborts with the lease and at the row's timeout too. */
  firing: Firing;
  row: Pick<FunctionRow, 'timeout'>;
  clock: Clock;
  log: Log;
}

/**
 * What the run answers or throws. A run that goes on in spite of its signal is given up after WIND_DOWN_MS, with the signal's reason: it may go on for ever,
 * and the schedule must not stop because of it. It can commit nothing any more once its lease is given back.
 */
export async function boundedRun({ instance, firing, row, clock, log }: RunOptions): Promise<readonly Write[]> {
  const { id, held } = firing;
  const overdue = new AbortController();
  const ended = new AbortController();
  const signal = AbortSignal.any([firing.signal, held.signal, overdue.signal]);

  const timeout = async () => {
    await clock.sleep(row.timeout * 1000, ended.signal);
    overdue.abort(new AppError('unavailable', `The run did not end within ${row.timeout} s`));
  };
  const giveUp = async (): Promise<never> => {
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true, signal: ended.signal }));
    await clock.sleep(WIND_DOWN_MS, ended.signal);
    log.error('a run goes on though its signal has aborted; it is not waited for', { firing: id });
    throw signal.reason;
  };

  timeout().catch(() => undefined);
  try {
    return await Promise.race([instance.run({ id, held, signal }), giveUp()]);
  } finally {
    ended.abort();
  }
}
