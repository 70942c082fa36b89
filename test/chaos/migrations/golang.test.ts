/**
 * golang-migrate frozen as tables, from its source (migrate.go, database/{postgres,mysql,sqlite3}, internal/cli): what its row says after each command, and what `--compat` says. On POSTGRES_TEST_URL,
 * MYSQL_TEST_URL and SQLite. Its command line as such is in scripts/migrate/compat.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runCompat } from '../../../scripts/migrate/compat.ts';
import { DIALECTS, type Kind, type Place } from './rig.ts';

const LONG = '1719999999999999999';
const FILES: Record<string, string> = {
  '1_a.up.sql': 'create table a (x int);\n',
  '1_a.down.sql': 'drop table a;\n',
  // There is no way up: the version moves, and nothing is run.
  '2_b.down.sql': 'create table if not exists b (x int);\n',
  '3_c.up.sql': 'create table c (x int);\n',
  '3_c.down.sql': 'drop table c;\n',
  [`${LONG}_d.up.sql`]: 'create table d (x int);\n',
  [`${LONG}_d.down.sql`]: 'drop table d;\n',
};
const FAILING = { '9_bad.up.sql': 'insert into nowhere values (1);\n' };
const NOWHERE = 'error: no migration found for version 8: read down for version 8 .: file does not exist\n';
const dirty = (version: string) => `error: Dirty database version ${version}. Fix and force version.\n`;

/** Its own statements, in its order. */
const CREATE: Record<Kind, string[]> = {
  postgres: [
    'CREATE TABLE IF NOT EXISTS "public"."schema_migrations" (version bigint not null primary key, dirty boolean not null)',
  ],
  mysql: ['CREATE TABLE `schema_migrations` (version bigint not null primary key, dirty boolean not null)'],
  sqlite: [
    'CREATE TABLE IF NOT EXISTS schema_migrations (version uint64,dirty bool)',
    'CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON schema_migrations (version)',
  ],
};
const EMPTY: Record<Kind, string> = {
  postgres: 'TRUNCATE "public"."schema_migrations"',
  mysql: 'DELETE FROM `schema_migrations` LIMIT 1',
  sqlite: 'DELETE FROM schema_migrations',
};
/** SetVersion: a row for a version, and for none only while it is dirty. */
const setVersion = (kind: Kind, version: string, isDirty: boolean) => [
  EMPTY[kind],
  ...(version !== '-1' || isDirty
    ? [`INSERT INTO schema_migrations (version, dirty) VALUES (${version}, ${isDirty})`]
    : []),
];

type Row = `${string}|${'t' | 'f'}` | '';
interface Turn {
  /** What is typed; or what golang-migrate did itself, and a file that is there from then on. */
  typed?: string;
  sets?: [version: string, dirty: boolean];
  adds?: Record<string, string>;
  code?: number;
  /** Each time as T, what a database says as `…`. */
  says?: string;
  row: Row;
}

