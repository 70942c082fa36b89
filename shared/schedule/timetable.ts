/** When a schedule fires, and what each firing is called. */
import { Cron } from 'croner';
import type { ScheduleTrigger } from '../define.ts';

export interface Timetable {
  /** The first firing after this moment; undefined where there is none any more. All in milliseconds since the Unix epoch. */
  next(after: number): number | undefined;
  /** The last firing up to this moment. */
  last(until: number): number | undefined;
}

/**
 * Minutes by the wall clock of the time zone. When its clock is put forward, a time of day that is left out fires right after the gap; when it is
 * put back, a time of day that comes twice fires the first time. Patterns with `*`, a list, a range or a step follow the clock as it goes.
 * Throws an Error that names what is wrong with the pattern or the zone.
 */
export function createTimetable({ cron, timeZone }: Pick<ScheduleTrigger, 'cron' | 'timeZone'>): Timetable {
  // Croner asks after the zone only when it looks for a firing, and takes none at all for this machine's own.
  new Intl.DateTimeFormat('en', { timeZone });
  const pattern = new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });
  return {
    next: (after) => pattern.nextRun(new Date(after))?.getTime(),
    // A run at the moment of the reference itself would be left out.
    last: (until) => pattern.previousRuns(1, new Date(until + 1))[0]?.getTime(),
  };
}

/** RFC 3339 to the second, in UTC. */
export function firingId(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
