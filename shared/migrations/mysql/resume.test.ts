/** Runs where MYSQL_TEST_URL is set. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { count, failsWith, given, migration, rows, stamping, until } from '../contract-rig.ts';
import type { Session } from '../session.ts';
import { type MysqlUnderTest, mysqlOf } from './rig.ts';

const { start, skip } = mysqlOf(process.env);

describe('MySQL step that is gone on with', { skip, timeout: 60_000 }, () => {
  let database: MysqlUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await start();
    session = await database.open();
    await session.prepare();
    assert.equal(await session.tryLock(), true);
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });

  const up = (...statements: string[]) => migration(1n, { up: statements.map((sql) => `${sql};\n`).join('') }).up;
  /** Cuts the connection while the statement that takes a minute runs, and opens another that has the lock. */
  async function cutDuring(step: ReturnType<typeof up>): Promise<void> {
    const applied = session.apply(step, given());
    applied.catch(() => {});
    await until(database.long.runs, 'the long statement runs');
    await database.sever(session);
    await failsWith(applied, 'outcome_unknown');
    session = await database.open();
    await until(() => session.tryLock(), 'the lock is free');
  }
  const SLOW_DDL = 'CREATE TABLE slow AS SELECT SLEEP(60) AS x';

  it('goes on behind the last statement that was done, with the settings of those before', async () => {
    const step = up(
      ...["SET SESSION sql_mode = 'ANSI_QUOTES'", 'CREATE TABLE "a" (id int)', 'INSERT INTO "a" VALUES (1)'],
      ...['SELECT SLEEP(60)', 'INSERT INTO "a" VALUES (2)'],
    );
    await cutDuring(step);
    assert.deepEqual(await rows(database), [['1', true]]);
    assert.deepEqual(await session.look(step), { statementsDone: 3 });
    const rest = up(
      ...["SET SESSION sql_mode = 'ANSI_QUOTES'", 'CREATE TABLE "a" (id int)', 'INSERT INTO "a" VALUES (1)'],
      'INSERT INTO "a" VALUES (2)',
    );
    const told: number[] = [];
    await session.apply(rest, given({ onStatement: (k) => told.push(k) }));
    assert.deepEqual([told, await rows(database), await count(database, 'a')], [[4], [['1', false]], 2]);
    assert.equal((await session.history(9)).length, 1);
    assert.deepEqual(await database.query('SELECT * FROM hawker_migration_progress'), []);
  });

  it('does not know what became of DDL that was under way, and refuses to guess', async () => {
    const step = up('CREATE TABLE a (id int)', SLOW_DDL, 'CREATE TABLE b (id int)');
    const applied = session.apply(step, given());
    applied.catch(() => {});
    await until(
      async () =>
        (await database.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'CREATE TABLE slow%'"))
          .length > 0,
      'the DDL runs',
    );
    await database.sever(session);
    await failsWith(applied, 'outcome_unknown');
    session = await database.open();
    await until(() => session.tryLock(), 'the lock is free');
    assert.equal(await session.look(step), 'unknown');
    await failsWith(session.apply(step, given()), 'migration_dirty');
    await session.stamp({ version: undefined, dirty: false }, stamping());
    assert.equal(await session.look(step), 'not applied');
  });

  it('begins its own transaction again where that was cut', async () => {
    const step = up('CREATE TABLE a (id int)', 'BEGIN', 'INSERT INTO a VALUES (1)', 'SELECT SLEEP(60)', 'COMMIT');
    await cutDuring(step);
    assert.deepEqual([await session.look(step), await count(database, 'a')], [{ statementsDone: 1 }, 0]);
    await session.apply(up('CREATE TABLE a (id int)', 'BEGIN', 'INSERT INTO a VALUES (1)', 'COMMIT'), given());
    assert.deepEqual([await rows(database), await count(database, 'a')], [[['1', false]], 1]);
  });

  it('knows how far it came also where it was cut right behind a COMMIT, and again in the transaction after that', async () => {
    const first = ['CREATE TABLE a (id int)', 'BEGIN', 'INSERT INTO a VALUES (1)', 'COMMIT', 'BEGIN'];
    const step = up(...first, 'INSERT INTO a VALUES (2)', 'SELECT SLEEP(60)', 'COMMIT');
    await cutDuring(step);
    // As the first of the two cuts leaves it: the row took effect with the COMMIT, and nothing has been written since.
    const prefix = createHash('sha256')
      .update(
        first
          .slice(0, 3)
          .map((sql) => `${sql}\0`)
          .join(''),
      )
      .digest('hex');
    await database.query(`UPDATE hawker_migration_progress SET began = 4, done = 3, prefix = '${prefix}'`);
    assert.deepEqual(await session.look(step), { statementsDone: 4 });
    await cutDuring(step);
    assert.deepEqual([await session.look(step), await count(database, 'a')], [{ statementsDone: 4 }, 1]);
    await session.apply(up(...first, 'INSERT INTO a VALUES (2)', 'COMMIT'), given());
    assert.deepEqual([await rows(database), await count(database, 'a')], [[['1', false]], 2]);
  });

  it('takes back its own transaction where a statement of it fails', async () => {
    const step = up(
      'CREATE TABLE a (id int)',
      'START TRANSACTION',
      'INSERT INTO a VALUES (1)',
      'INSERT INTO b VALUES (1)',
      'COMMIT',
    );
    await failsWith(session.apply(step, given()), 'migration_failed');
    assert.deepEqual([await session.look(step), await count(database, 'a')], [{ statementsDone: 1 }, 0]);
  });

  it('goes on with a file that was mended behind what was done, and not with one that was changed before', async () => {
    await failsWith(
      session.apply(up('CREATE TABLE a (id int)', 'CREATE TABLE b (id itn)'), given()),
      'migration_failed',
    );
    const changed = up('CREATE TABLE a (id bigint)', 'CREATE TABLE b (id int)');
    assert.equal(await session.look(changed), 'unknown');
    await failsWith(session.apply(changed, given()), 'migration_dirty');
    await session.apply(up('-- a word more\nCREATE TABLE a (id int)', 'CREATE TABLE b (id int)'), given());
    assert.deepEqual([await rows(database), await count(database, 'b')], [[['1', false]], 0]);
  });

  it('is not marked at all where its first statement took no effect', async () => {
    await failsWith(
      session.apply(up('CREATE TABLE a (id itn)', 'CREATE TABLE b (id int)'), given()),
      'migration_failed',
    );
    assert.deepEqual(await session.state(), { version: undefined, dirty: false });
    await session.apply(up('CREATE TABLE a (id int)', 'CREATE TABLE b (id int)'), given());
  });

  it('is in doubt where what failed may have been done in part, or a session held something', async () => {
    const dropped = up('CREATE TABLE a (id int)', 'DROP TABLE a, b');
    await failsWith(session.apply(dropped, given()), 'migration_failed');
    assert.deepEqual([await session.look(dropped), await count(database, 'a')], ['unknown', 'no table']);
    await session.stamp({ version: undefined, dirty: false }, stamping());
    const held = up('CREATE TABLE a (id int)', 'CREATE TEMPORARY TABLE t (id int)', 'CREATE TABLE b (id itn)');
    await failsWith(session.apply(held, given()), 'migration_failed');
    assert.equal(await session.look(held), 'unknown');
  });

  it('takes back a file of rows alone as a whole, and never marks it', async () => {
    await database.query('CREATE TABLE a (id int PRIMARY KEY)');
    const step = up('SET @x = 1', 'INSERT INTO a VALUES (@x)', 'INSERT INTO a VALUES (1)');
    await failsWith(session.apply(step, given()), 'migration_failed');
    assert.deepEqual([await rows(database), await count(database, 'a')], [[], 0]);
    await database.query('CREATE TABLE m (id int) ENGINE=MyISAM');
    await failsWith(session.apply(step, given()), 'migration_failed');
    assert.deepEqual([await rows(database), await session.look(step)], [[['1', true]], 'unknown']);
  });

  it('does not know how far golang-migrate came', async () => {
    await database.query('INSERT INTO schema_migrations VALUES (1, true)');
    const step = up('CREATE TABLE a (id int)');
    assert.equal(await session.look(step), 'unknown');
    await failsWith(session.apply(step, given()), 'migration_dirty');
  });

  it('sends nothing more once a later runner raised the fence', async () => {
    await using later = await database.open();
    const step = up('CREATE TABLE a (id int)', 'CREATE TABLE b (id int)', 'DO SLEEP(60)', 'CREATE TABLE c (id int)');
    const applied = session.apply(step, given());
    applied.catch(() => {});
    const running = () =>
      database.query(
        `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '${database.name}' AND INFO LIKE 'DO SLEEP%'`,
      );
    await until(async () => (await running()).length > 0, 'the long statement runs');
    await later.raiseFence(6);
    const [[id] = []] = await running();
    await database.query(`KILL QUERY ${String(id)}`);
    await failsWith(applied, 'lease_lost', 'migration_failed');
    assert.deepEqual([await rows(database), await count(database, 'c')], [[['1', true]], 'no table']);
    await failsWith(session.apply(step, given()), 'lease_lost');
  });
});
