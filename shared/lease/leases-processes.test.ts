/** Leases among processes that share the embedded file and die at any moment. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { systemIds } from '../ids.ts';
import { arrivals, within } from '../queue/contract-tools.ts';
import { openDatabase } from '../sqlite/database.ts';
import { withShorthands } from '../store/index.ts';
import { createSqliteDriver } from '../store/sqlite.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createLeases } from './leases.ts';
import { createStoreRecords } from './store-records.ts';

guardAgainstLeaks();

/** A file of its own, leases on it in this process, and others in processes that end with the test. */
function begin(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-lease-'));
  const path = join(folder, 'hawker.db');
  const database = openDatabase(path);
  const store = withShorthands(createSqliteDriver(database, systemClock));
  const records = createStoreRecords(store, 'SQLite');
  const leases = createLeases({
    records,
    store,
    host: 'parent',
    clock: systemClock,
    ids: systemIds,
    log: createKeptLog(),
  });
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) await ended(child, () => child.kill('SIGKILL'));
    await leases.close(2_000);
    database.close();
    rmSync(folder, { recursive: true });
  });
  const child = () => {
    const process = fork(new URL('./lease-process.ts', import.meta.url), [path], { stdio: 'inherit' });
    children.push(process);
    const told = arrivals<string>();
    process.on('message', (text) => told.add(String(text)));
    return { process, told };
  };
  const tokens = async () => (await store.get<{ tokens: number[] }>('reigns', 'all'))?.value.tokens ?? [];
  return { store, leases, child, tokens };
}

async function ended(child: ChildProcess, end: () => unknown): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  end();
  await exited;
}

test('processes on one file lead in turn, and every term is counted once with a higher token', {
  timeout: 60_000,
}, async (t) => {
  const { child, tokens } = begin(t);
  const children = [child(), child(), child()];
  for (const { process } of children) process.send('hold');
  const turns = children.map(async ({ process, told }) => {
    for (let turn = 1; turn <= 5; turn++) {
      await within(told.count(2 * turn - 1), 'the lease');
      process.send('write');
      await within(told.count(2 * turn), 'the write');
      process.send(turn < 5 ? 'hold' : 'end');
    }
    return told.all.filter((text) => text !== 'held');
  });
  const told = (await Promise.all(turns)).flat();
  const all = await tokens();
  assert.equal(all.length, 15);
  assert.deepEqual(
    all,
    [...new Set(all)].toSorted((a, b) => a - b),
  );
  assert.deepEqual(told.sort(), all.map((token) => `wrote ${token}`).sort());
  for (const { process } of children) await ended(process, () => undefined);
  assert.deepEqual(
    children.map(({ process }) => process.exitCode),
    [0, 0, 0],
  );
});

test('a leader that stands still is followed when its time is over, and what it writes later is refused', {
  timeout: 60_000,
}, async (t) => {
  const { store, leases, child, tokens } = begin(t);
  const { process, told } = child();
  const lease = leases.lease('shared', { durationMs: 1_000 });
  process.send('hold');
  await within(told.count(1), 'the lease');
  process.kill('SIGSTOP');
  const held = await lease.acquire({ wait: 20_000 });
  await held.fenced([{ op: 'create', collection: 'reigns', id: 'all', value: { tokens: [held.token] } }]);
  process.send('write');
  process.kill('SIGCONT');
  await within(told.count(2), 'the refusal');
  const [, refusal = ''] = told.all;
  assert.match(refusal, /^refused \d+$/);
  assert.ok(Number(refusal.split(' ')[1]) < held.token);
  held.assert();
  assert.deepEqual(await tokens(), [held.token]);
  assert.equal((await store.list('reigns', { limit: 10 })).docs.length, 1);
});

test('a leader that was killed is followed when its time is over', { timeout: 60_000 }, async (t) => {
  const { leases, child } = begin(t);
  const { process, told } = child();
  process.send('hold');
  await within(told.count(1), 'the lease');
  const lease = leases.lease('shared', { durationMs: 1_000 });
  await ended(process, () => process.kill('SIGKILL'));
  assert.equal(await lease.tryAcquire(), undefined);
  const held = await lease.acquire({ wait: 20_000 });
  assert.equal((await leases.observe('shared'))?.term, 2);
  await held.release();
});
