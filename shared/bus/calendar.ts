/**
 * Which timetable applies, and whether a service runs now: the service day, `2400`, times after midnight, public holidays.
 * Everything is Singapore time, which is UTC+8 all year; the server's own time zone never matters.
 */
import type { Span, Times } from './lists.ts';

export type DayKind = 'weekday' | 'saturday' | 'sunday';

/** The service day lasts from 04:00 to 04:00 of the next calendar day: a bus at 00:30 belongs to the day before. */
export const SERVICE_DAY_BEGINS_HOUR = 4;

export interface Operation {
  /** `running`: between first and last bus, both included to the minute. `none`: no bus on this service day. `unknown`: no times are known. */
  state: 'running' | 'before_first' | 'after_last' | 'none' | 'unknown';
  /** Of the service day that `now` is in; absent where `none` and `unknown`. */
  span?: Span;
  kind: DayKind;
  /** The name of the public holiday that makes this service day a Sunday. */
  holiday?: string;
}

export interface Calendar {
  /** `times` is undefined where the routes are not loaded. `now` in milliseconds since the epoch. */
  operation(times: Times | undefined, now: number): Operation;
  /** The last date whose public holidays are known, `2027-12-31`; later ones count by their day of the week. */
  readonly holidaysKnownUntil: string;
  /** Of the service day that `now` is in. */
  day(now: number): { date: string; kind: DayKind; holiday?: string };
}
