/** The arrivals that everybody in a process shares: one answer a stop in memory, one call for it at a time. */
import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { createRecentlyUsed } from '../recently-used.ts';
import { counter } from '../telemetry/metrics.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { createBreaker } from './breaker.ts';
import { createBudget } from './budget.ts';
import { refusal, type Trouble } from './feed-refusal.ts';
import {
  type ArrivalFeed,
  type LtaClient,
  LtaError,
  type LtaService,
  type LtaSnapshot,
  type Reading,
  STALE_MS,
  TTL_MS,
} from './lta.ts';

/**
 * What is known of a stop from the start of its first attempt on. Ages are of the monotonic clock: the wall clock may jump.
 *
 * - **Under way**: a flight of this stop is in `flights`. Whoever reads waits for it, each with a signal of their own; nobody's signal ends it. Who could have the last
 *   snapshot instead waits for PATIENCE_MS and takes that. It ends when the client has answered or failed, or at FLIGHT_MS, which is a failure by `timeout`; what the client does after that is lost.
 * - **Fresh**, for TTL_MS from when an answer was complete: readers get it as `cache`, and nobody is asked.
 * - **Failed**, for TTL_MS from when a failed attempt began: nobody is asked. Readers get the last snapshot as `stale`, up to STALE_MS old, else a refusal.
 * - **Due**, after either: the next reader begins an attempt, if breaker and budget let it. If not, it is as in Failed, with their reason.
 *
 * An answer is complete after its attempt began, so both ways lead to the same rule: between two beginnings lies TTL_MS at least.
 */
interface Entry {
  /** When the last attempt began. */
  begunAt: number;
  /** Of the last attempt that succeeded. */
  snapshot?: LtaSnapshot;
  /** Of the last attempt, if it failed. */
  trouble?: Trouble;
}

/** How a flight ends; it never rejects, since nobody may be waiting for it. */
type Outcome = { snapshot: LtaSnapshot } | { trouble: Trouble };

/** The client bounds its calls, to less than this. */
const FLIGHT_MS = 10_000;
const MOST_STOPS = 2_000;
/** People at a bus stop want an answer within a second, and one that says that it is a minute old is one. */
const PATIENCE_MS = 1_000;

/** Counts readings as they are given out; `none` where there was none to be had. */
const GIVEN = {
  live: counter('hawker.bus.readings', { 'hawker.freshness': 'live' }),
  cache: counter('hawker.bus.readings', { 'hawker.freshness': 'cached' }),
  stale: counter('hawker.bus.readings', { 'hawker.freshness': 'stale' }),
  none: counter('hawker.bus.readings', { 'hawker.freshness': 'none' }),
};

export interface FeedOptions {
  client: Pick<LtaClient, 'arrivals'>;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** See createBudget. */
  callsPerMinute: number;
}

