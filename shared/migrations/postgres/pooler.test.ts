/** A real PgBouncer between a session and PostgreSQL. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../clock.ts';
import { isAppError } from '../../errors.ts';
import { FRUIT, failsWith, given, migration, rows } from '../contract-rig.ts';
import { openPostgres } from '../postgres.ts';
import { poolerIsMissing, startPooler } from './pooler-rig.ts';
import { type PostgresUnderTest, serverOf, startPostgres } from './rig.ts';

const ci = process.env['CI'] === 'true';
const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], ci);
const target = { table: 'schema_migrations', lockTimeoutMs: 1_000, statementTimeoutMs: 0 };
const open = (at: string) =>
  openPostgres(target, at, { signal: AbortSignal.timeout(30_000), application: 'pooled', clock: systemClock });

describe('a PgBouncer in between', { skip: skip || poolerIsMissing(ci), timeout: 60_000 }, () => {
  let database: PostgresUnderTest;
  beforeEach(async () => {
    database = await startPostgres(address);
  });
  afterEach(() => database?.close());

  const locks = () =>
    database.query(
      "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
    );
  const refusal = async (at: string) => {
    const error: unknown = await open(at).then(
      () => assert.fail('it was let through'),
      (reason: unknown) => reason,
    );
    assert.ok(isAppError(error, 'migration_refused'), String(error));
    assert.match(error.message, /PgBouncer’s transaction or statement mode.*direct address, or one in session mode/);
  };

  for (const mode of ['transaction', 'statement'] as const)
    for (const [size, more] of [
      [1, ''],
      [2, ''],
      [5, ''],
      [5, 'server_round_robin = 1'],
    ] as const)
      it(`is refused in ${mode} mode, with ${size} servers${more && ' in turns'}, and no lock is left`, async () => {
        await using pooler = await startPooler(database.address, mode, size, more);
        await refusal(pooler.address);
        // Several at once meet each other's servers, and take those that the other counts on.
        await Promise.all([1, 2, 3, 4].map(() => refusal(pooler.address)));
        assert.deepEqual(await locks(), [['0']]);
        await using direct = await database.open();
        assert.equal(await direct.tryLock(), true);
      });

  for (const size of [1, 3])
    it(`is all right in session mode with ${size} servers, up and down`, async () => {
      await using pooler = await startPooler(database.address, 'session', size);
      await using session = await open(pooler.address);
      await session.prepare();
      assert.equal(await session.tryLock(), true);
      const { up, down } = migration(1n, FRUIT);
      await session.apply(up, given());
      assert.deepEqual(await rows(database), [['1', false]]);
      await session.apply(down, given());
      assert.deepEqual(await rows(database), []);
      assert.deepEqual([await session.holdsLock(), await session.unlock(), await locks()], [true, true, [['0']]]);
    });

  it('that goes away takes the session with it, and nothing is sent by another way', async () => {
    const pooler = await startPooler(database.address, 'session', 2);
    await using session = await open(pooler.address);
    await session.prepare();
    assert.equal(await session.tryLock(), true);
    await pooler[Symbol.asyncDispose]();
    await failsWith(session.apply(migration(1n, FRUIT).up, given()), 'unavailable');
    await failsWith(session.state(), 'unavailable');
    assert.deepEqual(await rows(database), []);
  });
});
