/** Runs where MYSQL_TEST_URL is set. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { given, migration, until } from '../contract-rig.ts';
import type { ServerProgress } from '../session.ts';
import { mysqlOf } from './rig.ts';

const { start, skip } = mysqlOf(process.env);

describe('how far a statement of MySQL is', { skip, timeout: 60_000 }, () => {
  it('is told by another connection, and nothing before it or of a session that is closed', async (t) => {
    const database = await start();
    t.after(() => database.close());
    const session = await database.open();
    await session.prepare();
    assert.equal(await session.tryLock(), true);
    assert.equal(await session.progress(), undefined);
    const ended = new AbortController();
    const applied = session.apply(migration(1n, { up: database.long.sql }).up, given({ signal: ended.signal }));
    applied.catch(() => {});
    await until(async () => (await session.progress())?.phase === 'User sleep', 'it sleeps');
    ended.abort(new Error('enough'));
    await assert.rejects(applied);
    await session[Symbol.asyncDispose]();
    assert.equal(await session.progress(), undefined);
  });

  it('is how much of a table was copied, where an ALTER TABLE copies it', async (t) => {
    const database = await start();
    t.after(() => database.close());
    const [version] = await database.query('select version()');
    if (!/mariadb/i.test(String(version?.[0])))
      return t.skip('MySQL tells it by its performance schema, which may be off');
    await using session = await database.open();
    await session.prepare();
    assert.equal(await session.tryLock(), true);
    await database.query('create table t (id int) select seq as id from seq_1_to_300000');
    const slow = 'alter table t add column v int, algorithm = copy';
    const applied = session.apply(migration(1n, { up: slow }).up, given());
    let told: ServerProgress | undefined;
    await until(async () => {
      told = await session.progress();
      return told?.total === 100;
    }, 'rows are copied');
    assert.match(told?.phase ?? '', /copy to tmp table/i);
    await applied;
  });
});
