import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createLeases } from '../lease/leases.ts';
import { createStoreRecords } from '../lease/store-records.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { bundleOf } from './bundle.ts';
import { sessionsWith } from './index.ts';
import { createRuns } from './run-records.ts';
import { createRunner } from './runner.ts';
import { TARGET } from './runner-rig.ts';

guardAgainstLeaks();

describe('runs on SQLite', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hawker-runs-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('ten at once migrate a file once, and what is told before and after agrees', { timeout: 60_000 }, async () => {
    const path = join(folder, 'shop.db');
    const files = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`${n + 1}_t.up.sql`, `CREATE TABLE t${n + 1} (id integer);`]),
    );
    const target = { ...TARGET, kind: 'sqlite' as const, address: { from: 'path' as const, path } };
    const [clock, ids, log] = [systemClock, systemIds, createKeptLog()];
    const store = withShorthands(createMemoryDriver());
    const runs = createRuns({ store, clock, ids });
    const open = () => {
      const leases = createLeases({ records: createStoreRecords(store, 'memory'), store, host: 't', clock, ids, log });
      const runner = createRunner({
        openSession: sessionsWith({
          config: loadConfig({}),
          ids,
          google: () => assert.fail('no address is at Google'),
        }),
        ...{ runs, clock, ids, log },
        readBundle: async () => bundleOf(files),
        targets: async () => [target],
        leases: async () => leases,
        queue: { publish: async () => {} },
      });
      return { runner, leases };
    };
    const one = open();
    const { state, pending } = await one.runner.status('shop');
    assert.deepEqual([state, pending], [{ version: undefined, dirty: false }, 10]);
    assert.equal((await one.runner.plan('shop', { command: 'up', steps: 3 })).steps.length, 3);

    const all = [one, ...Array.from({ length: 9 }, open)];
    const ended = await Promise.all(
      all.map(async ({ runner }) => {
        const { id } = await runs.begin({
          target: 'shop',
          command: { command: 'up' },
          by: 'ann',
          lockTimeoutMs: 50_000,
        });
        return runner.run(id, { signal: new AbortController().signal });
      }),
    );
    assert.deepEqual(
      ended.map((run) => run.error ?? run.state),
      Array(10).fill('done'),
    );
    assert.equal(ended.filter(({ changed }) => changed).length, 1);
    assert.equal((await one.runner.history('shop', 100)).length, 10);
    const verified = await one.runner.verify('shop');
    assert.ok(
      verified.ok,
      JSON.stringify(verified, (_, value: unknown) => String(value)),
    );
    const { head, lease } = await one.runner.status('shop');
    assert.deepEqual([head?.version, lease?.name], [10n, 'migrate.shop']);

    const other = new DatabaseSync(path);
    other.exec('UPDATE schema_migrations SET version = 7');
    other.close();
    const { ok, historyAt } = await one.runner.verify('shop');
    assert.deepEqual([ok, historyAt], [false, 10n]);
    for (const { leases } of all) await leases.close(1_000);
  });
});
