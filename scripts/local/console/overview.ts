/**
 * What the console shows, as data. What is in memory is read each time; what the store, the queue and the leases know is read only while somebody looks, and not more
 * often than every few seconds, however many look.
 */
import type { FunctionRow, Runtime } from '#shared/define.ts';
import { perMinute, type RecentInvocation, recent } from '#shared/telemetry/recent.ts';
import { createKept, type Known } from './known.ts';
import type { LastFirings } from './last-firings.ts';
import type { Pace } from './pace.ts';
import { type BusState, readBus } from './parts/bus.ts';
import { type LeaseRow, readLeases } from './parts/leases.ts';
import { type ProcessState, readProcess, startOf } from './parts/process.ts';
import { type QueueRow, readQueue } from './parts/queue.ts';
import { type DependencyRow, readReadiness } from './parts/readiness.ts';
import { type RunRow, readRuns } from './parts/runs.ts';
import { createSchedules, type ScheduleRow } from './parts/schedules.ts';
import { traceLink } from './trace-link.ts';

export interface Told extends RecentInvocation {
  /** Where its trace can be looked at. */
  trace?: string;
  /** Of a failure: how often, where there were others like it. */
  times?: number;
}

export interface Overview {
  /** RFC 3339. */
  now: string;
  minute: {
    requests: number;
    failures: number;
    /** Of events and firings. */
    otherFailures: number;
    p50Ms: number;
    p99Ms: number;
    /** Of each ten seconds of the last ten minutes, the oldest first. */
    pace: { ended: number[]; failures: number[] };
  };
  /** The newest first. */
  invocations: Told[];
  failures: Told[];
  readiness: Known<DependencyRow[]>;
  queue: Known<QueueRow[] | 'pubsub'>;
  leases: Known<LeaseRow[]>;
  schedules: Known<ScheduleRow[]>;
  /** Absent where databases are not migrated here. */
  runs?: Known<RunRow[]>;
  /** Absent where buses are not served here. */
  bus?: Known<BusState>;
  process: ProcessState;
}

export interface OverviewOptions {
  rows: readonly FunctionRow[];
  runtime: Runtime;
  pace: Pace;
  firings: LastFirings;
  /** What the live list leaves out: what comes of looking at the page itself. */
  isOwn: (one: RecentInvocation) => boolean;
}

export interface OverviewReader {
  /** At once; what has to be asked for is as it was when it was last read. */
  now(): Overview;
  /** With what has to be asked for, as far as it comes within two seconds. */
  fresh(): Promise<Overview>;
}

const MOST_INVOCATIONS = 30;
const MOST_FAILURES = 8;
/** How long what was read is good, in milliseconds: where a read costs money, longer. */
const NEAR_MS = 3_000;
const REMOTE_MS = 15_000;
/** What is slower than this is shown when it comes. */
const PATIENCE_MS = 2_000;

export function createOverview({ rows, runtime, pace, firings, isOwn }: OverviewOptions): OverviewReader {
  const { config, clock, store } = runtime;
  const goodMs = store.remote ? REMOTE_MS : NEAR_MS;
  const kept = <T>(read: () => Promise<T> | T) => createKept({ read, goodMs, clock });
  const since = startOf(clock.now());
  const serves = (name: string) => rows.some((row) => row.name === name);

  const readiness = kept(() => readReadiness(runtime));
  const queue = kept(() => readQueue(runtime, rows));
  const leases = kept(() => readLeases(runtime));
  const schedules = kept(createSchedules(rows, runtime, firings));
  const runs = serves('migrations') ? kept(() => readRuns(runtime)) : undefined;
  const bus = serves('bus') ? kept(() => readBus(runtime)) : undefined;
  const asked = [readiness, queue, leases, schedules, ...(runs ? [runs] : []), ...(bus ? [bus] : [])];

  const told = (one: RecentInvocation): Told => {
    const trace = one.traceId !== undefined && one.sampled ? traceLink(config, one.traceId) : undefined;
    return { ...one, ...(trace !== undefined && { trace }) };
  };

  const now = (): Overview => {
    const at = clock.now();
    const { invocations, failures } = recent();
    return {
      now: new Date(at).toISOString(),
      minute: { ...perMinute(at), pace: pace.read(at) },
      invocations: invocations
        .filter((one) => !isOwn(one))
        .slice(0, MOST_INVOCATIONS)
        .map(told),
      failures: failures.slice(0, MOST_FAILURES).map(told),
      readiness: readiness.value(),
      queue: queue.value(),
      leases: leases.value(),
      schedules: schedules.value(),
      ...(runs && { runs: runs.value() }),
      ...(bus && { bus: bus.value() }),
      process: readProcess(config, since),
    };
  };

  return {
    now,
    async fresh() {
      const enough = new AbortController();
      const late = clock.sleep(PATIENCE_MS, enough.signal).catch(() => undefined);
      await Promise.race([Promise.all(asked.map((each) => each.refreshed())), late]);
      enough.abort();
      return now();
    },
  };
}
