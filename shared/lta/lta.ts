/**
 * LTA DataMall as Hawker uses it: one client that tells the truth about every answer, and one feed of arrivals that everybody in a process shares.
 *
 * Facts behind it: LTA DataMall API User Guide v6.8, sections 1, 2.1 to 2.4, and recorded calls; where they contradict each other, a recorded call wins.
 */
import type { AppError } from '../errors.ts';

/** One bus on its way, as one of the three slots of a service tells. Nothing that LTA left blank or wrote as nonsense is here. */
export interface LtaBus {
  /** When it should arrive, milliseconds since the epoch. */
  eta: number;
  /** From the vehicle's position; else from the operator's timetable. */
  monitored: boolean;
  /** Only of a monitored bus, inside Singapore. */
  position?: { lat: number; lon: number };
  /** 1, or 2 where the service passes this stop a second time on its way. */
  visit: number;
  /** Codes of the stops at its ends. */
  origin?: string;
  destination?: string;
  /** SEA, SDA and LSD. */
  load?: 'seats' | 'standing' | 'limited';
  /** Undefined where LTA said nothing. */
  wheelchair?: boolean;
  /** SD, DD and BD. */
  deck?: 'single' | 'double' | 'bendy';
}

/** One service of a reply. The same number may come twice: once for each direction. */
export interface LtaService {
  service: string;
  operator: string;
  /** NextBus, NextBus2, NextBus3: undefined where there is no such bus or its time cannot be read. Always three. */
  slots: [LtaBus | undefined, LtaBus | undefined, LtaBus | undefined];
}

/** Why LTA gave no usable answer. */
export type LtaTrouble =
  /** 401 or 403. An outage has looked like this as well. */
  | 'key_refused'
  | 'rate_limited'
  | 'not_found'
  /** Any other status that is not 2xx. */
  | 'bad_status'
  /** Cut off, not decodable, not JSON, or JSON of another shape. */
  | 'bad_body'
  | 'too_large'
  /** Redirects are not followed: the key would go along. */
  | 'redirected'
  | 'timeout'
  | 'unreachable';

/** What went wrong with one request. Its message never holds the key, an address or a piece of the answer. */
export class LtaError extends Error {
  override readonly name = 'LtaError';
  readonly trouble: LtaTrouble;
  /** Where there was an answer. */
  readonly httpStatus: number | undefined;
  /** What a `Retry-After` asked for, in milliseconds, at most 10 minutes. */
  readonly retryAfterMs: number | undefined;

  constructor(trouble: LtaTrouble, message: string, options: { httpStatus?: number; retryAfterMs?: number } = {}) {
    super(message);
    this.trouble = trouble;
    this.httpStatus = options.httpStatus;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** What it is called where errors are counted (telemetry/error-type.ts). */
  get code(): LtaTrouble {
    return this.trouble;
  }
}

/** The paged sets, by the names DataMall gives them. */
export type LtaSet = 'BusStops' | 'BusServices' | 'BusRoutes' | 'PlannedBusRoutes';

/** Makes requests, one for each call, each bounded in time and size. */
export interface LtaClient {
  /** All services of a stop, in the order of the reply; none where the stop is quiet, or unknown, which LTA does not tell apart. Throws LtaError. */
  arrivals(stop: string, signal?: AbortSignal): Promise<LtaService[]>;
  /**
   * The rows of a page that starts after `skip` rows, at most 500, each an object as it came. The end is an empty or a short page; who calls decides.
   * Throws LtaError.
   */
  page(set: LtaSet, skip: number, signal?: AbortSignal): Promise<Record<string, unknown>[]>;
}

/** One answer about one stop. */
export interface LtaSnapshot {
  stop: string;
  services: readonly LtaService[];
  /** When the answer was complete, by the wall clock, milliseconds since the epoch; and by the monotonic clock. */
  fetchedAt: number;
  fetchedMono: number;
}

/** What stood in the way of a newer snapshot: LTA, or our own care for it. While LTA is left alone after failures, it is the last failure that stands. */
export type FeedTrouble =
  | LtaTrouble
  /** The calls a minute that the settings allow are used up. */
  | 'budget'
  /** LTA has been asked and has not answered yet; who can have an older answer does not wait for it. */
  | 'slow';

/** A snapshot, and what can be said about it. */
export interface Reading {
  snapshot: LtaSnapshot;
  /** `live`: fetched for this very call. `cache`: younger than TTL_MS. `stale`: older, since a newer one could not be had. */
  source: 'live' | 'cache' | 'stale';
  /** `ok` where the last attempt for this stop succeeded. */
  upstream: { status: 'ok' } | { status: 'failing'; reason: FeedTrouble; httpStatus?: number };
}

/** How long a snapshot is as good as new: LTA's own update interval (User Guide, section 2.1). Also the least time between two calls for one stop. */
export const TTL_MS = 20_000;
/** How old a snapshot may be that is served when no newer one can be had. */
export const STALE_MS = 120_000;

/** Thrown by the feed: nothing fresh enough can be told. `unavailable`, with Retry-After. */
export interface FeedRefusal extends AppError {
  /** Why; absent on other errors. */
  readonly feedTrouble?: { reason: FeedTrouble; httpStatus?: number };
}

/**
 * The arrivals that everybody in this process shares. LTA sees at most one call for a stop every TTL_MS, failed ones included, however many ask; all calls
 * together stay within the budget.
 */
export interface ArrivalFeed {
  /**
   * Waits for a call under way rather than make another; whoever aborts stops waiting, and the call goes on for the others. Throws `unavailable` with
   * Retry-After where there is neither a fresh answer nor one that is younger than STALE_MS; rejects with the signal's reason.
   */
  read(stop: string, signal?: AbortSignal): Promise<Reading>;
  /** In how many milliseconds `read` of this stop would ask LTA again rather than answer from memory; 0 where it would now. */
  dueInMs(stop: string): number;
  /** For the operator: how much of the budget is left, and whether the breaker is open. */
  state(): FeedState;
}

export interface FeedState {
  callsLeft: number;
  callsPerMinute: number;
  breaker: 'closed' | 'open' | 'half-open';
  /** Stops whose snapshots are in memory. */
  stops: number;
  /** Since the process started. */
  calls: number;
  failures: number;
}

/** What a process has of LTA. One for all functions of it, so that they share the budget. */
export interface Lta {
  /** Absent without LTA_ACCOUNT_KEY: then nothing is known of real stops. */
  client?: LtaClient;
  feed?: ArrivalFeed;
}
