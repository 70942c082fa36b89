/** One firing: each target that was due since, and whose run is not there yet. */
import type { Clock } from '#shared/clock.ts';
import type { ScheduleFunction } from '#shared/define.ts';
import type { Log } from '#shared/log.ts';
import { publishRun } from '#shared/migrations/run-events.ts';
import { type Runs, runIdOf } from '#shared/migrations/run-records.ts';
import type { Target } from '#shared/migrations/target.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { createTimetable, firingId } from '#shared/schedule/timetable.ts';
import { note } from '#shared/telemetry/scope.ts';

/** How long after its time a run is still begun, in milliseconds: firings may be late or left out. A schedule that is new does not begin what was due before that. */
const LATE_MS = 3_600_000;

/** Runs among which a paused one is looked for. */
const LATEST = 20;

export interface ScheduleParts {
  targets(): Promise<readonly Target[]>;
  runs: Pick<Runs, 'get' | 'begin' | 'list'>;
  queue: Pick<Queue, 'publish'>;
  clock: Clock;
  log: Log;
}

/** Throws the first thing that went wrong, when all were tried. */
export function createScheduleRun({ targets, runs, queue, clock, log }: ScheduleParts): ScheduleFunction['run'] {
  /** An `up` would go on with what somebody stopped halfway. */
  async function isPaused(target: string): Promise<boolean> {
    const { items } = await runs.list(target, { limit: LATEST });
    return items.some(({ record }) => record.state === 'paused');
  }

  /** Answers whether there is a new run. */
  async function begin(target: string, cron: string, due: number): Promise<boolean> {
    const id = runIdOf({ source: `/migrations/schedule/${target}`, id: firingId(due) });
    const found = await runs.get(id);
    if (found && found.state !== 'queued') return false;
    if (!found && (await isPaused(target))) {
      log.info('a run of migrations was not begun by its schedule, since another is paused', { target });
      return false;
    }
    const by = `schedule ${cron} (${firingId(due)})`;
    const record = found ?? (await runs.begin({ target, command: { command: 'up' }, by }, id)).record;
    // Also for one that was there: whoever began it may have died before this.
    if (record.state === 'queued') await publishRun(queue, { id, ...record }, clock);
    if (!found) log.info('a run of migrations was begun by its schedule', { run: id, target, due: firingId(due) });
    return !found;
  }

  return async ({ signal }) => {
    const now = clock.now();
    const errors: unknown[] = [];
    const begun: string[] = [];
    for (const { name, schedule } of await targets()) {
      if (schedule === undefined) continue;
      signal.throwIfAborted();
      const due = createTimetable({ cron: schedule, timeZone: 'UTC' }).last(now);
      if (due === undefined || due <= now - LATE_MS) continue;
      try {
        if (await begin(name, schedule, due)) begun.push(name);
      } catch (error) {
        log.warn('a run of migrations could not be begun by its schedule', { target: name, error });
        errors.push(error);
      }
    }
    if (begun.length > 0) note({ begun });
    if (errors.length > 0) throw errors[0];
    return [];
  };
}
