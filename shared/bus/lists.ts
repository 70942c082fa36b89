/**
 * The lists behind the arrivals: stops, services and their routes with first and last buses, as one version that is published as a whole.
 *
 * `bus-sync` and `npm run bus -- sync` publish them (publish.ts); everybody else reads them here. Where none were ever published, a small invented
 * sample stands in, and says so.
 */

export interface Stop {
  /** Five digits; leading zeros count. */
  code: string;
  name: string;
  road: string;
  lat: number;
  lon: number;
}

/** First and last bus of one kind of day at one stop, four digits of Singapore time as LTA writes them: `0530`, `2400`, `0012` (after midnight). */
export interface Span {
  first: string;
  last: string;
}

/** Absent: no bus on such days. Sunday's serve public holidays too. */
export interface Times {
  weekday?: Span;
  saturday?: Span;
  sunday?: Span;
}

/** One place of a route's stop list. */
export interface RouteStop {
  code: string;
  /** Grows along the route; not always by one. */
  sequence: number;
  /** From the route's first stop, in kilometres. */
  distanceKm?: number;
  times: Times;
}

/** One direction of one service. */
export interface Route {
  service: string;
  direction: 1 | 2;
  operator: string;
  /** TRUNK, FEEDER and so on, as LTA writes it; '' where it does not tell. */
  category: string;
  /** Stop codes. */
  origin: string;
  destination: string;
  /** Where a loop service turns; absent for others. */
  loop?: string;
  /** Minutes between buses as LTA writes them (`5-08`, `9`, `-`), by its four periods; absent where it does not tell. */
  frequency?: { amPeak: string; amOffpeak: string; pmPeak: string; pmOffpeak: string };
  /** In the order of the route. Empty where the routes are not loaded. */
  stops: readonly RouteStop[];
}

/** A route's call at a stop. */
export interface Call {
  route: Route;
  /** The place in `route.stops`. */
  index: number;
  /** 1, or 2 where this route calls at the stop a second time. */
  visit: number;
}

/** Where a list came from. */
export interface ListSource {
  from: 'datamall' | 'file' | 'sample';
  /** When it was fetched or read, RFC 3339. */
  at: string;
  rows: number;
}

/** One published version, in memory. Immutable. */
export interface Network {
  /** Changes with every publication that changes anything; `sample` for the sample. */
  readonly version: string;
  /** Undefined where this list was never loaded. `routes` are those of BusRoutes. */
  readonly sources: { stops?: ListSource; services?: ListSource; routes?: ListSource; planned?: ListSource };
  /** In the order of their codes. */
  readonly stops: readonly Stop[];
  stop(code: string): Stop | undefined;
  /** In natural order of their numbers (2, 10, 10e, 225G), direction 1 first. */
  readonly routes: readonly Route[];
  /** The directions of a service: one or two; none where there is no such service. Numbers are compared without regard to case. */
  routesOf(service: string): readonly Route[];
  /** All calls at a stop, in natural order of service, direction, sequence. */
  callsAt(code: string): readonly Call[];
}

/** Reads the published version. */
export interface Lists {
  /**
   * The network of now. After the first call answers come from memory; a new publication shows within CHECK_MS, the first of all within seconds, unless the store
   * takes long to answer. Where it cannot be read, the last known one; throws `unavailable` where there is none.
   */
  current(): Promise<Network>;
}

/** How old the knowledge of which version is current may be, in milliseconds. */
export const CHECK_MS = 30_000;
