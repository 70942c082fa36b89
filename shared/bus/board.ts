/**
 * What a stop's board shows: LTA's reply joined with the lists, row by row, with what is known and why. The JSON of `GET /v2/stops/{code}/arrivals`.
 *
 * A row is one service to one destination on one visit: two directions of a service at one stop, and a loop's second pass, are rows of their own.
 */

/**
 * `live`: the next bus is told from its position. `scheduled`: it is told from the operator's timetable. `no_estimate`: nothing is told, though buses
 * run at this hour. `not_operating`: nothing is told, and it is before the first or after the last bus. `unknown`: nothing is told, and first and last bus are not known.
 * (User Guide v6.8, section 2.1: data that is there is always shown, whatever the hour.)
 */
export type RowStatus = 'live' | 'scheduled' | 'no_estimate' | 'not_operating' | 'unknown';

export interface BoardBus {
  /** RFC 3339, UTC. */
  eta: string;
  /** Whole minutes from now, rounded down as LTA asks; 0 is "arriving". Null once it should have left. */
  minutes: number | null;
  /** What to show in English: `Arr`, `3`, `left 1 min ago`. */
  display: string;
  state: 'due' | 'arriving' | 'left';
  /** From the bus's own position, not from the timetable. */
  monitored: boolean;
  load: 'seats' | 'standing' | 'limited' | null;
  wheelchair: boolean | null;
  deck: 'single' | 'double' | 'bendy' | null;
  /** Where the bus was; `age` in whole seconds, as old as the answer it came with at least. */
  position: { lat: number; lon: number; age: number } | null;
}

export interface BoardRow {
  /** Names the row among those of its stop, the same in every answer: `136~1~1` (service, direction or destination, visit). */
  id: string;
  service: string;
  /** SBST, SMRT, TTS, GAS; null where unknown. */
  operator: string | null;
  direction: 1 | 2 | null;
  destination: { code: string | null; name: string | null };
  /** 1, or 2 where the service passes this stop a second time. */
  visit: number;
  status: RowStatus;
  /** One English sentence that says why the status is what it is. */
  reason: string;
  /** Today's, by the service day, `HH:MM` in Singapore; null where it does not run today or it is not known. */
  firstBus: string | null;
  lastBus: string | null;
  /** The soonest first; at most three. */
  buses: BoardBus[];
}

/** On every reply of v2: where it came from, how old it is, and what time it is here. */
export interface Meta {
  /** `live`, `cache`, `stale`: see the feed. `demo`: made up. `list`: from the loaded lists alone. */
  source: 'live' | 'cache' | 'stale' | 'demo' | 'list';
  /** When LTA answered, or when the list was fetched; RFC 3339, UTC. Null for lists that were never loaded. */
  fetchedAt: string | null;
  /** Seconds since then, whole. */
  age: number | null;
  stale: boolean;
  upstream: {
    /** `ok`; `failing`: the newest attempt failed, so this is older; `none`: LTA was not asked. */
    status: 'ok' | 'failing' | 'none';
    /** Why it fails: a FeedTrouble. */
    reason?: string;
    httpStatus?: number;
  };
  /** The time here, RFC 3339, UTC: callers whose clocks are wrong correct by it. */
  now: string;
  /** Which lists named the stops. */
  lists: { version: string; source: 'datamall' | 'file' | 'sample'; fetchedAt: string | null };
}

export interface BoardStop {
  code: string;
  name: string | null;
  road: string | null;
  position: { lat: number; lon: number } | null;
}

export interface Board {
  stop: BoardStop;
  meta: Meta;
  /** In natural order of the service's number. */
  services: BoardRow[];
}
