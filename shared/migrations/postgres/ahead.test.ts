/** Steps that are sent but for their commit before the end of the one before is known. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { count, failsWith, given, migration, rows, until } from '../contract-rig.ts';
import type { Applied, Session } from '../session.ts';
import { type PostgresUnderTest, serverOf, startPostgres } from './rig.ts';

/** Of the session. */
const STATE =
  "select state from pg_stat_activity where datname = current_database() and application_name like 'hawker migrate%'";
const HELD = 'create function held() returns void language sql as $$ select pg_advisory_xact_lock(7) $$';
const TOLD = `create view told as select string_agg(concat_ws(' ', name, setting), ',' order by name) as told from pg_settings where name in ('search_path', 'role', 'session_authorization',
  'statement_timeout', 'row_security', 'TimeZone', 'client_encoding', 'standard_conforming_strings', 'default_transaction_read_only', 'plan_cache_mode')`;
/** Held up by whoever has the lock, without a word that says so. */
const WAITS = 'create table b (id int); select held()';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

describe('a step that PostgreSQL is sent with the one before', { skip, timeout: 60_000 }, () => {
  let database: PostgresUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await startPostgres(address);
    session = await database.open();
    await session.prepare();
    await database.query('create table t (v text)');
    await database.query(HELD);
    await database.query(TOLD);
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });

  const ups = (...texts: string[]) =>
    texts.map((up, k) => migration(BigInt(k + 1), { up }, k === 0 ? undefined : BigInt(k)).up);
  /** The first with the second on its way, and what comes then. */
  const both = async (
    texts: [string, string],
    { during, between }: { during?: (one: Promise<Applied>) => unknown; between?: () => unknown } = {},
  ) => {
    const [one, two] = ups(...texts);
    assert.ok(one && two);
    const applied = session.apply(one, given({ next: { step: two, more: false } }));
    applied.catch(() => {});
    await during?.(applied);
    await applied;
    await between?.();
    return session.apply(two, given());
  };
  const state = async () => (await database.query(STATE))[0]?.[0];

  it('takes effect behind it, each with its row of history', async () => {
    const { statements } = await both(['create table a (id int)', 'insert into a values (1); select 1']);
    assert.equal(statements, 2);
    assert.deepEqual([await rows(database), await count(database, 'a')], [[['2', false]], 1]);
    assert.deepEqual(
      (await session.history(9)).map(({ version, name }) => [version, name]),
      [2n, 1n].map((version) => [version, 'fruit']),
    );
  });

  it('has begun when that one had ended, by the clock of whoever sent it', async () => {
    const before = Date.now();
    await both(['select pg_sleep(0.5)', 'create table a (id int)']);
    const [two, one] = (await session.history(9)).map(({ at }) => Date.parse(at) - before);
    assert.ok(one !== undefined && two !== undefined && one < 450, `${one}`);
    assert.ok(two >= one + 450 && two <= Date.now() - before + 50, `${one}, ${two}`);
  });

  it('has no effect before it is asked for, nor where it is not', async () => {
    const [one, two, three] = ups('create table a (id int)', WAITS, 'create table c (id int)');
    assert.ok(one && two && three);
    await database.query('select pg_advisory_lock(7)');
    await session.apply(one, given({ next: { step: two, more: true } }));
    await until(async () => (await state()) === 'active', 'it runs');
    assert.deepEqual([await rows(database), await count(database, 'b')], [[['1', false]], 'no table']);
    // Nobody waits for its end.
    assert.deepEqual(await session.state(), { version: 1n, dirty: false });
    assert.deepEqual([await state(), await count(database, 'b')], ['idle', 'no table']);
    await database.query('select pg_advisory_unlock(7)');
    await session.apply(two, given({ next: { step: three, more: false } }));
    await session.apply(three, given());
    assert.deepEqual([await rows(database), (await session.history(9)).length], [[['3', false]], 3]);
  });

  it('gives its locks back where it is not asked for soon, and takes effect all the same when it is', async () => {
    const between = async () => {
      await until(async () => (await state()) === 'idle', 'it is taken back');
      await database.query('truncate t');
    };
    await both(['create table a (id int)', 'alter table t add column w int'], { between });
    assert.deepEqual([await rows(database), (await session.history(9)).length], [[['2', false]], 2]);
  });

  it('leaves nothing where the session is closed', async () => {
    const [one, two] = ups('create table a (id int)', WAITS);
    assert.ok(one && two);
    await database.query('select pg_advisory_lock(7)');
    await session.apply(one, given({ next: { step: two, more: false } }));
    await session[Symbol.asyncDispose]();
    await until(async () => (await database.query(STATE)).length === 0, 'it is gone');
    assert.deepEqual([await rows(database), await count(database, 'b')], [[['1', false]], 'no table']);
  });

  for (const [how, text, words] of [
    ['in its script', 'create table a (id int);\nselect 1/0', /1_fruit.up.sql: statement 2 of 2: division by zero/],
    ['as a text', 'create table a (id int);\nselect frm( from', /1_fruit.up.sql: syntax error .* in line 2/],
    [
      'at its commit',
      'create table p (id int primary key); create table c (p int references p deferrable initially deferred); insert into c values (1)',
      /1_fruit.up.sql: .*violates foreign key/,
    ],
  ] as const)
    it(`has no effect where that one fails ${how}, which is what is told`, async () => {
      await assert.rejects(both([text, 'create table b (id int)']), words);
      assert.deepEqual([await rows(database), await count(database, 'b')], [[], 'no table']);
      assert.deepEqual(await session.history(9), []);
      await session.apply(migration(1n, { up: 'create table b (id int)' }).up, given());
      assert.deepEqual(await rows(database), [['1', false]]);
    });

  it('says itself where it fails, and leaves the one before', async () => {
    await assert.rejects(
      both(['create table a (id int)', 'select 1;\nselect nothing']),
      /2_fruit.up.sql: statement 2 of 2/,
    );
    assert.deepEqual([await rows(database), await count(database, 'a')], [[['1', false]], 0]);
  });

  it('ends with a signal that aborts while it is under way', async () => {
    await database.query('select pg_advisory_lock(7)');
    const [one, two] = ups('create table a (id int)', WAITS);
    assert.ok(one && two);
    await session.apply(one, given({ next: { step: two, more: false } }));
    const enough = new AbortController();
    const applied = session.apply(two, given({ signal: enough.signal }));
    applied.catch(() => {});
    await until(async () => (await state()) === 'active', 'it runs');
    enough.abort(new Error('enough'));
    await assert.rejects(applied, /enough/);
    assert.deepEqual([await session.state(), await count(database, 'b')], [{ version: 1n, dirty: false }, 'no table']);
  });

  it('has no effect where the connection is cut in the one before', async () => {
    const during = async () => {
      await until(() => database.long?.runs() ?? Promise.resolve(false), 'it sleeps');
      await database.sever?.(session);
    };
    await failsWith(both(['select pg_sleep(60)', 'create table b (id int)'], { during }), 'outcome_unknown');
    assert.deepEqual([await rows(database), await count(database, 'b')], [[], 'no table']);
  });

  it('has no effect where the connection is cut before it is asked for', async () => {
    const between = () => database.sever?.(session);
    await failsWith(
      both(['create table a (id int)', 'create table b (id int)'], { between }),
      'unavailable',
      'outcome_unknown',
    );
    assert.deepEqual([await rows(database), await count(database, 'b')], [[['1', false]], 'no table']);
  });

  it('has no effect where the connection is cut while it is under way', async () => {
    await database.query('select pg_advisory_lock(7)');
    const between = () => {
      until(async () => (await state()) === 'active', 'it runs').then(
        () => database.sever?.(session),
        () => {},
      );
    };
    await failsWith(both(['create table a (id int)', WAITS], { between }), 'outcome_unknown');
    assert.deepEqual([await rows(database), await count(database, 'b')], [[['1', false]], 'no table']);
  });

  it('has no effect where a later term has written', async () => {
    await using other = await database.open();
    const [one, two] = ups('create table a (id int)', 'create table b (id int)');
    assert.ok(one && two);
    await other.raiseFence(given().token + 1);
    await failsWith(session.apply(one, given({ next: { step: two, more: false } })), 'lease_lost');
    assert.deepEqual([await rows(database), await count(database, 'b')], [[], 'no table']);
  });

  for (const text of [
    'deallocate all',
    "do $$ begin execute 'deall' || 'ocate all'; end $$",
    'deallocate hawker_history',
    "select set_config('search_path', '', false)",
    "do $$ begin perform set_config('search_path', 'pg_catalog', false); end $$",
    'grant insert on hawker_migration_history to pg_read_all_data; set role pg_read_all_data',
    'grant insert on hawker_migration_history to pg_read_all_data; set session authorization pg_read_all_data',
    'set statement_timeout = 1',
    'set row_security = off',
    "set timezone = 'Asia/Singapore'",
    'set client_encoding = latin1',
    'set standard_conforming_strings = off',
    'set default_transaction_read_only = on',
    'set plan_cache_mode = force_custom_plan',
  ])
    it(`is not changed by what that one leaves behind: ${text}`, async () => {
      const told = "insert into t select 'é\\n' || told from told; select 1";
      await both([text, told]);
      await session.apply(migration(3n, { up: told.replace('select', 'select /* again */') }, 2n).up, given());
      await using fresh = await database.open();
      await fresh.apply(migration(4n, { up: told }, 3n).up, given());
      const [one, two, three, ...more] = await database.query('select v from t');
      assert.deepEqual([one, two, more], [three, three, []]);
      assert.deepEqual((await session.history(9)).length, 4);
    });
});
