/** Fires a schedule from inside the process, where nobody calls it: under `npm start`, and for a built function on the embedded queue. */
import type { Clock } from '../clock.ts';
import type { Runtime, ScheduledRow, ScheduleFunction } from '../define.ts';
import { AppError, isAppError, isRetryable } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { settledWithin } from '../queue/settled-within.ts';
import { backoffMs } from '../retry.ts';
import { carryFiring } from '../telemetry/firing.ts';
import { createFirings, type Firings } from './firings.ts';
import { createTimetable, firingId } from './timetable.ts';

/**
 * A schedule of this process. Every process that serves the function has one, and all of them tell of each firing; `Firings` sees to it that one runs it.
 *
 * - Due: the wall clock decides, looked at each minute at least, since it may jump and the machine may sleep. A firing is due until it is a minute late.
 *   One that was due while nobody was there to see it is not caught up; the log says so. After the wall clock was put back, the firings of
 *   that time are due again, and their records say that they are over.
 * - Taken up: at the start, the last firing is told of if somebody has begun it and nobody has ended it, as when this process had died with it.
 * - At the start: where the function says that something is due then (`dueAtStart`) and nothing was taken up, a firing of its own is told of, named by the second.
 * - Told of: a firing that fails in a way that may pass is tried again, further and further apart, until the next one is due; then it is given up. One that runs
 *   in another process is asked after likewise, and is taken over should that process die.
 * - Waiting, where the row says `queue`: in their order, each after the end of the one before it; at most MOST_WAITING. What comes when that
 *   many wait is dropped, and the log says so. Waiting firings are gone with the process.
 */
export interface Schedule {
  /** Fires no more, tells the run under way to end, and resolves when it has, or after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** The longest sleep at once: so long may a change of the wall clock go unnoticed. */
const SLEEP_MS = 60_000;
/** How late a firing may be. */
const LATE_MS = 60_000;
const MOST_WAITING = 10;
/** How long a queued firing waits for its turn before its record is looked at again. */
const WAIT_MS = 60_000;
const BACKOFF = { baseMs: 1_000, maxMs: 60_000 };

export interface ScheduleOptions {
  row: ScheduledRow;
  firings: Firings;
  dueAtStart?: ScheduleFunction['dueAtStart'];
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** The schedule of a function that is served here. */
export function startSchedule(row: ScheduledRow, instance: ScheduleFunction, runtime: Runtime): Schedule {
  const log = runtime.log.with({ schedule: row.name });
  const dueAtStart = async () => (await instance.dueAtStart?.()) ?? false;
  return runSchedule({ ...runtime, row, log, dueAtStart, firings: createFirings({ ...runtime, row, instance, log }) });
}

export function runSchedule({ row, firings, dueAtStart, clock, ids, log }: ScheduleOptions): Schedule {
  const { name } = row;
  const { overlap } = row.trigger;
  const timetable = createTimetable(row.trigger);
  const stopping = new AbortController();
  const waiting: string[] = [];
  const pursuits = new Set<Promise<void>>();
  /** Aborts when a later firing has come than the one that was begun last. */
  let superseded = new AbortController();
  let working = false;

  async function watchClock(): Promise<void> {
    let last = clock.now();
    if (!(await takeUp(last))) await fireAtStart();
    while (!stopping.signal.aborted) {
      const now = clock.now();
      const oldest = now - LATE_MS;
      const missed = last < oldest ? timetable.next(last) : undefined;
      if (missed !== undefined && missed <= oldest)
        log.warn('firings were missed and are not caught up', { since: firingId(missed) });
      last = Math.max(Math.min(last, now), oldest);
      const due = timetable.next(last);
      if (due !== undefined && due <= now) {
        last = due;
        tell(firingId(due));
      } else {
        const sleepMs = Math.min(SLEEP_MS, due === undefined ? SLEEP_MS : due - now);
        await clock.sleep(sleepMs, stopping.signal).catch(() => undefined);
      }
    }
  }

  async function takeUp(now: number): Promise<boolean> {
    const last = timetable.last(now);
    if (last === undefined) return false;
    try {
      if (!(await firings.isBegun(firingId(last)))) return false;
      tell(firingId(last));
      return true;
    } catch (error) {
      log.warn('whether the last firing was cut off cannot be told', { error });
      return false;
    }
  }

  async function fireAtStart(): Promise<void> {
    try {
      if (await dueAtStart?.()) tell(firingId(clock.now()));
    } catch (error) {
      log.warn('whether a firing is due at the start cannot be told', { error });
    }
  }

  function tell(firing: string): void {
    if (overlap === 'skip') {
      superseded.abort();
      superseded = new AbortController();
      keep(pursue(firing, superseded.signal));
    } else if (waiting.length >= MOST_WAITING) {
      log.warn('a firing is dropped, since too many wait', { firing, waiting: waiting.length });
    } else {
      waiting.push(firing);
      superseded.abort();
      if (!working) keep(pursueInOrder());
    }
  }

  async function pursueInOrder(): Promise<void> {
    working = true;
    for (;;) {
      const firing = waiting.shift();
      if (firing === undefined || stopping.signal.aborted) break;
      superseded = new AbortController();
      if (waiting.length > 0) superseded.abort();
      await pursue(firing, superseded.signal);
    }
    working = false;
  }

  function keep(pursuit: Promise<void>): void {
    pursuits.add(pursuit);
    void pursuit.finally(() => pursuits.delete(pursuit));
  }

  /** Tells of the firing until it has come to its end or the next one is due. Never rejects. */
  async function pursue(firing: string, next: AbortSignal): Promise<void> {
    const stopped = stopping.signal;
    for (let attempt = 1; !stopped.aborted; attempt++) {
      let until = stopped;
      let again = false;
      const judge = (error: unknown) => {
        const elsewhere = isAppError(error, 'request_in_progress') || isAppError(error, 'lease_held');
        // Whoever is queued behind it waits for its end, wherever it runs.
        const patient = elsewhere && overlap === 'queue';
        until = patient ? stopped : AbortSignal.any([stopped, next]);
        again = isRetryable(error) && !until.aborted;
        return judged(elsewhere, again, stopped.aborted);
      };
      try {
        const work = () => firings.handle(firing, { signal: stopped, waitMs: WAIT_MS });
        await carryFiring({ log, name, firing, fields: { attempt }, judge }, work);
        return;
      } catch {
        // The line of the firing tells of it.
        if (again) await clock.sleep(backoffMs(attempt, { ...BACKOFF, ids }), until).catch(() => undefined);
        if (!again || until.aborted) return;
      }
    }
  }

  const watching = watchClock();
  return {
    async stop(withinMs) {
      stopping.abort(new AppError('unavailable', 'The process is about to end'));
      await settledWithin(Promise.all([watching, ...pursuits]), withinMs);
    },
  };
}

/** That it runs elsewhere is nothing to complain of. */
function judged(elsewhere: boolean, again: boolean, stopped: boolean) {
  if (elsewhere) return { outcome: 'again', severity: 'DEBUG', message: 'a firing runs elsewhere' } as const;
  if (again) return { outcome: 'again', severity: 'WARNING', message: 'a firing failed and will come again' } as const;
  if (stopped)
    return { outcome: 'again', severity: 'WARNING', message: 'a firing has not ended and is left to others' } as const;
  return { outcome: 'failed', severity: 'ERROR', message: 'a firing failed and is given up' } as const;
}
