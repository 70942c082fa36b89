/** Runners on real databases, as a function or the command line has them, over one data folder that several processes may share. */
import { type Clock, systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { systemIds } from '#shared/ids.ts';
import type { Leases } from '#shared/lease/lease.ts';
import { createLeases } from '#shared/lease/leases.ts';
import { createStoreRecords } from '#shared/lease/store-records.ts';
import { createLog } from '#shared/log.ts';
import { sessionsWith } from '#shared/migrations/index.ts';
import { readBundle } from '#shared/migrations/read-folder.ts';
import type { Command, RunRecord } from '#shared/migrations/run.ts';
import { createRuns, type Runs } from '#shared/migrations/run-records.ts';
import { createRunner, type Runner, type RunnerParts } from '#shared/migrations/runner.ts';
import type { Session } from '#shared/migrations/session.ts';
import type { Target } from '#shared/migrations/target.ts';
import type { Queue, SubscriptionSpec } from '#shared/queue/queue.ts';
import { openRuntime } from '#shared/runtime.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';

export interface RunnersGiven {
  target: Target;
  /** HAWKER_DATA, shared by all who are to know of each other's leases. */
  data: string;
  /** Shorter than in production, so that a test need not wait for it. */
  leaseMs?: number;
  /** Each runner has leases that nobody else knows of, as where settings differ: the database's own lock is alone then. */
  apart?: boolean;
  /** Stands between the runner and the database. */
  around?: (session: Session) => Session;
  /** Of the runner alone: sessions and leases have the system's. */
  clock?: Clock;
  /** What its messages go to, given the embedded queue. */
  messages?: (queue: Queue) => RunnerParts['queue'];
  subscriptions?: readonly SubscriptionSpec[];
}

export interface Runners extends AsyncDisposable {
  runs: Runs;
  runner: Runner;
  leases: Leases;
  queue: Queue;
  run(command: Command, more?: { lockTimeoutMs?: number }): Promise<RunRecord>;
}

export async function openRunners(given: RunnersGiven): Promise<Runners> {
  const {
    target,
    data,
    leaseMs,
    apart,
    around = (session) => session,
    clock = systemClock,
    subscriptions = [],
  } = given;
  const ids = systemIds;
  const log = createLog({ format: 'text', level: 'ERROR', now: Date.now, write: (line) => process.stderr.write(line) });
  const config = loadConfig({ HAWKER_DATA: data });
  const runtime = await openRuntime({ config, log, clock: systemClock, ids, subscriptions, prefix: '' });
  const store = apart ? withShorthands(createMemoryDriver()) : runtime.store;
  const records = createStoreRecords(store, 'memory');
  const leases = apart
    ? createLeases({ records, store, host: 'test', clock: systemClock, ids, log })
    : await runtime.leases();
  const shorter: Leases = {
    ...leases,
    lease: (name, options) => leases.lease(name, { ...options, ...(leaseMs && { durationMs: leaseMs }) }),
  };
  const runs = createRuns({ store, clock, ids });
  const openSession = sessionsWith(runtime);
  const runner = createRunner({
    ...{ runs, clock, ids, log, readBundle },
    openSession: async (of, options) => around(await openSession(of, { ...options, clock: systemClock })),
    targets: async () => [target],
    leases: async () => shorter,
    queue: given.messages?.(runtime.queue) ?? { publish: async () => {} },
  });
  return {
    ...{ runs, runner, leases, queue: runtime.queue },
    async run(command, more = {}) {
      const { id } = await runs.begin({ target: target.name, command, by: 'ann', ...more });
      return runner.run(id, { signal: new AbortController().signal });
    },
    async [Symbol.asyncDispose]() {
      if (apart) await leases.close(1_000);
      await runtime.close(1_000);
    },
  };
}
