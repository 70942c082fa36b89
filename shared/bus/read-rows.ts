/** Rows of DataMall's sets as our records. A row that makes no sense is left out and counted; whether too many were is for check-lists.ts. */
import type { LtaSet } from '../lta/lta.ts';
import type { ListName, ListRecords, Pattern, PlannedPattern, ServiceRecord } from './list-records.ts';
import type { RouteStop, Stop } from './lists.ts';
import {
  NonsenseRow,
  type RawRow,
  readCode,
  readDay,
  readDirection,
  readNumber,
  readService,
  readSpan,
  readText,
} from './read-cells.ts';

/** By the names that DataMall gives them. */
export const SETS: Record<ListName, LtaSet> = {
  stops: 'BusStops',
  services: 'BusServices',
  routes: 'BusRoutes',
  planned: 'PlannedBusRoutes',
};

export interface ReadList<L extends ListName = ListName> {
  records: ListRecords[L];
  /** How many rows came, and how many of them were left out. */
  given: number;
  dropped: number;
  /** What was wrong with the first of these. */
  problem?: string;
}

/** Never throws, whatever the rows are. */
export function readList<L extends ListName>(list: L, rows: readonly unknown[]): ReadList<L> {
  const read = READERS[list] as unknown as () => { take(row: RawRow): void; records(): ListRecords[L] };
  const { take, records } = read();
  let dropped = 0;
  let problem: string | undefined;
  for (const [index, row] of rows.entries()) {
    try {
      if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new NonsenseRow('it is no object');
      take(row as RawRow);
    } catch (error) {
      if (!(error instanceof NonsenseRow)) throw error;
      dropped++;
      problem ??= `row ${index + 1}: ${error.message}`;
    }
  }
  return { records: records(), given: rows.length, dropped, ...(problem !== undefined && { problem }) };
}

const READERS: { [L in ListName]: () => { take(row: RawRow): void; records(): ListRecords[L] } } = {
  stops: () => {
    const stops = new Map<string, Stop>();
    return {
      take: (row) => addNew(stops, readCode(row, 'BusStopCode'), stopOf(row)),
      records: () => [...stops.values()],
    };
  },
  services: () => {
    const services = new Map<string, ServiceRecord>();
    return {
      take: (row) => addNew(services, `${readService(row)} ${readDirection(row)}`, serviceOf(row)),
      records: () => [...services.values()],
    };
  },
  routes: () => patternReader((row): Omit<Pattern, 'stops'> => directionOf(row)),
  planned: () =>
    patternReader(
      (row): Omit<PlannedPattern, 'stops'> => ({ ...directionOf(row), effective: readDay(row, 'EffectiveDate') }),
    ),
};

function addNew<T>(known: Map<string, T>, key: string, value: T): void {
  if (known.has(key)) throw new NonsenseRow(`there is another row for ${key}`);
  known.set(key, value);
}

function stopOf(row: RawRow): Stop {
  const [lat, lon] = [readNumber(row, 'Latitude'), readNumber(row, 'Longitude')];
  if (lat === undefined || lon === undefined) throw new NonsenseRow('Latitude and Longitude must be numbers');
  const road = readText(row, 'RoadName');
  const name = readText(row, 'Description') || road;
  if (!name) throw new NonsenseRow('Description is missing');
  return { code: readCode(row, 'BusStopCode'), name, road, lat: rounded(lat, 6), lon: rounded(lon, 6) };
}

function serviceOf(row: RawRow): ServiceRecord {
  const [amPeak, amOffpeak, pmPeak, pmOffpeak] = [
    readText(row, 'AM_Peak_Freq'),
    readText(row, 'AM_Offpeak_Freq'),
    readText(row, 'PM_Peak_Freq'),
    readText(row, 'PM_Offpeak_Freq'),
  ];
  const loop = readText(row, 'LoopDesc');
  return {
    ...directionOf(row),
    category: readText(row, 'Category'),
    origin: readEnd(row, 'OriginCode'),
    destination: readEnd(row, 'DestinationCode'),
    ...(loop && { loop }),
    ...((amPeak || amOffpeak || pmPeak || pmOffpeak) && { frequency: { amPeak, amOffpeak, pmPeak, pmOffpeak } }),
  };
}

/** A service may do without its ends, as long as nobody takes something else for a stop. */
function readEnd(row: RawRow, field: string): string {
  return readText(row, field) === '' ? '' : readCode(row, field);
}

function directionOf(row: RawRow): Omit<Pattern, 'stops'> {
  return { service: readService(row), direction: readDirection(row), operator: readText(row, 'Operator') };
}

/** Gathers the rows of each pattern, in whatever order they come. */
function patternReader<P extends Omit<Pattern, 'stops'>>(headOf: (row: RawRow) => P) {
  const found = new Map<string, { head: P; stops: Map<number, RouteStop> }>();
  return {
    take(row: RawRow) {
      const head = headOf(row);
      const call = callOf(row);
      const key = Object.entries(head).flatMap(([name, value]) => (name === 'operator' ? [] : [value]));
      const pattern = found.get(key.join(' '));
      if (!pattern) found.set(key.join(' '), { head, stops: new Map([[call.sequence, call]]) });
      else if (pattern.stops.has(call.sequence))
        throw new NonsenseRow(
          `there is another row for ${head.service}, direction ${head.direction}, place ${call.sequence}`,
        );
      else pattern.stops.set(call.sequence, call);
    },
    records: () =>
      [...found.values()].map(({ head, stops }) => ({
        ...head,
        stops: [...stops.values()].sort((a, b) => a.sequence - b.sequence),
      })),
  };
}

function callOf(row: RawRow): RouteStop {
  const sequence = readNumber(row, 'StopSequence');
  if (sequence === undefined || !Number.isInteger(sequence) || sequence < 0)
    throw new NonsenseRow('StopSequence must be a whole number');
  const code = readCode(row, 'BusStopCode');
  const distance = readNumber(row, 'Distance');
  const [weekday, saturday, sunday] = [readSpan(row, 'WD'), readSpan(row, 'SAT'), readSpan(row, 'SUN')];
  return {
    code,
    sequence,
    ...(distance !== undefined && distance >= 0 && { distanceKm: rounded(distance, 3) }),
    times: { ...(weekday && { weekday }), ...(saturday && { saturday }), ...(sunday && { sunday }) },
  };
}

/** A millionth of a degree is a hand's breadth. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
