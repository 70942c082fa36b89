/** What every session promises where it is cut off, stopped or given up, as tests. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isAppError } from '../errors.ts';
import {
  type Contract,
  count,
  type DatabaseUnderTest,
  FRUIT,
  failsWith,
  given,
  migration,
  rows,
  stamping,
  until,
} from './contract-rig.ts';
import type { Session } from './session.ts';

export function lossContract(
  started: () => { database: DatabaseUnderTest; session: Session },
  { transactional, alone }: Contract,
): void {
  it('does nothing when it was given up before', async () => {
    const { database, session } = started();
    const reason = new Error('given up');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(session.apply(migration(1n, FRUIT).up, given({ signal })), reason);
    await assert.rejects(database.open(signal), reason);
    assert.deepEqual([await rows(database), await count(database, 'fruit')], [[], 'no table']);
  });

  it('is of no more use once it is closed', { skip: alone ?? false }, async () => {
    const { database } = started();
    const other = await database.open();
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await failsWith(other.apply(migration(1n, FRUIT).up, given()), 'unavailable');
    await failsWith(other.state(), 'unavailable');
    assert.equal(await count(database, 'fruit'), 'no table');
  });

  it('never goes on after its connection is lost', async (t) => {
    const { database, session } = started();
    if (!database.sever) return t.skip('nothing can cut this connection');
    await database.sever(session);
    await failsWith(session.apply(migration(1n, FRUIT).up, given()), 'unavailable', 'outcome_unknown');
    await failsWith(session.stamp({ version: 4n, dirty: false }, stamping()), 'unavailable', 'outcome_unknown');
    await failsWith(session.state(), 'unavailable');
    await failsWith(session.tryLock(), 'unavailable');
    assert.deepEqual([await rows(database), await count(database, 'fruit')], [[], 'no table']);
    await using other = await database.open();
    await until(() => other.tryLock(), 'the lock of a lost connection is free');
  });

  for (const how of ['is lost', 'is given up', 'is cancelled'] as const)
    it(`says so when a step ${how} under way, and what is left agrees with the row`, async (t) => {
      const { database, session } = started();
      if (!database.long || !database.sever) return t.skip('there is no statement that takes long');
      const { sql, runs } = database.long;
      const giveUp = new AbortController();
      const { up } = migration(1n, {
        up: `CREATE TABLE half (id integer);\n${sql};\nCREATE TABLE whole (id integer);\n`,
      });
      const applied = session.apply(up, given({ signal: giveUp.signal }));
      applied.catch(() => {});
      await until(runs, 'the long statement runs');
      if (how === 'is lost') await database.sever(session);
      else if (how === 'is given up') giveUp.abort(new Error('given up'));
      else await session.cancel();
      await assert.rejects(applied, (error) => {
        const codes = [
          'unavailable',
          'outcome_unknown',
          ...(how === 'is cancelled' ? ['migration_failed'] : []),
        ] as const;
        const itsReason = how === 'is given up' && error === giveUp.signal.reason;
        assert.ok(itsReason || codes.some((code) => isAppError(error, code as 'unavailable')), String(error));
        return true;
      });
      await until(async () => !(await runs()), 'the long statement ended');
      const left = [await rows(database), await count(database, 'half'), await count(database, 'whole')];
      assert.deepEqual(left, transactional ? [[], 'no table', 'no table'] : [[['1', true]], 0, 'no table']);
    });
}
