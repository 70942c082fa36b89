/**
 * The rows of a part: arrays rather than objects, since the names would be most of it. Times that repeat are written once and read into one object, which is
 * how 26,000 calls fit into a few megabytes.
 */

import type { ListName, ListRecords, Pattern, PlannedPattern, ServiceRecord } from './list-records.ts';
import type { RouteStop, Span, Stop, Times } from './lists.ts';

type Direction = 1 | 2;
type StopRow = [code: string, name: string, road: string, lat: number, lon: number];
type ServiceRow = [
  service: string,
  direction: Direction,
  operator: string,
  category: string,
  origin: string,
  destination: string,
  loop: string | null,
  frequency: [string, string, string, string] | null,
];
/** Times as `weekday,saturday,sunday`: two times in eight digits, `=` for the same as on weekdays, nothing for no bus. */
type CallRow = [code: string, sequence: number, distanceKm: number | null, times: string];
type PatternRow = [service: string, direction: Direction, operator: string, effective: string | null, calls: CallRow[]];

export function writeRows<L extends ListName>(list: L, records: ListRecords[L]): unknown[] {
  switch (list) {
    case 'stops':
      return (records as ListRecords['stops']).map(
        ({ code, name, road, lat, lon }): StopRow => [code, name, road, lat, lon],
      );
    case 'services':
      return (records as ListRecords['services']).map(serviceRow);
    default:
      return (records as readonly (Pattern & { effective?: string })[]).map(patternRow);
  }
}

function serviceRow(record: ServiceRecord): ServiceRow {
  const { service, direction, operator, category, origin, destination, loop = null, frequency: every } = record;
  const frequency: ServiceRow[7] = every ? [every.amPeak, every.amOffpeak, every.pmPeak, every.pmOffpeak] : null;
  return [service, direction, operator, category, origin, destination, loop, frequency];
}

function patternRow(pattern: Pattern & { effective?: string }): PatternRow {
  const { service, direction, operator, effective = null, stops } = pattern;
  const calls = stops.map(
    ({ code, sequence, distanceKm = null, times }): CallRow => [code, sequence, distanceKm, timesText(times)],
  );
  return [service, direction, operator, effective, calls];
}

function timesText({ weekday, saturday, sunday }: Times): string {
  const same = (span: Span | undefined) => {
    if (!span) return '';
    return weekday && span.first === weekday.first && span.last === weekday.last ? '=' : `${span.first}${span.last}`;
  };
  return [weekday ? `${weekday.first}${weekday.last}` : '', same(saturday), same(sunday)].join(',');
}

/** Throws an Error where the rows are not what was written. */
export function readRows<L extends ListName>(list: L, rows: readonly unknown[]): ListRecords[L] {
  const read = READERS[list] as () => (row: unknown) => unknown;
  const reader = read();
  return rows.map((row) => {
    if (!Array.isArray(row)) throw new Error('a row is no array');
    return reader(row);
  }) as unknown as ListRecords[L];
}

const READERS: { [L in ListName]: () => (row: never) => ListRecords[L][number] } = {
  stops: () => readStop,
  services: () => readService,
  routes: patternReader,
  planned: () => {
    const readPattern = patternReader();
    return (row: PatternRow): PlannedPattern => ({ ...readPattern(row), effective: text(row[3]) });
  },
};

function readStop([code, name, road, lat, lon]: StopRow): Stop {
  return { code: text(code), name: text(name), road: text(road), lat: number(lat), lon: number(lon) };
}

function readService([
  service,
  direction,
  operator,
  category,
  origin,
  destination,
  loop,
  times,
]: ServiceRow): ServiceRecord {
  const [amPeak, amOffpeak, pmPeak, pmOffpeak] = times ?? [];
  return {
    service: text(service),
    direction: directionOf(direction),
    operator: text(operator),
    category: text(category),
    origin: text(origin),
    destination: text(destination),
    ...(loop !== null && { loop: text(loop) }),
    ...(times && {
      frequency: { amPeak: text(amPeak), amOffpeak: text(amOffpeak), pmPeak: text(pmPeak), pmOffpeak: text(pmOffpeak) },
    }),
  };
}

function patternReader(): (row: PatternRow) => Pattern {
  const spanOf = remembering((digits): Span => ({ first: digits.slice(0, 4), last: digits.slice(4) }));
  const timesOf = remembering((written): Times => readTimes(written, spanOf));
  const readCall = ([code, sequence, distanceKm, times]: CallRow): RouteStop =>
    distanceKm === null
      ? { code: text(code), sequence: number(sequence), times: timesOf(times) }
      : { code: text(code), sequence: number(sequence), distanceKm: number(distanceKm), times: timesOf(times) };
  return ([service, direction, operator, , calls]) => ({
    service: text(service),
    direction: directionOf(direction),
    operator: text(operator),
    stops: calls.map(readCall),
  });
}

/** Makes each value once and for all. */
function remembering<T>(make: (written: string) => T): (written: string) => T {
  const known = new Map<string, T>();
  return (written) => {
    let value = known.get(written);
    if (value === undefined) {
      value = make(text(written));
      known.set(written, value);
    }
    return value;
  };
}

const TIMES = /^(\d{8})?,(=|\d{8})?,(=|\d{8})?$/;

function readTimes(written: string, spanOf: (digits: string) => Span): Times {
  const match = TIMES.exec(written);
  if (!match) throw new Error('times cannot be read');
  const [, onWeekdays, onSaturdays, onSundays] = match;
  const span = (digits: string | undefined) => (digits === undefined ? undefined : spanOf(digits));
  const weekday = span(onWeekdays);
  const saturday = onSaturdays === '=' ? weekday : span(onSaturdays);
  const sunday = onSundays === '=' ? weekday : span(onSundays);
  return { ...(weekday && { weekday }), ...(saturday && { saturday }), ...(sunday && { sunday }) };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a text is missing');
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Error('a number is missing');
  return value;
}

function directionOf(value: unknown): Direction {
  if (value !== 1 && value !== 2) throw new Error('a direction is missing');
  return value;
}
