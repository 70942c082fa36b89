/** The command as a process of its own, on SQLite and the Firestore emulator. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import { openEmbeddedQueue } from '#shared/queue/embedded.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import type { Store } from '#shared/store/store.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { queueLeft } from './queue-left.ts';
import {
  documentLines,
  emulator,
  newProject,
  openFirestore,
  openSqlite,
  runData,
  skip,
  startData,
  temporaryFolder,
} from './testing.ts';

async function fill(store: Store, count: number): Promise<void> {
  const text = 'x'.repeat(500);
  for (let n = 0; n < count; n += 500)
    await store.commit(
      Array.from({ length: 500 }, (_, m) => ({
        op: 'create',
        collection: 'links',
        id: `${n + m}`,
        value: { n, text },
      })),
    );
}

/** Polls without a pause: what is waited for lasts some tenths of a second. */
async function meanwhile(seen: () => Promise<boolean>): Promise<void> {
  const end = systemClock.mono() + 30_000;
  while (!(await seen())) {
    assert.ok(systemClock.mono() < end, 'it never came so far');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('npm run data', { timeout: 110_000 }, () => {
  for (const place of ['SQLite', 'Firestore'])
    it(`import into ${place}, killed in the middle, is finished by the next`, {
      skip: place !== 'SQLite' && skip,
    }, async () => {
      // Many more than are on their way at a time, so that it is seen before it is over.
      const count = 10_000;
      using one = temporaryFolder();
      using two = temporaryFolder();
      {
        await using from = openSqlite(one.path);
        await fill(from.store, count);
      }
      const exporting = await runData(['export', '--to', one.file('f')], { HAWKER_DATA: one.path });
      assert.equal(exporting.code, 0, exporting.stderr);
      assert.ok(exporting.stdout.includes(`\n${count} documents are in `));
      const project = newProject();
      const cloud = { HAWKER_STORE: 'firestore', GOOGLE_CLOUD_PROJECT: project, FIRESTORE_EMULATOR_HOST: emulator };
      const env: Record<string, string> = { HAWKER_DATA: two.path, ...(place !== 'SQLite' && cloud) };
      const started = startData(['import', '--from', one.file('f')], env);
      {
        await using to = place === 'SQLite' ? openSqlite(two.path) : openFirestore(project);
        await meanwhile(async () => (await to.store.list('links', { limit: 1 })).docs.length > 0);
        started.child.kill('SIGKILL');
      }
      assert.equal((await started.ended).code, null);
      const again = await runData(['import', '--from', one.file('f'), '--json'], env);
      assert.equal(again.code, 0, again.stderr);
      const { counts } = JSON.parse(again.stdout) as { counts: { links: { create: number; same: number } } };
      assert.ok(counts.links.create > 0 && counts.links.same > 0);
      assert.equal(counts.links.create + counts.links.same, count);
      assert.equal((await runData(['export', '--to', two.file('g')], env)).code, 0);
      assert.deepEqual(documentLines(two.file('g')), documentLines(one.file('f')));
    });

  it('export onto a disk without room says so, and goes on where there is some', async () => {
    using folder = temporaryFolder();
    {
      await using from = openSqlite(folder.path);
      await fill(from.store, 3_000);
    }
    const script = join(import.meta.dirname, '..', 'data.ts');
    // Files may grow to 512 KiB and no further.
    const child = spawn(
      'sh',
      ['-c', 'ulimit -f 1024; exec "$0" "$@"', process.execPath, script, 'export', '--to', folder.file('f')],
      {
        env: { PATH: process.env['PATH'], HAWKER_DATA: folder.path },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^data: no room left for .*--resume\n$/);
    assert.ok(!existsSync(folder.file('f')) && existsSync(folder.file('f.part')));
    const again = await runData(['export', '--to', folder.file('f'), '--resume'], { HAWKER_DATA: folder.path });
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /one page after another/);
    assert.equal(new Set(documentLines(folder.file('f'))).size, 3_000);
  });

  it('export is of one moment while others write to SQLite', async () => {
    using folder = temporaryFolder();
    await using from = openSqlite(folder.path);
    await fill(from.store, 20_000);
    const started = startData(['export', '--to', folder.file('f')], { HAWKER_DATA: folder.path });
    // What is read first and what is read last are of one commit.
    let n = 0;
    const write = async () => {
      n++;
      await from.store.commit([
        { op: 'create', collection: 'links', id: `z-${n}`, value: {} },
        { op: 'create', collection: 'bus-lists', id: `a-${n}`, value: {} },
      ]);
      return existsSync(folder.file('f'));
    };
    await meanwhile(write);
    assert.equal((await started.ended).code, 0);
    const ids = documentLines(folder.file('f')).map((line) => JSON.parse(line) as { collection: string; id: string });
    const numbers = (prefix: string) =>
      ids
        .filter(({ id }) => id.startsWith(prefix))
        .map(({ id }) => Number(id.slice(2)))
        .toSorted((a, b) => a - b);
    assert.deepEqual(numbers('z-'), numbers('a-'));
    assert.ok(numbers('z-').length < n);
  });

  it('export tells what the queue holds, which does not move', async () => {
    using folder = temporaryFolder();
    const database = openDatabase(folder.file('hawker.db'));
    assert.deepEqual(queueLeft(database), { waiting: {}, dead: {} });
    const subscriptions = subscriptionsOf(MANIFEST);
    const queue = openEmbeddedQueue({
      database,
      subscriptions,
      clock: systemClock,
      ids: systemIds,
      log: createKeptLog(),
    });
    for (const id of ['1', '2'])
      await queue.publish('link.hit', {
        id,
        source: '/test',
        type: 'link.hit',
        time: '2026-01-01T00:00:00Z',
        data: {},
      });
    await queue.close(1_000);
    database.run("INSERT INTO queue_dead_letters VALUES (1, 'slides-jobs', 0, '{}', NULL, 5, 'broken', 0)");
    database.close();
    const { code, stderr } = await runData(['export', '--to', folder.file('f')], { HAWKER_DATA: folder.path });
    assert.equal(code, 0);
    assert.match(stderr, /^data: 2 events wait in the queue \(clicks 2\), and the queue does not move/m);
    assert.match(stderr, /^data: 1 dead letters of slides-jobs .*npm run queue -- dlq ls slides-jobs/m);
  });

  it('export names what it leaves, since this Hawker has no such collection', async () => {
    using folder = temporaryFolder();
    {
      await using from = openSqlite(folder.path);
      for (const id of ['1', '2']) await from.store.create('bygones', id, {});
      for (const collection of ['leases', 'links', 'hawker-check']) await from.store.create(collection, '1', {});
    }
    const { code, stderr } = await runData(['export', '--to', folder.file('f')], { HAWKER_DATA: folder.path });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^data: 2 documents of bygones do not move: this Hawker has no such collection\n$/);
  });

  it('says what stands in the way, in one line and with its exit code', async () => {
    using folder = temporaryFolder();
    const nowhere = folder.file('nowhere');
    const cloud = {
      HAWKER_STORE: 'firestore',
      GOOGLE_CLOUD_PROJECT: 'some-project',
      FIRESTORE_EMULATOR_HOST: '127.0.0.1:1',
    };
    const cases: [string[], Record<string, string>, number, RegExp][] = [
      [['import'], {}, 2, /--from/],
      [['export', '--to', folder.file('f')], { HAWKER_DATA: nowhere }, 1, /there is no data in .*nowhere/],
      [['import', '--from', folder.path], { HAWKER_DATA: nowhere }, 1, /is no file/],
      [['import', '--from', '/dev/stdin'], { HAWKER_DATA: nowhere }, 1, /is no file/],
      [['import', '--from', folder.file('none')], { HAWKER_DATA: nowhere }, 1, /there is no file/],
      [['export', '--to', folder.file('f')], { HAWKER_STORE: 'firestore' }, 1, /GOOGLE_CLOUD_PROJECT is needed/],
      [['export', '--to', folder.file('f')], cloud, 1, /Firestore/],
    ];
    await Promise.all(
      cases.map(async ([args, env, code, reason]) => {
        const ended = await runData(args, env);
        assert.equal(ended.code, code, ended.stderr);
        assert.match(ended.stderr, reason);
        assert.match(ended.stderr, /^data: .*\n$/);
      }),
    );
    assert.equal(existsSync(nowhere), false);
    assert.equal(readFileSync(folder.file('f.part'), 'utf8').split('\n').length, 2);
  });
});
