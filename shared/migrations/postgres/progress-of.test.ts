import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { given, migration, until } from '../contract-rig.ts';
import type { ServerProgress } from '../session.ts';
import { serverOf, startPostgres } from './rig.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

describe('how far a statement of PostgreSQL is', { skip, timeout: 60_000 }, () => {
  it('is told in its words by another connection, and nothing before, after, or of a session that is closed', async (t) => {
    const database = await startPostgres(address);
    t.after(() => database.close());
    const session = await database.openAs('hawker test', { lockTimeoutMs: 30_000 });
    await session.prepare();
    await database.query('create table t as select g as id from generate_series(1, 1000) g');
    assert.equal(await session.progress(), undefined);
    // Whoever has written to the table has to end before an index is built beside them.
    await database.query('begin; insert into t values (0)');
    const up = (text: string) => migration(1n, { up: text, directives: { noTransaction: true } }).up;
    const applied = session.apply(up('create index concurrently by_id on t (id)'), given());
    let told: ServerProgress | undefined;
    await until(async () => {
      told = await session.progress();
      return told?.phase.startsWith('waiting for writers') === true;
    }, 'it waits');
    assert.deepEqual(told, { phase: 'waiting for writers before build', done: 0, total: 1 });
    assert.equal(
      (
        await database.query(
          `select 1 from pg_stat_activity where application_name = 'hawker progress' and datname = current_database()`,
        )
      ).length,
      1,
    );
    await database.query('commit');
    await applied;
    assert.equal(await session.progress(), undefined);
    await session[Symbol.asyncDispose]();
    assert.equal(await session.progress(), undefined);
    await until(
      async () =>
        (
          await database.query(
            `select 1 from pg_stat_activity where application_name = 'hawker progress' and datname = current_database()`,
          )
        ).length === 0,
      'its connection is closed',
    );
  });

  it('is that it waits, where somebody has a lock', async (t) => {
    const database = await startPostgres(address);
    t.after(() => database.close());
    await using session = await database.openAs('hawker test', { lockTimeoutMs: 30_000 });
    await session.prepare();
    await database.query('create table t (id int)');
    await database.query('begin; select * from t');
    const applied = session.apply(migration(1n, { up: 'alter table t add v int' }).up, given());
    await until(async () => (await session.progress())?.phase === 'waiting for a lock: relation', 'it waits');
    await database.query('commit');
    await applied;
  });
});
