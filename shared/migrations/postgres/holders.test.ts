import assert from 'node:assert/strict';
import { it } from 'node:test';
import { given, migration, until } from '../contract-rig.ts';
import { serverOf, startPostgres } from './rig.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

it('shows of a step that runs its file and script, not what goes before it', { skip, timeout: 60_000 }, async (t) => {
  const database = await startPostgres(address);
  t.after(() => database.close());
  await using holder = await database.open();
  await using other = await database.open();
  await holder.prepare();
  assert.equal(await holder.tryLock(), true);
  await database.query('select pg_advisory_lock(7)');
  const up = '-- slow\nselect pg_advisory_xact_lock(7);\ncreate table t (v int)';
  const applied = holder.apply(migration(1n, { up }).up, given());
  const shown = async () => (await other.holders())[0]?.query;
  await until(async () => (await shown())?.includes('xact_lock') === true, 'the step waits');
  assert.equal(await shown(), '1_fruit.up.sql: select pg_advisory_xact_lock(7); create table t (v int)');
  await database.query('select pg_advisory_unlock(7)');
  await applied;
});
