import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { count, FRUIT, failsWith, given, migration, rows, stamping } from './contract-rig.ts';
import { sessionContract } from './session.contract.ts';
import { openAt, startSqlite } from './sqlite-rig.ts';

sessionContract({
  name: 'SQLite',
  transactional: true,
  resumes: true,
  table: {
    sql: "SELECT sql FROM sqlite_master WHERE tbl_name = 'schema_migrations' ORDER BY type DESC",
    rows: [
      ['CREATE TABLE schema_migrations (version uint64,dirty bool)'],
      ['CREATE UNIQUE INDEX version_unique ON schema_migrations (version)'],
    ],
  },
  start: async () => startSqlite(),
});

describe('a SQLite file', { timeout: 60_000 }, () => {
  let database: ReturnType<typeof startSqlite>;
  beforeEach(() => {
    database = startSqlite();
  });
  afterEach(() => database.close());

  /** Says what is wrong, and not where it is. */
  const refuses = (work: Promise<unknown>, words: RegExp) =>
    assert.rejects(work, (error) => {
      assert.ok(isAppError(error, 'unavailable'), String(error));
      assert.match(error.message, words);
      assert.ok(!error.message.includes(database.folder) && !error.message.includes('/proc'), error.message);
      return true;
    });

  it('says so when there is no folder for it, and makes none', async () => {
    await refuses(openAt(join(database.folder, 'no', 'such.db')), /there is no folder for the database of sample/);
    assert.equal(existsSync(join(database.folder, 'no')), false);
  });

  it('says so when its folder takes no files', { skip: !existsSync('/proc/self') && 'there is no /proc' }, () =>
    refuses(openAt('/proc/target.db'), /the database of sample cannot be opened/),
  );

  it('says so when its folder or file may not be written', {
    skip: process.getuid?.() === 0 && 'root may write anywhere',
  }, async () => {
    const folder = join(database.folder, 'sealed');
    mkdirSync(folder);
    new DatabaseSync(join(folder, 'target.db')).close();
    chmodSync(join(folder, 'target.db'), 0o400);
    chmodSync(folder, 0o500);
    await using session = await openAt(join(folder, 'target.db'));
    await refuses(session.prepare(), /the database of sample cannot be/);
    await refuses(session.tryLock(), /the lock beside the database of sample cannot be/);
  });

  it('says so when it is no database', async () => {
    writeFileSync(database.path, 'this is text and no database'.repeat(100));
    await refuses(database.open(), /the database of sample is not a SQLite file/);
  });

  it('keeps its mode when it exists, and gets the write-ahead log when it is new', async () => {
    const old = join(database.folder, 'old.db');
    const made = new DatabaseSync(old);
    made.exec('CREATE TABLE t (n)');
    made.close();
    for (const [path, mode] of [
      [old, 'delete'],
      [database.path, 'wal'],
    ] as const) {
      await using session = await openAt(path);
      await session.prepare();
      const other = new DatabaseSync(path);
      assert.deepEqual({ ...other.prepare('PRAGMA journal_mode').get() }, { journal_mode: mode });
      other.close();
    }
  });

  it('has one lock by all of its names, and in the address of golang-migrate', async () => {
    await using session = await database.open();
    assert.equal(await session.tryLock(), true);
    symlinkSync(database.path, join(database.folder, 'link.db'));
    for (const name of [join(database.folder, 'link.db'), `sqlite3://${database.path}?x-no-tx-wrap=true`]) {
      await using other = await openAt(name);
      assert.equal(await other.tryLock(), false);
    }
  });

  it('does not hold a lock whose file is gone', async () => {
    await using session = await database.open();
    assert.equal(await session.tryLock(), true);
    rmSync(`${database.path}.migrate-lock`);
    assert.deepEqual(
      [await session.holdsLock(), await session.unlock(), await session.tryLock()],
      [false, false, true],
    );
  });

  it('waits for the write of somebody else, and no longer than it may', async () => {
    await using session = await openAt(database.path, undefined, 100);
    await session.prepare();
    const other = new DatabaseSync(database.path);
    other.exec('BEGIN IMMEDIATE');
    const { up } = migration(1n, FRUIT);
    await refuses(session.apply(up, given()), /another process kept the database of sample locked/);
    const giveUp = new AbortController();
    await using patient = await openAt(database.path, undefined, 60_000);
    const applied = patient.apply(up, given({ signal: giveUp.signal }));
    giveUp.abort(new Error('given up'));
    await assert.rejects(applied, /given up/);
    const again = patient.apply(up, given());
    await new Promise(setImmediate);
    other.exec('COMMIT');
    await again;
    other.close();
    assert.deepEqual([await rows(database), await count(database, 'fruit')], [[['1', false]], 1]);
  });

  it('is altered the long way, foreign keys off, and they are off for the next one', async () => {
    await using session = await database.open();
    await session.prepare();
    const long = `PRAGMA foreign_keys = OFF;
      BEGIN;
      CREATE TABLE new (id integer PRIMARY KEY REFERENCES new (id));
      INSERT INTO new SELECT id FROM fruit;
      DROP TABLE fruit;
      ALTER TABLE new RENAME TO fruit;
      COMMIT;
      PRAGMA foreign_keys = ON;
      VACUUM;`;
    await session.apply(migration(1n, FRUIT).up, given());
    await session.apply(migration(2n, { up: long }, 1n).up, given());
    await session.apply(
      migration(3n, { up: 'CREATE TABLE c (f REFERENCES fruit (id)); INSERT INTO c VALUES (99);' }, 2n).up,
      given(),
    );
    assert.deepEqual([await rows(database), await count(database, 'fruit')], [[['3', false]], 1]);
  });

  it('is left clean where nothing of a marked script took effect', async () => {
    await using session = await database.open();
    await session.prepare();
    const own = 'BEGIN; CREATE TABLE own (id); INSERT INTO nowhere VALUES (1); COMMIT;';
    for (const up of [own, 'BEGIN; CREATE TABLE own (id);']) {
      await failsWith(session.apply(migration(1n, { up }).up, given()), 'migration_failed');
      assert.deepEqual([await rows(database), await count(database, 'own')], [[], 'no table']);
    }
  });

  it('goes on with a file whose failing statement was mended, and not with one that was changed before it', async () => {
    await using session = await database.open();
    await session.prepare();
    const step = (...lines: string[]) =>
      migration(1n, { up: lines.join(';\n'), directives: { noTransaction: true } }).up;
    await failsWith(
      session.apply(step('CREATE TABLE a (n)', 'INSERT INTO nowhere VALUES (1)'), given()),
      'migration_failed',
    );
    const changed = step('CREATE TABLE b (n)', 'INSERT INTO b VALUES (1)');
    assert.equal(await session.look(changed), 'unknown');
    await failsWith(session.apply(changed, given()), 'conflict');
    const mended = step('CREATE TABLE a (n)', 'INSERT INTO a VALUES (1)');
    assert.deepEqual(await session.look(mended), { statementsDone: 1 });
    await session.apply(mended, given());
    assert.deepEqual([await count(database, 'a'), await session.look(mended)], [1, 'applied']);
  });

  it('does not take a row that somebody else marked for its own step', async () => {
    await using session = await database.open();
    await session.prepare();
    await session.stamp({ version: 1n, dirty: true }, stamping());
    assert.equal(await session.look(migration(1n, FRUIT).up), 'unknown');
  });

  it('says what a trigger says that rolls back by itself', async () => {
    await using session = await database.open();
    await session.prepare();
    const up =
      "CREATE TABLE t (n);\nCREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; SELECT RAISE(ROLLBACK, 'no; end'); END;\n";
    await session.apply(migration(1n, { up }).up, given());
    await assert.rejects(
      session.apply(migration(2n, { up: '\nINSERT INTO t VALUES (1);' }, 1n).up, given()),
      /statement 1 of 1, line 2: no; end/,
    );
    assert.deepEqual(await rows(database), [['1', false]]);
  });
});