const TALKS: Record<string, Turn[]> = {
  'goes up, down and back': [
    { typed: 'up 2', says: '1/u a (T)\n2/u <empty> (T)\n', row: '2|f' },
    { typed: 'up', says: `3/u c (T)\n${LONG}/u d (T)\n`, row: `${LONG}|f` },
    { typed: 'version', says: `${LONG}\n`, row: `${LONG}|f` },
    { typed: 'up', says: 'no change\n', row: `${LONG}|f` },
    { typed: `goto ${LONG}`, says: 'no change\n', row: `${LONG}|f` },
    { typed: 'up 1', code: 1, says: 'error: file does not exist\n', row: `${LONG}|f` },
    // What others call redo.
    { typed: 'down 1', says: `${LONG}/d d (T)\n`, row: '3|f' },
    { typed: 'up 1', says: `${LONG}/u d (T)\n`, row: `${LONG}|f` },
    { typed: 'goto 1', says: `${LONG}/d d (T)\n3/d c (T)\n2/d b (T)\n`, row: '1|f' },
    { typed: 'goto 3', says: '2/u <empty> (T)\n3/u c (T)\n', row: '3|f' },
    { typed: 'goto 8', code: 1, says: NOWHERE, row: '3|f' },
    { typed: 'down 9', code: 1, says: '3/d c (T)\n2/d b (T)\n1/d a (T)\nerror: limit 6 short\n', row: '' },
    { typed: 'version', code: 1, says: 'error: no migration\n', row: '' },
    { typed: 'down -all', says: 'no change\n', row: '' },
    { typed: 'goto 1', says: '1/u a (T)\n', row: '1|f' },
    { typed: 'down -all', says: '1/d a (T)\n', row: '' },
  ],
  'is forced': [
    { typed: 'force 3', says: '', row: '3|f' },
    { typed: 'force 3', says: '', row: '3|f' },
    { typed: `force ${LONG}`, says: '', row: `${LONG}|f` },
    { typed: 'force 8', says: '', row: '8|f' },
    { typed: 'up', code: 1, says: NOWHERE, row: '8|f' },
    { typed: 'up 1', code: 1, says: NOWHERE, row: '8|f' },
    { typed: 'down 1', code: 1, says: NOWHERE, row: '8|f' },
    { typed: 'goto 1', code: 1, says: NOWHERE, row: '8|f' },
    { typed: 'force -- -1', says: '', row: '' },
    { typed: 'force -- -1', says: '', row: '' },
    { typed: 'up 1', says: '1/u a (T)\n', row: '1|f' },
  ],
  'finds what golang-migrate left dirty': [
    { sets: ['3', true], row: '3|t' },
    { typed: 'version', says: '3 (dirty)\n', row: '3|t' },
    { typed: 'up', code: 1, says: dirty('3'), row: '3|t' },
    { typed: 'up 1', code: 1, says: dirty('3'), row: '3|t' },
    { typed: 'down 1', code: 1, says: dirty('3'), row: '3|t' },
    { typed: 'goto 1', code: 1, says: dirty('3'), row: '3|t' },
    { typed: 'down -all', code: 1, says: dirty('3'), row: '3|t' },
    { typed: 'force 2', says: '', row: '2|f' },
    // While the first one is taken back.
    { sets: ['-1', true], row: '-1|t' },
    { typed: 'version', code: 1, says: 'error: no migration\n', row: '-1|t' },
    { typed: 'up', code: 1, says: dirty('-1'), row: '-1|t' },
    { typed: 'down -all', code: 1, says: dirty('-1'), row: '-1|t' },
    { typed: 'force -- -1', says: '', row: '' },
    { typed: 'up 1', says: '1/u a (T)\n', row: '1|f' },
  ],
  // golang-migrate leaves 9|t here, though nothing of it took effect.
  'meets a file that fails': [
    { typed: 'goto 3', says: '1/u a (T)\n2/u <empty> (T)\n3/u c (T)\n', row: '3|f' },
    { adds: FAILING, typed: 'up', code: 1, says: 'error: migration failed: …\n', row: '3|f' },
    { typed: 'up', code: 1, says: 'error: migration failed: …\n', row: '3|f' },
    { typed: 'version', says: '3\n', row: '3|f' },
    { typed: 'force 9', says: '', row: '9|f' },
    { typed: 'up', says: `${LONG}/u d (T)\n`, row: `${LONG}|f` },
    // No way down is there: it moves all the same.
    { typed: 'down 2', says: `${LONG}/d d (T)\n9/d <empty> (T)\n`, row: '3|f' },
  ],
};

