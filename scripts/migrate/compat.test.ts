/** golang-migrate's command line, texts and exit codes, frozen (research section 2), on each dialect. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mysqlOf } from '#shared/migrations/mysql/rig.ts';
import { serverOf, startPostgres } from '#shared/migrations/postgres/rig.ts';
import { openPlace } from './testing.ts';

const FILES = {
  '1_a.up.sql': 'create table a (x int);\n',
  '1_a.down.sql': 'drop table a;\n',
  '0002_b.up.sql': 'create table if not exists b (x int);\n',
  '3_c.up.sql': 'create table c (x int);\n',
  '3_c.down.sql': 'drop table c;\n',
  'README.md': 'passed over',
};
const ABSENT = 'error: no migration found for version 9: read down for version 9 .: file does not exist\n';

/** In this order: what is typed, the exit code, what stands on standard error with each time as T. */
const TALK: [typed: string, code: number, stderr: string][] = [
  ['version', 1, 'error: no migration\n'],
  ['down 1', 1, 'error: file does not exist\n'],
  ['down -all', 0, 'no change\n'],
  ['up 0', 0, 'no change\n'],
  ['up 1', 0, '1/u a (T)\n'],
  ['version', 0, '1\n'],
  ['up', 0, '2/u b (T)\n3/u c (T)\n'],
  ['up', 0, 'no change\n'],
  ['up 5', 1, 'error: file does not exist\n'],
  ['goto 9', 1, ABSENT],
  ['goto 3', 0, 'no change\n'],
  ['goto 1', 0, '3/d c (T)\n2/d <empty> (T)\n'],
  ['up 5', 1, '2/u b (T)\n3/u c (T)\nerror: limit 3 short\n'],
  ['force 1', 0, ''],
  ['version', 0, '1\n'],
  ['down 5', 1, '1/d a (T)\nerror: limit 4 short\n'],
  ['force -- -1', 0, ''],
  ['version', 1, 'error: no migration\n'],
  ['force 9', 0, ''],
  ['up', 1, ABSENT],
  ['drop -f', 1, 'error: drop is refused here: it would delete every table of the database\n'],
];

interface Subject {
  address: string;
  close(): Promise<void>;
}

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const mysql = mysqlOf(process.env);
const SUBJECTS: [name: string, skip: string | false, start: (path: string) => Promise<Subject>][] = [
  ['SQLite', false, async (path) => ({ address: `sqlite3://${join(path, 'x.db')}`, close: async () => {} })],
  ['PostgreSQL', postgres.skip, () => startPostgres(postgres.address)],
  [
    'MySQL',
    mysql.skip,
    async () => {
      const { name, close } = await mysql.start();
      const { username, host } = new URL(process.env['MYSQL_TEST_URL'] ?? '');
      return { address: `mysql://${username}@tcp(${host})/${name}?x-multi-statement=true`, close };
    },
  ],
];

for (const [name, skip, start] of SUBJECTS)
  describe(`--compat on ${name}`, { skip }, () => {
    it('does and says what golang-migrate does and says', { timeout: 170_000 }, async () => {
      using place = openPlace();
      const folder = place.folder(FILES);
      const subject = await start(place.path);
      try {
        for (const [typed, code, stderr] of TALK) {
          const ended = await place.migrate([
            ...['--compat', '-path', folder, '-database', subject.address],
            ...typed.split(' '),
          ]);
          const told = ended.stderr.replaceAll(/\((?:\d+(?:\.\d+)?(?:ns|µs|ms|s|m|h))+\)/g, '(T)');
          assert.deepEqual(
            { code: ended.code, stderr: told, stdout: ended.stdout },
            { code, stderr, stdout: '' },
            typed,
          );
        }
      } finally {
        await subject.close();
      }
    });
  });

describe('--compat', () => {
  it('asks before it takes all back', async () => {
    using place = openPlace();
    const folder = place.folder({ '1_a.up.sql': 'create table a (x int)', '1_a.down.sql': 'drop table a' });
    const on = ['--compat', `-path=${folder}`, `--database=sqlite3://${join(place.path, 'x.db')}`];
    assert.equal((await place.migrate([...on, 'up'])).code, 0);
    const ask = 'Are you sure you want to apply all down migrations? [y/N]\n';
    const no = await place.migrate([...on, 'down'], { input: '\n' });
    assert.deepEqual([no.code, no.stderr], [1, `${ask}Not applying all down migrations\n`]);
    const yes = await place.migrate([...on, 'down'], { input: 'Y\n' });
    assert.equal(yes.code, 0);
    assert.match(yes.stderr, /\[y\/N\]\nApplying all down migrations\n1\/d a \(.*\)\n$/);
  });

  it('tells a dirty database, a bad file, a missing folder and a duplicate in its words', async () => {
    using place = openPlace();
    const on = (folder: string, name: string, ...typed: string[]) =>
      place.migrate(['--compat', '-path', folder, '-database', `sqlite3://${join(place.path, name)}`, ...typed]);
    const bad = place.folder({ '1_a.up.sql': 'create tabl a (x int)' });
    const failed = await on(bad, 'bad.db', 'up');
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /^error: migration failed: [^\n]*syntax error\n$/);
    const gone = join(place.path, 'none');
    assert.equal(
      (await on(gone, 'x.db', 'up')).stderr,
      `error: failed to open source, "file://${gone}": open .: no such file or directory\n`,
    );
    const twice = place.folder({ '1_a.up.sql': '', '01_b.up.sql': '' });
    assert.match(
      (await on(twice, 'x.db', 'up')).stderr,
      /^error: failed to open source, .*: duplicate migration file: 1_a\.up\.sql\n$/,
    );
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(join(place.path, 'dirty.db'));
    database.exec(
      'create table schema_migrations (version uint64, dirty bool); insert into schema_migrations values (7, true)',
    );
    database.close();
    const dirty = await on(bad, 'dirty.db', 'up');
    assert.deepEqual([dirty.code, dirty.stderr], [1, 'error: Dirty database version 7. Fix and force version.\n']);
    const seen = await on(bad, 'dirty.db', 'version');
    assert.deepEqual([seen.code, seen.stderr], [0, '7 (dirty)\n']);
  });

  it('never prints an address', async () => {
    using place = openPlace();
    const folder = place.folder({ '1_a.up.sql': '' });
    for (const address of [
      'postgres://me:hunter2@127.0.0.1:1/x',
      'mysql://me:hunter2@tcp(127.0.0.1:1)/x',
      'oracle://me:hunter2@there/x',
      'postgres://me:hunter2@[/x',
    ]) {
      const { code, stdout, stderr } = await place.migrate(['--compat', '-path', folder, '-database', address, 'up']);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^error: failed to open database: [^\n]+\n$/);
      assert.doesNotMatch(stderr, /hunter2/);
      if (address.includes('127.0.0.1'))
        assert.equal(stderr, 'error: failed to open database: nobody answers at 127.0.0.1:1 (ECONNREFUSED)\n');
    }
  });
});
