/**
 * How the lists lie in the store: the collection `bus-lists`.
 *
 * The rows of a list are cut into parts. A part is a document named after a hash of what is in it: it never changes, is never written twice, and lists that
 * are equal share it. The document `current` names the parts of the version that holds, so one conditional write of it switches all lists at once; whoever has
 * read it reads exactly these parts, whatever is published meanwhile. Parts that neither `current` nor the version before it names are deleted in the
 * commit of the next switch, so that nobody loses what he is just reading, and a publication that meets another one fails as a whole.
 */
import type { Doc, Store } from '../store/store.ts';
import type { Network, Route, RouteStop, Stop } from './lists.ts';

export const LISTS = 'bus-lists';
export const CURRENT = 'current';
export const PART_PREFIX = 'part-';

export const LIST_NAMES = ['stops', 'services', 'routes', 'planned'] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** One row of BusServices: a route without its stops. */
export type ServiceRecord = Omit<Route, 'stops'>;

/** The stop list of one direction of a service, from BusRoutes, in the order of the sequence. */
export interface Pattern {
  service: string;
  direction: 1 | 2;
  operator: string;
  stops: readonly RouteStop[];
}

/** From PlannedBusRoutes: what takes a pattern's place on a day, `YYYY-MM-DD` in Singapore. */
export interface PlannedPattern extends Pattern {
  effective: string;
}

/** What the lists are, read and checked, before they are a network. */
export interface ListRecords {
  stops: readonly Stop[];
  services: readonly ServiceRecord[];
  routes: readonly Pattern[];
  planned: readonly PlannedPattern[];
}

export type PartNames = Partial<Record<ListName, string[]>>;

/** The document `current`. */
export interface CurrentRecord {
  version: string;
  /** Ids of parts; a list that was never loaded is absent. */
  parts: PartNames;
  sources: Network['sources'];
  /** When all lists were last fetched from LTA DataMall, RFC 3339; absent where they never were. */
  checkedAt?: string;
  /** The parts of the version before this one: somebody may still be reading them. */
  previous: string[];
}

export interface PartRecord {
  list: ListName;
  rows: unknown[];
  /** RFC 3339. */
  madeAt: string;
}

export function readCurrent(store: Pick<Store, 'get'>): Promise<Doc<CurrentRecord> | undefined> {
  return store.get<CurrentRecord>(LISTS, CURRENT);
}

/** How many rows of LTA's these records are. */
export function countRows<L extends ListName>(list: L, records: ListRecords[L]): number {
  if (list === 'stops' || list === 'services') return records.length;
  return (records as readonly Pattern[]).reduce((rows, { stops }) => rows + stops.length, 0);
}
