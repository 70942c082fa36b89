/** How long a schedule may be silent. */
import type { ScheduleTrigger } from '#shared/define.ts';
import { createTimetable } from '#shared/schedule/timetable.ts';

/** Firings are looked at from here on: the files must be the same whenever they are made. */
const FROM = Date.parse('2026-01-01T00:00:00Z');
const FIRINGS = 400;

/** The longest time between two firings that follow each other, in seconds. */
export function longestPeriod(trigger: Pick<ScheduleTrigger, 'cron' | 'timeZone'>): number {
  const timetable = createTimetable(trigger);
  let last = timetable.next(FROM) ?? FROM;
  let longest = 0;
  for (let firing = 0; firing < FIRINGS; firing++) {
    const next = timetable.next(last);
    if (next === undefined) break;
    longest = Math.max(longest, next - last);
    last = next;
  }
  return longest / 1000;
}
