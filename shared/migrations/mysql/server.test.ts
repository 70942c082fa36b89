/** Runs where MYSQL_TEST_URL is set. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { count, FRUIT, failsWith, given, migration, rows, until } from '../contract-rig.ts';
import type { Session } from '../session.ts';
import { lockNameOf } from './context.ts';
import { type MysqlUnderTest, mysqlOf } from './rig.ts';

const { start, skip } = mysqlOf(process.env);

describe('MySQL session beside others', { skip, timeout: 60_000 }, () => {
  let database: MysqlUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await start();
    session = await database.open();
    await session.prepare();
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });

  it("takes the lock that golang-migrate takes, and is kept out by golang-migrate's", async () => {
    assert.equal(lockNameOf('g3', 'schema_migrations'), '890115776');
    const name = lockNameOf(database.name, 'schema_migrations');
    assert.deepEqual(await database.query(`SELECT GET_LOCK('${name}', 10)`), [[1]]);
    assert.equal(await session.tryLock(), false);
    const [holder] = await session.holders();
    assert.equal(holder?.endBy, `KILL ${holder?.session}`);
    assert.match(holder?.since ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual([holder?.user, holder?.state], ['root', 'Sleep']);
    await database.query(`SELECT RELEASE_LOCK('${name}')`);
    assert.equal(await session.tryLock(), true);
    assert.deepEqual(await database.query(`SELECT GET_LOCK('${name}', 0)`), [[0]]);
  });

  it('lets no step through without the lock, and lets one unlock give it back', async () => {
    const { up } = migration(1n, FRUIT);
    await failsWith(session.apply(up, given()), 'lease_lost');
    for (const _ of [1, 2, 3]) assert.equal(await session.tryLock(), true);
    await session.unlock();
    await failsWith(session.apply(up, given()), 'lease_lost');
    assert.deepEqual([await rows(database), await count(database, 'fruit')], [[], 'no table']);
  });

  it('lets a step through once where two sessions race for it', async () => {
    await using other = await database.open();
    const run = async (one: Session) => {
      await until(() => one.tryLock(), 'the lock is free');
      try {
        await one.apply(migration(1n, FRUIT).up, given());
        return 'applied';
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        await one.unlock();
      }
    };
    assert.deepEqual((await Promise.all([run(session), run(other)])).toSorted(), ['applied', 'conflict']);
    assert.deepEqual([await rows(database), await count(database, 'fruit')], [[['1', false]], 1]);
  });

  it('does not stamp a row that somebody forced meanwhile', async () => {
    await session.tryLock();
    const gate = `gate_${database.name}`;
    await database.query(`SELECT GET_LOCK('${gate}', 0)`);
    const step = migration(1n, { up: `CREATE TABLE a (id int); DO GET_LOCK('${gate}', 60);` }).up;
    const applied = session.apply(step, given());
    applied.catch(() => {});
    const waits = `SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = '${database.name}' AND INFO LIKE 'DO GET_LOCK%'`;
    await until(async () => (await database.query(waits)).length > 0, 'the last statement waits');
    await database.query('UPDATE schema_migrations SET version = 9, dirty = false');
    await database.query(`SELECT RELEASE_LOCK('${gate}')`);
    await failsWith(applied, 'conflict');
    assert.deepEqual([await rows(database), await session.history(9)], [[['9', false]], []]);
  });

  it('runs procedures, functions, triggers and events, with DELIMITER and without', async () => {
    const text = `
CREATE TABLE a (id int, n int); -- a; b
CREATE PROCEDURE p() BEGIN IF 1 THEN INSERT INTO a VALUES (1, IF(1, 2, 3)); END IF; INSERT INTO a VALUES (2, 2); END;
DELIMITER $$
CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.n = NEW.n * 10; END $$
DELIMITER ;
CREATE TRIGGER u BEFORE INSERT ON a FOR EACH ROW IF NEW.n > 20 THEN SET NEW.n = 7; END IF;
CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN CASE WHEN x THEN 1 ELSE 2 END;
/*!50003 CREATE PROCEDURE q() BEGIN SELECT 1; SELECT 2; END */;
CALL p();
INSERT INTO a VALUES (f(1), 3);`;
    await session.tryLock();
    const { statements } = await session.apply(migration(1n, { up: text }).up, given());
    assert.equal(statements, 8);
    assert.deepEqual(await database.query('SELECT id, n FROM a ORDER BY 1, 2'), [
      [1, 7],
      [1, 20],
      [2, 20],
    ]);
  });

  it('makes a procedure whose END has the delimiter glued to it', async () => {
    const text = `
CREATE TABLE a (id int);
DELIMITER $$
CREATE PROCEDURE p()
BEGIN
  INSERT INTO a VALUES (1); -- $$
  INSERT INTO a VALUES (LENGTH('$$'));
END$$
CREATE PROCEDURE q() BEGIN CALL p(); CALL p(); END$$
DELIMITER ;
CALL q();`;
    await session.tryLock();
    const { statements } = await session.apply(migration(1n, { up: text }).up, given());
    assert.equal(statements, 4);
    assert.deepEqual(await database.query('SELECT id FROM a ORDER BY 1'), [[1], [1], [2], [2]]);
  });

  it('lets a script that waits for a lock give up in time, and says that it may be tried again', async () => {
    await session.tryLock();
    await session.apply(migration(1n, FRUIT).up, given());
    await database.query('START TRANSACTION');
    await database.query("UPDATE fruit SET name = 'x'");
    const [row, table] = [{ up: "UPDATE fruit SET name = 'y'" }, { up: 'DROP TABLE fruit' }];
    for (const script of [row, table])
      await failsWith(session.apply(migration(2n, script, 1n).up, given()), 'unavailable');
    assert.deepEqual(await rows(database), [['1', false]]);
    await database.query('ROLLBACK');
    await session.apply(migration(2n, row, 1n).up, given());
  });

  it('ends a statement that takes longer than its directive says', async () => {
    await session.tryLock();
    const step = migration(1n, {
      up: 'CREATE TABLE a (id int);SELECT SLEEP(60);',
      directives: { statementTimeoutMs: 100 },
    });
    await failsWith(session.apply(step.up, given()), 'migration_failed');
    assert.deepEqual(await session.look(step.up), { statementsDone: 1 });
  });

  it('is not led astray by what a script does to its session', async () => {
    await session.tryLock();
    const text =
      "SET NAMES latin1; SET sql_mode = 'NO_BACKSLASH_ESCAPES'; CREATE TABLE a (id int); USE mysql; SET autocommit = 0;";
    const down = "DROP TABLE a; -- \\' ' 夜";
    await session.apply(migration(1n, { up: text, down }).up, given());
    assert.equal((await session.history(1))[0]?.down, down);
    await session.apply(migration(2n, { up: 'INSERT INTO a VALUES (1)' }, 1n).up, given());
    assert.equal(await count(database, 'a'), 1);
  });

  it('keeps a password out of what it says of a failure', async () => {
    await session.tryLock();
    for (const up of [
      "CREATE USER x@y IDENTIFIED BY 'hunter2' NO SUCH THING",
      'CREATE USER x@y NO SUCH THING IDENTIFIED BY "hunter2"',
    ])
      await assert.rejects(session.apply(migration(1n, { up }).up, given()), (error: Error) => {
        assert.match(error.message, /1_fruit\.up\.sql: statement 1 of 1, line 1: .*ER_PARSE_ERROR/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
  });
});
