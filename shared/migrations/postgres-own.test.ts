/** What PostgreSQL alone can do, or do wrong. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { count, failsWith, given, migration, rows, stamping, until } from './contract-rig.ts';
import type { Directives } from './migration.ts';
import { lockKeys } from './postgres/lock-keys.ts';
import { type PostgresUnderTest, serverOf, startPostgres } from './postgres/rig.ts';
import type { Session } from './session.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const marked: Partial<Directives> = { noTransaction: true };
const INDEX = 'create index concurrently by_v on t (v);';

describe('a PostgreSQL session of its own kind', { skip }, () => {
  let database: PostgresUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await startPostgres(address);
    session = await database.open();
    await session.prepare();
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });
  const up = (text: string, directives: Partial<Directives> = {}) => migration(1n, { up: text, directives }).up;
  const messageOf = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => assert.fail('it took effect'),
      (reason: unknown) => reason,
    );
    assert.ok(isAppError(error), String(error));
    return `${error.code}: ${error.message}`;
  };

  it('lets one of two sessions have a step that both hold for theirs', async () => {
    const other = await database.open();
    const step = up('create table won (id int); select pg_sleep(0.1)');
    const ends = await Promise.allSettled([session, other].map((one) => one.apply(step, given())));
    assert.deepEqual(ends.map((end) => end.status).sort(), ['fulfilled', 'rejected']);
    const lost = ends.find((end) => end.status === 'rejected');
    assert.ok(isAppError(lost?.reason, 'conflict'), String(lost?.reason));
    assert.deepEqual([await rows(database), (await other.history(9)).length], [[['1', false]], 1]);
    await other[Symbol.asyncDispose]();
  });

  it('does not touch a row that says already what it is set to', async () => {
    await session.apply(up('create table t (v int)'), given());
    const written = () => database.query('select xmin::text, ctid::text from schema_migrations');
    const before = await written();
    await session.stamp({ version: 1n, dirty: false }, { ...stamping(), direction: 'rebless', of: 1n });
    assert.deepEqual(await written(), before);
    await session.stamp({ version: 1n, dirty: true }, stamping());
    assert.notDeepEqual(await written(), before);
  });

  it('is locked out by golang-migrate’s key in either form, and tells who holds it', async () => {
    const name = new URL(database.address).pathname.slice(1);
    for (const key of lockKeys('public', 'schema_migrations', name)) {
      await database.query(`select pg_advisory_lock(${key})`);
      assert.deepEqual([await session.tryLock(), await session.holdsLock()], [false, false]);
      const [holder, ...more] = await session.holders();
      assert.deepEqual(
        [holder?.application, holder?.endBy, more],
        ['onlooker', `select pg_terminate_backend(${holder?.session})`, []],
      );
      await database.query(`select pg_advisory_unlock(${key})`);
      assert.deepEqual([await session.tryLock(), await session.tryLock(), await session.unlock()], [true, true, true]);
      assert.deepEqual(await session.holders(), []);
    }
  });

  it('says line and column of a syntax error, and of a name that is not there', async () => {
    const wrong = "create table a (id int);\nselect '😀é', frm( from a;\n";
    assert.match(
      await messageOf(session.apply(up(wrong), given())),
      /^migration_failed: 1_fruit.up.sql: syntax error .*\(column 19\) in line 2/,
    );
    const missing = "-- é😀\ncreate table a (id int);\nselect '😀é', b from a;\n";
    for (const directives of [{}, marked]) {
      assert.match(
        await messageOf(session.apply(up(missing, directives), given())),
        /statement 2 of 2: column "b" does not exist \(column 14\) in line 3 \(42703\)/,
      );
      await database.query('drop table if exists a');
      await session.stamp({ version: undefined, dirty: false }, stamping());
    }
    const late =
      'create table p (id int primary key);\ncreate table c (p int references p deferrable initially deferred);\ninsert into c values (1)';
    assert.match(await messageOf(session.apply(up(late), given())), /violates foreign key/);
    assert.deepEqual([await rows(database), await count(database, 'p')], [[], 'no table']);
  });

  it('runs bodies with semicolons, and texts that end in a comment', async () => {
    const body =
      "create function f() returns text language plpgsql as $$ begin return 'a;b\\'; end $$;\ncreate table a (t text default f()); -- no more";
    assert.equal((await session.apply(up(body), given())).statements, 2);
    assert.deepEqual(await database.query('select f()'), [['a;b\\']]);
  });

  it('makes an index concurrently, and says so where that leaves an invalid one', async () => {
    await database.query('create table t (v int); insert into t values (1), (1)');
    await session.apply(up(INDEX), given());
    assert.deepEqual(await rows(database), [['1', false]]);
    const unique = migration(2n, { up: 'create unique index concurrently single on t (v)' }, 1n).up;
    assert.match(
      await messageOf(session.apply(unique, given())),
      /It left the invalid index "single" behind: drop index concurrently "single"/,
    );
    assert.deepEqual(await rows(database), [['1', false]], 'nothing took effect, so nothing is in doubt');
    await database.query('drop index single; delete from t');
    await session.apply(unique, given());
    assert.deepEqual([await rows(database), (await session.history(9)).length], [[['2', false]], 2]);
  });

  it('looks what became of a marked step whose connection was ended', async () => {
    await database.query('create table t (v int)');
    const slow = up(
      `insert into t values (1);\nbegin; insert into t values (2); select pg_sleep(60); commit;\ninsert into t values (3);`,
    );
    const applied = session.apply(slow, given());
    applied.catch(() => {});
    await until(() => database.long?.runs() ?? Promise.resolve(false), 'it sleeps');
    await database.sever?.(session);
    await failsWith(applied, 'outcome_unknown');
    assert.deepEqual(await rows(database), [['1', true]]);
    await using other = await database.open();
    assert.deepEqual(await other.look(slow), { statementsDone: 1 });
    assert.equal(await other.look(up('select 1')), 'unknown', 'another text is another step');
    await failsWith(other.apply(up('select 1', marked), given()), 'migration_dirty');
  });

  it('knows by its index whether a statement whose end nobody heard took effect', async () => {
    await database.query('create table t (v int)');
    const step = up(INDEX);
    await database.query('begin; lock table t in share update exclusive mode');
    const patient = await database.openAs('hawker migrate patient', { lockTimeoutMs: 0 });
    const applied = patient.apply(step, given());
    applied.catch(() => {});
    await until(
      async () =>
        (await database.query("select 1 from pg_locks where not granted and relation = 't'::regclass")).length > 0,
      'it waits',
    );
    await database.sever?.(patient);
    await failsWith(applied, 'outcome_unknown');
    await database.query('commit');
    assert.equal(await session.look(step), 'not applied');
    await database.query(INDEX);
    assert.equal(await session.look(step), 'applied');
    await session.apply(step, given());
    assert.deepEqual([await rows(database), await session.look(step)], [[['1', false]], 'applied']);
  });

  it('ends no transaction but its own: a text that ends ours goes the marked way', async () => {
    const smuggled = 'create table a (id int); commit; create table b (id int); select 1/0';
    await failsWith(session.apply(up(smuggled), given()), 'migration_failed');
    assert.deepEqual(await rows(database), [['1', true]]);
    assert.deepEqual(await session.look(up(smuggled)), { statementsDone: 3 });
    await session.stamp({ version: undefined, dirty: false }, stamping());
    assert.match(await messageOf(session.apply(up('begin; select 1'), given())), /never commits/);
    assert.match(await messageOf(session.apply(up('do $$ begin commit; end $$'), given())), /no-transaction/);
    assert.deepEqual(await rows(database), []);
  });

  it('leaves no mark where a transaction of the script’s own failed and nothing came before it', async () => {
    const own = 'begin; create table a (id int); select 1/0; commit';
    await failsWith(session.apply(up(own), given()), 'migration_failed');
    assert.deepEqual([await rows(database), await count(database, 'a')], [[], 'no table']);
    await failsWith(session.apply(up(`select 1; ${own}`), given()), 'migration_failed');
    assert.deepEqual(await session.look(up(`select 1; ${own}`)), { statementsDone: 1 });
  });

  it('tells a wait for a lock that was too long, and a time that was over', async () => {
    await database.query('create table t (v int)');
    await database.query('begin; lock table t');
    const alter = 'alter table t add w int';
    assert.match(
      await messageOf(session.apply(up(alter, { lockTimeoutMs: 50 }), given())),
      /^unavailable: lock_timeout: .*55P03/,
    );
    assert.match(
      await messageOf(session.apply(up(alter, { lockTimeoutMs: 50, ...marked }), given())),
      /^unavailable: lock_timeout/,
    );
    await database.query('commit');
    assert.match(
      await messageOf(session.apply(up('select pg_sleep(60)', { statementTimeoutMs: 50 }), given())),
      /^migration_failed: .*statement timeout in line 1 \(57014\)/,
    );
    assert.deepEqual(await rows(database), []);
    await session.apply(up(alter), given());
  });

  it('leaves nothing that one script sets to the next', async () => {
    await session.apply(
      up(
        "select set_config('search_path', '', false); set role pg_read_all_data; reset role; set statement_timeout = 1",
      ),
      given(),
    );
    await session.apply(migration(2n, { up: 'create table here (id int); select pg_sleep(0.05)' }, 1n).up, given());
    assert.equal(await count(database, 'public.here'), 0);
  });

  it('names itself, and never its address', async () => {
    const named = await database.openAs('run_7');
    const [row] = await database.query(
      "select count(*) from pg_stat_activity where application_name = 'hawker migrate run_7'",
    );
    assert.deepEqual(row, ['1']);
    await named[Symbol.asyncDispose]();
  });
});