/** In this process, since a process for each would take a minute. */
async function compat(t: TestContext, place: Place, folder: string, typed: string) {
  const told: string[] = [];
  const before = process.listeners('SIGINT').concat(process.listeners('SIGTERM'));
  const write = t.mock.method(process.stderr, 'write', (text: string) => {
    told.push(text);
    return true;
  });
  try {
    const args = ['-path', folder, '-database', place.address, ...typed.split(' ')];
    const code = await runCompat(args);
    const says = told
      .join('')
      .replaceAll(/\((?:\d+(?:\.\d+)?(?:ns|µs|ms|s|m|h))+\)/g, '(T)')
      .replace(/(migration failed: ).*/, '$1…');
    return { code, says };
  } finally {
    write.mock.restore();
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      for (const listener of process.listeners(signal))
        if (!before.includes(listener)) process.removeListener(signal, listener);
  }
}

async function rowOf({ query }: Place): Promise<string> {
  const found = await query('SELECT version, dirty FROM schema_migrations');
  return found.map(([version, is]) => `${version}|${[true, 1, 1n].includes(is as 1) ? 't' : 'f'}`).join();
}

const asks = async ({ query }: Place, statements: readonly string[]) => {
  for (const sql of statements) await query(sql);
};

function folderOf(place: Place, files: Record<string, string>): string {
  const folder = mkdtempSync(join(place.data, 'files-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

// One after the other: where the data is stands in the environment.
for (const { name, kind, skip, place: start } of DIALECTS)
  describe(`a database of golang-migrate on ${name}`, { skip, timeout: 60_000 }, () => {
    for (const [what, talk] of Object.entries(TALKS))
      it(`${what} as there`, async (t) => {
        await using place = await start();
        process.env['HAWKER_DATA'] = place.data;
        await asks(place, CREATE[kind]);
        const folder = folderOf(place, FILES);
        for (const [at, { typed, sets, adds = {}, code = 0, says = '', row }] of talk.entries()) {
          for (const [file, text] of Object.entries(adds)) writeFileSync(join(folder, file), text);
          if (sets) await asks(place, setVersion(kind, ...sets));
          const ended = typed === undefined ? undefined : await compat(t, place, folder, typed);
          const expected = { ...(typed !== undefined && { code, says }), row };
          assert.deepEqual({ ...ended, row: await rowOf(place) }, expected, `${at}: ${typed ?? sets}`);
        }
      });

    for (const version of ['-1', '1', '2', '3', LONG])
      it(`is taken over at ${version === '-1' ? 'no version' : version}, and given back`, async (t) => {
        await using place = await start();
        process.env['HAWKER_DATA'] = place.data;
        const folder = folderOf(place, FILES);
        const versions = ['1', '2', '3', LONG];
        const nameOf: Record<string, string> = { 1: 'a', 2: '<empty>', 3: 'c', [LONG]: 'd' };
        await asks(place, CREATE[kind]);
        const done = versions.indexOf(version) + 1;
        for (const [k, one] of versions.slice(0, done).entries()) {
          await asks(place, setVersion(kind, one, true));
          const text = FILES[`${one}_${'abcd'[k]}.up.sql`];
          if (text) await place.query(text);
          await asks(place, setVersion(kind, one, false));
        }
        const rest = versions.slice(done);
        const lines = rest.map((one) => `${one}/u ${nameOf[one]} (T)\n`).join('') || 'no change\n';
        assert.deepEqual(await compat(t, place, folder, 'up'), { code: 0, says: lines });
        assert.equal(await rowOf(place), `${LONG}|f`);
        assert.deepEqual(await compat(t, place, folder, 'down 1'), { code: 0, says: `${LONG}/d d (T)\n` });
        // It goes on by itself.
        await asks(place, setVersion(kind, LONG, true));
        await place.query(FILES[`${LONG}_d.up.sql`] ?? '');
        await asks(place, setVersion(kind, LONG, false));
        assert.deepEqual(await compat(t, place, folder, 'up'), { code: 0, says: 'no change\n' });
        const back = `${LONG}/d d (T)\n3/d c (T)\n2/d b (T)\n1/d a (T)\n`;
        assert.deepEqual(await compat(t, place, folder, 'down -all'), { code: 0, says: back });
        assert.equal(await rowOf(place), '');
      });
  });
