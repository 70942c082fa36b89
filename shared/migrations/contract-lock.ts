/** What every session promises of the lock, as tests. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type DatabaseUnderTest, until } from './contract-rig.ts';
import type { Session } from './session.ts';

export function lockContract(
  started: () => { database: DatabaseUnderTest; session: Session },
  several: { skip: string | boolean },
): void {
  it('locks others out until it unlocks, and tells them who it is', several, async () => {
    const { database, session } = started();
    await session.unlock();
    await using other = await database.open();
    assert.deepEqual([await session.holdsLock(), await session.holders()], [false, []]);
    assert.equal(await session.tryLock(), true);
    assert.equal(await other.tryLock(), false);
    assert.deepEqual([await session.holdsLock(), await other.holdsLock()], [true, false]);
    const [holder] = await other.holders();
    assert.ok(holder?.session, 'there is a holder');
    assert.equal(await other.unlock(), false, 'it is not its own');
    assert.equal(await other.tryLock(), false);
    assert.equal(await session.unlock(), true);
    assert.deepEqual([await session.unlock(), await session.holdsLock(), await other.holders()], [false, false, []]);
    assert.equal(await other.tryLock(), true);
    assert.equal(await session.tryLock(), false);
  });

  it('is free again when the session that held it is closed', several, async () => {
    const { database, session } = started();
    await session.unlock();
    const other = await database.open();
    assert.equal(await other.tryLock(), true);
    assert.equal(await session.tryLock(), false);
    await other[Symbol.asyncDispose]();
    await until(() => session.tryLock(), 'the lock of a closed session is free');
    assert.equal(await session.holdsLock(), true);
  });

  it('is taken by exactly one of ten who try at once', several, async () => {
    const { database, session } = started();
    await session.unlock();
    const all = await Promise.all(Array.from({ length: 10 }, () => database.open()));
    const got = await Promise.all(all.map((one) => one.tryLock()));
    assert.equal(got.filter(Boolean).length, 1);
    await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
  });
}
