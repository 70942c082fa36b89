/** What a list must be like before it takes the place of another. Any doubt keeps the old one. */
import { AppError } from '../errors.ts';
import type { CurrentRecord, ListName, ListRecords, Pattern } from './list-records.ts';
import { countRows } from './list-records.ts';
import { type ReadList, SETS } from './read-rows.ts';

/** Singapore, with room for the stops beyond the Causeway. */
const BOX = { south: 1.13, north: 1.5, west: 103.55, east: 104.15 };

const MOST_DROPPED = 0.02;
const LEAST_INSIDE = 0.99;
const LEAST_KNOWN = 0.98;
const MOST_SHRINK = 0.1;
/** What cannot be all of Singapore. A file may hold less. */
const LEAST_STOPS = 100;

export interface CheckContext {
  from: 'datamall' | 'file';
  /** Whether a list may be much shorter than the one it replaces. */
  allowShrink: boolean;
  /** What is published. */
  current: Pick<CurrentRecord, 'sources'> | undefined;
  /** The stops that are to be published with it, or are; undefined where there are none. */
  stops: ListRecords['stops'] | undefined;
}

/** Throws `invalid`, with the list and the rule in one line. */
export function checkList<L extends ListName>(list: L, read: ReadList<L>, context: CheckContext): void {
  const doubt = (rule: string) => {
    throw new AppError('invalid', `${SETS[list]}: ${rule}`);
  };
  const { records, given, dropped, problem } = read;
  // There may be none planned, and that has to be heard: what was planned may have been given up.
  if (given === 0 && list !== 'planned') doubt('it is empty');
  if (dropped > given * MOST_DROPPED) doubt(`${dropped} of ${given} rows make no sense, more than 2 % (${problem})`);
  const rows = countRows(list, records);
  if (list === 'stops' && context.from === 'datamall' && rows < LEAST_STOPS)
    doubt(`it has ${rows} stops, and Singapore has more than ${LEAST_STOPS}`);
  if (list !== 'planned' && !context.allowShrink) {
    const before = context.current?.sources[list]?.rows ?? 0;
    if (rows < before * (1 - MOST_SHRINK))
      doubt(
        `it has shrunk from ${before} rows to ${rows}, by more than 10 %; npm run bus -- sync --allow-shrink takes it`,
      );
  }
  if (list === 'stops') {
    const share = shareOf(records as ListRecords['stops'], isInside);
    if (share < LEAST_INSIDE)
      doubt(
        `${percent(share)} of the stops are in Singapore (${BOX.south} to ${BOX.north} north, ${BOX.west} to ${BOX.east} east), and 99 % must be`,
      );
  }
  if (list === 'routes' && context.stops) {
    const codes = new Set(context.stops.map(({ code }) => code));
    const calls = (records as readonly Pattern[]).flatMap(({ stops }) => stops);
    const share = shareOf(calls, ({ code }) => codes.has(code));
    if (share < LEAST_KNOWN) doubt(`${percent(share)} of its rows name a stop of the stop list, and 98 % must`);
  }
}

function isInside({ lat, lon }: { lat: number; lon: number }): boolean {
  return lat >= BOX.south && lat <= BOX.north && lon >= BOX.west && lon <= BOX.east;
}

function shareOf<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? 1 : items.filter(holds).length / items.length;
}

/** Rounded down, so that what is too little never looks like enough. */
function percent(share: number): string {
  return `${Math.floor(share * 1_000) / 10} %`;
}
