/** The calendar of Singapore's buses, by arithmetic on UTC+8: neither the server's time zone nor the runtime's tables are asked. */
import { type Calendar, type DayKind, type Operation, SERVICE_DAY_BEGINS_HOUR } from './calendar.ts';
import { HOLIDAYS } from './holidays.ts';
import type { Span } from './lists.ts';

type Day = ReturnType<Calendar['day']>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UTC_OFFSET_MS = 8 * HOUR_MS;
const DAY_MINUTES = 24 * 60;
/** A last bus before this hour that comes before the first one is of a service that runs on past the end of the service day. */
const NIGHT_ENDS_HOUR = 6;
/** How far LTA's few swapped pairs are apart at most, in minutes: night service 972A has `2359 2340`. */
const SWAPPED_MINUTES = 60;

/**
 * `exceptions`: dates that are public holidays beside those of the table, and with `-` in front, dates that are none. `holidaysKnownUntil` is the end of the last year
 * that the table or an exception names; after it the days of the week alone decide.
 */
export function createCalendar(exceptions: readonly string[]): Calendar {
  const added = exceptions.filter((date) => !date.startsWith('-'));
  const holidays = new Map([...added.map((date) => [date, 'a public holiday'] as const), ...HOLIDAYS]);
  for (const date of exceptions) if (date.startsWith('-')) holidays.delete(date.slice(1));
  const lastYear = [...HOLIDAYS.keys(), ...added].reduce((latest, date) => (date > latest ? date : latest)).slice(0, 4);

  const dayFrom = (begin: number): Readonly<Day> => {
    // 04:00 in Singapore, as if that were UTC.
    const local = new Date(begin + UTC_OFFSET_MS);
    const date = local.toISOString().slice(0, 10);
    const holiday = holidays.get(date);
    const weekday = local.getUTCDay();
    const kind: DayKind = holiday !== undefined || weekday === 0 ? 'sunday' : weekday === 6 ? 'saturday' : 'weekday';
    return { date, kind, ...(holiday !== undefined && { holiday }) };
  };
  /** A board asks for each of its rows, always for the same day. */
  let latest: { begin: number; day: Readonly<Day> } | undefined;
  const day = (now: number) => {
    const begin = serviceDayBegin(now);
    if (latest?.begin !== begin) latest = { begin, day: dayFrom(begin) };
    return latest.day;
  };

  return {
    holidaysKnownUntil: `${lastYear}-12-31`,
    day,
    operation(times, now): Operation {
      const { date: _date, ...today } = day(now);
      if (times === undefined) return { state: 'unknown', ...today };
      const span = times[today.kind];
      if (span === undefined || (isNone(span.first) && isNone(span.last))) return { state: 'none', ...today };
      const bounds = boundsOf(span);
      if (bounds === undefined) return { state: 'unknown', ...today };
      const { first, last, told } = bounds;
      const minute = Math.floor((now - serviceDayBegin(now)) / 60_000) + SERVICE_DAY_BEGINS_HOUR * 60;
      const state = minute < first ? 'before_first' : minute > last ? 'after_last' : 'running';
      return { state, span: told, ...today };
    },
  };
}

function serviceDayBegin(now: number): number {
  const shift = UTC_OFFSET_MS - SERVICE_DAY_BEGINS_HOUR * HOUR_MS;
  return Math.floor((now + shift) / DAY_MS) * DAY_MS - shift;
}

function isNone(text: string): boolean {
  return text === '' || text === '-';
}

/**
 * First and last bus in minutes since 00:00 of the service day's date, 240 to 1,679 while they are within it; undefined where one cannot be read. `told` has them in
 * the order in which they come. Where the last is before the first by the clock, these are tried in turn: the service runs on past the end of the service day; the two
 * are swapped; the first bus is before the service day begins (`0350 2330`).
 */
function boundsOf(span: Span): { first: number; last: number; told: Span } | undefined {
  const first = minutesOf(span.first);
  const last = minutesOf(span.last);
  if (first === undefined || last === undefined) return undefined;
  if (last >= first) return { first, last, told: span };
  if (last < NIGHT_ENDS_HOUR * 60) return { first, last: last + DAY_MINUTES, told: span };
  if (first - last <= SWAPPED_MINUTES)
    return { first: last, last: first, told: { first: span.last, last: span.first } };
  if (first >= DAY_MINUTES) return { first: first - DAY_MINUTES, last, told: span };
  return { first, last: last + DAY_MINUTES, told: span };
}

/** Of `HHMM`; hours before the border are those after midnight, and so are `2400` and what some lists write beyond it (`2515`). */
function minutesOf(text: string): number | undefined {
  if (!/^(?:[01]\d|2[0-7])[0-5]\d$/.test(text)) return undefined;
  const hour = Number(text.slice(0, 2));
  const minute = Number(text.slice(2));
  return (hour < SERVICE_DAY_BEGINS_HOUR ? hour + 24 : hour) * 60 + minute;
}
