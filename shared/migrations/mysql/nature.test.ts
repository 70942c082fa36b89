/** Runs where MYSQL_TEST_URL is set. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { count, failsWith, given, migration, rows } from '../contract-rig.ts';
import type { Session } from '../session.ts';
import { type MysqlUnderTest, mysqlOf } from './rig.ts';

const { start, skip } = mysqlOf(process.env);

describe('What a MySQL script may hold', { skip, timeout: 60_000 }, () => {
  let database: MysqlUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await start();
    session = await database.open();
    await session.prepare();
    assert.equal(await session.tryLock(), true);
    await database.query('CREATE TABLE a (id int)');
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });

  const up = (text: string) => migration(1n, { up: text }).up;

  it('is in doubt where a delimiter of the file holds several of which the second fails', async () => {
    const step = up('DELIMITER //\nCREATE TABLE b (id int); CREATE TABLE c (id itn) //\n');
    await failsWith(session.apply(step, given()), 'migration_failed');
    assert.deepEqual([await rows(database), await session.look(step)], [[['1', true]], 'unknown']);
  });

  it('is marked where rows and a table come behind one delimiter', async () => {
    const step = up('DELIMITER //\nINSERT INTO a VALUES (1); CREATE TABLE b (id int); INSERT INTO c VALUES (1) //\n');
    await failsWith(session.apply(step, given()), 'migration_failed');
    assert.deepEqual([await count(database, 'a'), await rows(database)], [1, [['1', true]]]);
  });

  it('is in doubt where a procedure fails behind what it wrote, whatever it fails with', async () => {
    await database.query('CREATE PROCEDURE p() BEGIN INSERT INTO a VALUES (1); INSERT INTO missing VALUES (1); END');
    const step = up('CALL p();');
    await failsWith(session.apply(step, given()), 'migration_failed');
    assert.deepEqual([await count(database, 'a'), await rows(database)], [1, [['1', true]]]);
    assert.equal(await session.look(step), 'unknown');
  });

  it('is not run twice where MariaDB sets something for it alone', async (t) => {
    const [[version] = []] = await database.query('SELECT VERSION()');
    if (!/mariadb/i.test(String(version))) return t.skip('MySQL has no SET STATEMENT');
    const set = 'SET STATEMENT lock_wait_timeout = 1 FOR INSERT INTO a SELECT 1;\n';
    await failsWith(
      session.apply(up(`CREATE TABLE b (id int);\n${set}CREATE TABLE c (id itn);\n`), given()),
      'migration_failed',
    );
    await session.apply(up(`CREATE TABLE b (id int);\n${set}CREATE TABLE c (id int);\n`), given());
    assert.deepEqual([await count(database, 'a'), await rows(database)], [1, [['1', false]]]);
  });

  it('may set the time of another zone, which a backfill behind it does not go by', async () => {
    await database.query('CREATE TABLE t (at timestamp PRIMARY KEY, done int)');
    await database.query(
      "INSERT INTO t (at) VALUES ('2026-01-01 00:00:00'), ('2026-01-01 01:00:00'), ('2026-01-01 02:00:00'), ('2026-01-02 00:00:00')",
    );
    await session.apply(up("SET SESSION time_zone = '+08:00';"), given());
    const text = 'UPDATE t SET done = 1 WHERE done IS NULL /* +job page */;';
    const directives = { backfill: { table: 't', key: ['at'], batch: 1 } };
    const step = migration(2n, { up: text, directives }, 1n).up;
    assert.equal((await session.apply(step, given({ onPage: async () => 'paused' }))).stopped, 'paused');
    await session[Symbol.asyncDispose]();
    session = await database.open();
    assert.equal(await session.tryLock(), true);
    await session.apply(step, given());
    assert.equal(await count(database, 't WHERE done IS NULL'), 0);
  });

  it('may forbid deletes without a key, and is stamped all the same', async () => {
    await session.apply(up('SET SESSION sql_safe_updates = 1;\nINSERT INTO a VALUES (1);\n'), given());
    await session.apply({ ...migration(2n, { up: 'CREATE TABLE b (id int);' }, 1n).up }, given());
    assert.deepEqual(await rows(database), [['2', false]]);
  });
});