export function createFeed({ client, clock, ids, log, callsPerMinute }: FeedOptions): ArrivalFeed {
  const budget = createBudget({ clock, callsPerMinute });
  const breaker = createBreaker({ clock, ids, log });
  /**
   * The least recently asked for goes, not the least recently read: so that it cannot be forgotten while it says not to ask. As there is room for a minute's
   * calls, an entry stays for a minute after its attempt began, which is longer than FLIGHT_MS and TTL_MS together.
   */
  const entries = createRecentlyUsed<Entry>(Math.max(MOST_STOPS, budget.callsPerMinute));
  const flights = new Map<string, Promise<Outcome>>();
  let calls = 0;
  let failures = 0;

  function fly(stop: string): Promise<Outcome> {
    const known = entries.peek(stop)?.snapshot;
    const entry: Entry = { begunAt: clock.mono(), ...(known && { snapshot: known }) };
    entries.set(stop, entry);
    const attempt = breaker.begin(stop);
    calls++;
    const flight = ask(stop).then(
      (services): Outcome => {
        const snapshot = { stop, services, fetchedAt: clock.now(), fetchedMono: clock.mono() };
        entry.snapshot = snapshot;
        attempt.succeeded();
        flights.delete(stop);
        return { snapshot };
      },
      (thrown: unknown): Outcome => {
        const error = thrown instanceof LtaError ? thrown : unforeseen(thrown);
        failures++;
        const { trouble: reason, httpStatus } = error;
        log.debug('LTA DataMall gave no arrivals', { stop, reason, httpStatus });
        const trouble = { reason, ...(httpStatus !== undefined && { httpStatus }) };
        entry.trouble = trouble;
        attempt.failed(error);
        flights.delete(stop);
        return { trouble };
      },
    );
    flights.set(stop, flight);
    return flight;
  }

  async function ask(stop: string): Promise<readonly LtaService[]> {
    const call = new AbortController();
    const timer = new AbortController();
    const limit = clock.sleep(FLIGHT_MS, timer.signal).then(() => {
      throw new LtaError('timeout', 'LTA has not answered, and the client has not given up');
    });
    try {
      return await Promise.race([Promise.try(() => client.arrivals(stop, call.signal)), limit]);
    } finally {
      timer.abort();
      call.abort();
    }
  }

  /** A mistake of ours: the client throws nothing but LtaError. Its text is not told, since nobody knows what is in it. */
  function unforeseen(thrown: unknown): LtaError {
    log.error('the client of LTA DataMall threw what it should not', { kind: Object(thrown).name });
    return new LtaError('unreachable', 'the client threw what it should not');
  }

  /** Lets a reader who has found nothing fresh begin an attempt, and pays for it; or tells why not. */
  function refused(stop: string): Trouble | undefined {
    const entry = entries.peek(stop);
    if (entry?.trouble && clock.mono() < entry.begunAt + TTL_MS) return entry.trouble;
    const broken = breaker.obstacle();
    if (broken)
      return { reason: broken.reason, ...(broken.httpStatus !== undefined && { httpStatus: broken.httpStatus }) };
    return budget.take() ? undefined : { reason: 'budget' };
  }

  /** The flight goes on, for the next who reads. */
  async function inPatience(flight: Promise<Outcome>): Promise<Outcome> {
    const over = new AbortController();
    const late = clock.sleep(PATIENCE_MS, over.signal).then((): Outcome => ({ trouble: { reason: 'slow' } }));
    try {
      return await Promise.race([flight, late]);
    } finally {
      over.abort();
    }
  }

  function isOld(snapshot: LtaSnapshot | undefined): snapshot is undefined {
    return !snapshot || clock.mono() - snapshot.fetchedMono > STALE_MS;
  }

  function fallBack(stop: string, trouble: Trouble): Reading {
    const snapshot = entries.peek(stop)?.snapshot;
    if (isOld(snapshot)) {
      GIVEN.none();
      throw refusal(trouble, dueInMs(stop));
    }
    GIVEN.stale();
    return { snapshot, source: 'stale', upstream: { status: 'failing', ...trouble } };
  }

  function dueInMs(stop: string): number {
    if (flights.has(stop)) return 0;
    const entry = entries.peek(stop);
    const own = !entry
      ? 0
      : (entry.trouble ? entry.begunAt : (entry.snapshot?.fetchedMono ?? 0)) + TTL_MS - clock.mono();
    return Math.ceil(Math.max(0, own, breaker.obstacle()?.waitMs ?? 0, budget.waitMs()));
  }

  return {
    async read(stop, signal) {
      signal?.throwIfAborted();
      const snapshot = entries.peek(stop)?.snapshot;
      if (snapshot && clock.mono() - snapshot.fetchedMono < TTL_MS) {
        GIVEN.cache();
        return { snapshot, source: 'cache', upstream: { status: 'ok' } };
      }
      let flight = flights.get(stop);
      if (!flight) {
        const trouble = refused(stop);
        if (trouble) return fallBack(stop, trouble);
        flight = fly(stop);
      }
      const outcome = await unlessAborted(isOld(snapshot) ? flight : inPatience(flight), signal);
      if ('trouble' in outcome) return fallBack(stop, outcome.trouble);
      GIVEN.live();
      return { snapshot: outcome.snapshot, source: 'live', upstream: { status: 'ok' } };
    },

    dueInMs,

    state: () => ({
      callsLeft: budget.left(),
      callsPerMinute: budget.callsPerMinute,
      breaker: breaker.state(),
      stops: [...entries.values()].filter((entry) => entry.snapshot).length,
      calls,
      failures,
    }),
  };
}
