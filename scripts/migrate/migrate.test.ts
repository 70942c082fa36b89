import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { serverOf, startPostgres } from '#shared/migrations/postgres/rig.ts';
import { startLease } from '../lease/testing.ts';
import { openPlace } from './testing.ts';

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

describe('npm run migrate', () => {
  it('migrates the sample and tells of it', { timeout: 120_000 }, async () => {
    using place = openPlace();
    const call = async (typed: string) => {
      const { code, stdout, stderr } = await place.migrate(typed.split(' '));
      return { code, stderr, stdout: stdout.replaceAll(/\d+ ms/g, 'T').replaceAll(/run [\w-]{21}/g, 'run ID') };
    };
    const TALK: [typed: string, code: number, stdout: string][] = [
      ['status', 4, 'sample (sqlite): no version, 4 pending\n'],
      ['up 2 --dry-run', 0, 'sample: up 1 stalls (1_stalls.up.sql)\nsample: up 2 dishes (2_dishes.up.sql)\n'],
      ['up 2', 0, 'sample: run ID\nsample: up 1 stalls (T)\nsample: up 2 dishes (T)\nsample: done; at version 2\n'],
      ['goto 1', 0, 'sample: run ID\nsample: down 2 dishes (T)\nsample: done; at version 1\n'],
      ['goto 1', 3, 'sample: run ID\nsample: no change; at version 1\n'],
      ['redo', 0, 'sample: run ID\nsample: down 1 stalls (T)\nsample: up 1 stalls (T)\nsample: done; at version 1\n'],
      ['verify', 0, 'sample: version 1: all agrees\n'],
      ['unlock --yes', 0, 'sample: nobody holds anything\n'],
    ];
    for (const [typed, code, stdout] of TALK) assert.deepEqual(await call(typed), { code, stdout, stderr: '' }, typed);
    const short = await call('down 3');
    assert.deepEqual([short.code, short.stderr], [1, 'migrate: sample: limit 2 short; at no version\n']);
    const { stdout } = await place.migrate(['up', '--json']);
    const record = JSON.parse(stdout);
    assert.deepEqual([record.state, record.done, record.to], ['done', 4, { version: '4', dirty: false }]);
    const history = JSON.parse((await place.migrate(['history', '--json', '--limit', '2'])).stdout);
    assert.deepEqual(
      history.items.map(({ version }: { version: string }) => version),
      ['4', '3'],
    );
    const ended = await place.migrate(['cancel', record.id]);
    assert.deepEqual([ended.code, ended.stdout], [0, `${record.id}: done\n`]);
  });

  it('says how to number a new file that follows one of many digits', async () => {
    using place = openPlace();
    const folder = place.folder({ '18446744073709551610_a.up.sql': 'select 1' });
    const targets = [{ name: 'shop', kind: 'sqlite', folder, address: { path: 'shop.db' } }];
    const env = { HAWKER_DATABASES: place.file('targets.json', JSON.stringify({ targets })) };
    const { code, stderr } = await place.migrate(['create', 'more'], { env });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      'migrate: next sequence number 18446744073709551611 too large. At most 6 digits are allowed; --time puts the time there instead\n',
    );
    assert.equal((await place.migrate(['create', 'more', '--time'], { env })).code, 0);
  });

  it('names a file that fails once, and where in it', async () => {
    using place = openPlace();
    const folder = place.folder({ '1_a.up.sql': 'create table a (x int);\ninsert into nowhere values (1);' });
    const targets = [{ name: 'shop', kind: 'sqlite', folder, address: { path: 'shop.db' } }];
    const env = { HAWKER_DATABASES: place.file('targets.json', JSON.stringify({ targets })) };
    const { code, stderr } = await place.migrate(['up'], { env });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      'migrate: shop: 1_a.up.sql: statement 2 of 2, line 2: no such table: nowhere; at no version\n',
    );
  });

  it('tells one line and no address of a database that does not answer', async () => {
    using place = openPlace();
    const targets = ['postgres', 'mysql'].map((kind) => ({
      name: kind,
      kind,
      folder: '.',
      address: { variable: 'DB' },
    }));
    const file = place.file('targets.json', JSON.stringify({ targets }));
    for (const kind of ['postgres', 'mysql']) {
      const env = { HAWKER_DATABASES: file, DB: `${kind}://me:hunter2@127.0.0.1:1/x` };
      const { code, stdout, stderr } = await place.migrate(['up', '--target', kind], { env });
      assert.equal(code, 1, stderr);
      assert.equal(stderr, `migrate: ${kind}: nobody answers at 127.0.0.1:1 (ECONNREFUSED)\n`);
      assert.doesNotMatch(stdout + stderr, /hunter2/);
      const other = { ...env, DB: `${kind === 'mysql' ? 'postgres' : 'mysql'}://me:hunter2@127.0.0.1:1/x` };
      const status = await place.migrate(['status', '--target', kind], { env: other });
      assert.match(status.stdout, /: target \w+: its address, in the variable DB, is none of /);
      assert.doesNotMatch(status.stdout + status.stderr, /hunter2/);
    }
    const which = await place.migrate(['up'], { env: { HAWKER_DATABASES: file } });
    assert.deepEqual([which.code, which.stderr], [2, 'migrate: which one? Add --target, of postgres, mysql\n']);
  });

  it('says who holds the lease, and breaks it when told to', { timeout: 120_000 }, async () => {
    using place = openPlace();
    await using leading = startLease(place.path, [
      'run',
      'migrate.sample',
      '--note',
      'me',
      '--json',
      '--',
      'sleep',
      '60',
    ]);
    await leading.shows(/acquired/);
    const locked = await place.migrate(['up', '--lock-timeout', '100ms']);
    assert.equal(locked.code, 5, locked.stderr);
    assert.match(locked.stdout, /waits for the lease, held by/);
    assert.match(locked.stderr, /^migrate: sample: [^\n]*lease is held by[^\n]*\n$/);
    // The lease says what it is held for; nobody needs to read it twice.
    const status = await place.migrate(['status']);
    assert.match(status.stdout, /^sample: lease: \S+ leads since \S+ \(term 1, me\), renewed [^(]*$/m);
    const waiting = place.start(['up', '--lock-timeout', '10m']);
    await waiting.shows(/waits for the lease/);
    waiting.child.kill('SIGTERM');
    const told = await waiting.ended;
    assert.deepEqual([told.code, /stopped after 0 of 0/.test(told.stdout)], [143, true]);
    const unsure = await place.migrate(['unlock']);
    assert.deepEqual([unsure.code, unsure.stderr], [2, 'migrate: nothing was changed: add --yes to break the lease\n']);
    assert.match((await place.migrate(['unlock', '--yes'])).stdout, /the lease is broken/);
    assert.equal((await place.migrate(['up'])).code, 0);
    assert.equal((await leading.ended).code, 1);
  });

  for (const [times, expected] of [
    [1, '1'],
    [2, undefined],
  ] as const)
    it(`stops ${times === 1 ? 'after this file on a first' : 'at once on a second'} SIGINT`, {
      skip: postgres.skip,
    }, async () => {
      using place = openPlace();
      const database = await startPostgres(postgres.address);
      try {
        const folder = place.folder({ '1_a.up.sql': 'select pg_advisory_xact_lock(77)', '2_b.up.sql': 'select 1' });
        const target = { name: 'p', kind: 'postgres', folder, address: { variable: 'DB' }, lockTimeoutMs: 60_000 };
        const env = {
          HAWKER_DATABASES: place.file('t.json', JSON.stringify({ targets: [target] })),
          DB: database.address,
        };
        await database.query('select pg_advisory_lock(77)');
        const running = place.start(['up'], { env });
        const waits =
          "select 1 from pg_locks where locktype = 'advisory' and objid = 77 and not granted and database = (select oid from pg_database where datname = current_database())";
        while ((await database.query(waits)).length === 0) await pause(20);
        running.child.kill('SIGINT');
        await running.shows(/SIGINT: stopping after this file/);
        if (times === 2) running.child.kill('SIGINT');
        else await database.query('select pg_advisory_unlock(77)');
        const { code, stdout } = await running.ended;
        assert.equal(code, 130);
        if (times === 1) assert.match(stdout, /p: up 1 a \(\d+ ms\)\np: stopped after 1 of 2; at version 1\n$/);
        const rows = await database.query('select version::text from schema_migrations');
        assert.deepEqual(rows, expected === undefined ? [] : [[expected]]);
      } finally {
        await database.close();
      }
    });
});
