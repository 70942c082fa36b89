/** What the runner's tests share: a store, a database in memory, messages that are kept, and processes over them. */
import assert from 'node:assert/strict';
import type { NewEvent } from '../events/event.ts';
import { systemIds } from '../ids.ts';
import { createLeases } from '../lease/leases.ts';
import { createStoreRecords } from '../lease/store-records.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { bundleOf } from './bundle.ts';
import { createMemoryDatabase } from './memory-database.ts';
import { type AskedRun, createRuns } from './run-records.ts';
import { createRunner, type RunOptions } from './runner.ts';
import type { Policy, Target } from './target.ts';

export const TARGET: Target = {
  name: 'shop',
  kind: 'postgres',
  address: { from: 'variable', name: 'SHOP_URL' },
  folder: '/migrations',
  table: 'schema_migrations',
  labels: {},
  lockTimeoutMs: 3_000,
  statementTimeoutMs: 0,
};

/** Migrations 1 to `count`; those of `apart` run outside a transaction. */
export function someFiles(count: number, apart: readonly number[] = []): Record<string, string> {
  const head = (version: number) => (apart.includes(version) ? '-- +job no-transaction\n' : '');
  const all = Array.from({ length: count }, (_, index) => index + 1);
  return Object.fromEntries(
    all.flatMap((n) => [
      [`${n}_m.up.sql`, `${head(n)}up ${n}`],
      [`${n}_m.down.sql`, `${head(n)}down ${n}`],
    ]),
  );
}

export function createRig(files: Record<string, string> = someFiles(3)) {
  const clock = createFakeClock();
  const store = withShorthands(createMemoryDriver());
  const database = createMemoryDatabase();
  const messages: { run: string; seq: number }[] = [];
  const told: NewEvent[] = [];
  const runs = createRuns({ store, clock, ids: systemIds });
  const rig = {
    ...{ clock, store, database, messages, told, runs, files },
    policy: {} as Policy,
    kind: TARGET.kind,
    /** What the next publication of a message does. */
    queueFails: false,
    begin: async (command: AskedRun['command'], more: Partial<AskedRun> = {}) =>
      (await runs.begin({ target: TARGET.name, command, by: 'ann', ...more })).id,
    /** Another one each time; with a clock of its own where it is to be paused. */
    process(
      own: FakeClock = clock,
      inApply?: () => Promise<unknown>,
      onPublish?: (topic: string, event: NewEvent) => void,
    ) {
      const log = createKeptLog();
      const records = createStoreRecords(store, 'memory');
      const leases = createLeases({ records, store, host: 'test', clock: own, ids: systemIds, log });
      const runner = createRunner({
        openSession: async () => database.open(inApply),
        readBundle: async () => bundleOf(rig.files),
        targets: async () => [{ ...TARGET, kind: rig.kind, policy: rig.policy }],
        leases: async () => leases,
        runs: createRuns({ store, clock: own, ids: systemIds }),
        queue: {
          async publish(topic, event) {
            onPublish?.(topic, event);
            if (topic === 'migration.told') told.push(event);
            else if (rig.queueFails) throw new Error('the queue is down');
            else messages.push(event.data as { run: string; seq: number });
          },
        },
        ...{ clock: own, ids: systemIds, log },
      });
      const run = (id: string, options: Partial<RunOptions> = {}) =>
        inTime(own, runner.run(id, { signal: new AbortController().signal, ...options }));
      return { runner, leases, log, run, clock: own };
    },
  };
  return rig;
}

/** Moves the clock on until the work has ended. */
export async function inTime<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  for (let turns = 0; !isOver; turns++) {
    // Four hours.
    assert.ok(turns < 288_000, 'it settles');
    await clock.advance(50);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  return work;
}
