/** What a session promises, on Firestore: session.contract.ts speaks SQL to the database beside it, so its promises are told here in documents. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { createCuttingProxy } from '../testing/cutting-proxy.ts';
import { failsWith, given, stamping, TOKEN } from './contract-rig.ts';
import { COUNT_UP, documents, type FirestoreUnderTest, startFirestore } from './firestore/rig.ts';
import type { Version } from './migration.ts';
import type { Session } from './session.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
// The SDK would believe it more than the settings, and go past a proxy.
delete process.env['FIRESTORE_EMULATOR_HOST'];
if (!emulator && process.env['CI'] === 'true') throw new Error('FIRESTORE_EMULATOR_HOST is not set');
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';

describe('a session with Firestore', { skip, timeout: 120_000 }, () => {
  let database: FirestoreUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await startFirestore(emulator);
    session = await database.open();
    await session.prepare();
    assert.equal(await session.tryLock(), true);
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });
  const one = (n = 1n, before?: Version) => documents(n, { up: COUNT_UP(), down: COUNT_UP() }, before);
  const sum = async (collection = 'stalls') =>
    Object.values(await database.read(collection)).reduce((total, { n }) => total + Number(n), 0);

  it('finds no version at first, and none where nobody has prepared it', async () => {
    assert.deepEqual(await session.state(), { version: undefined, dirty: false });
    assert.deepEqual(await session.history(10), []);
    const fresh = await startFirestore(emulator);
    await using other = await fresh.open();
    assert.deepEqual(
      [await other.state(), await other.history(1), await other.holders()],
      [{ version: undefined, dirty: false }, [], []],
    );
    assert.deepEqual(await fresh.read('schema_migrations'), {});
    await fresh.close();
  });

  it('is prepared by several at once, and again', async () => {
    const others = await Promise.all(Array.from({ length: 5 }, () => database.open()));
    await Promise.all([session, ...others].map((open) => open.prepare()));
    for (const open of others) await open[Symbol.asyncDispose]();
    assert.deepEqual(Object.keys(await database.read('schema_migrations')), ['schema_migrations/fence']);
  });

  it('goes up and down, with the version as text', async () => {
    await database.fill('stalls', 30);
    const [low, high] = [1751234567890123457n, 18446744073709551615n];
    const [first, second] = [one(low), documents(high, { up: COUNT_UP() }, low)];
    const seen: unknown[] = [];
    for (const step of [first.up, second.up, second.down, first.down]) {
      await session.apply(step, given());
      const { docs } = await database.db.collection('schema_migrations').where('dirty', '==', false).get();
      seen.push([(await session.state()).version, docs[0]?.data()['version'], await sum()]);
    }
    assert.deepEqual(seen, [
      [low, String(low), 30],
      [high, String(high), 60],
      [low, String(low), 60],
      [undefined, null, 90],
    ]);
  });

  it('moves the version alone where a script is absent or empty, and where there are no documents', async () => {
    const steps = [documents(1n, {}), documents(2n, { up: '// nothing; yet\n' }, 1n), one(3n, 2n)];
    for (const { up } of steps) await session.apply(up, given());
    assert.deepEqual(await session.state(), { version: 3n, dirty: false });
    for (const { down } of steps.toReversed()) await session.apply(down, given());
    assert.deepEqual(await session.state(), { version: undefined, dirty: false });
    assert.equal((await session.history(9)).length, 6);
  });

  it('sets the version by hand', async () => {
    for (const state of [
      { version: 5n, dirty: false },
      { version: 6n, dirty: true },
      { version: 0n, dirty: false },
      { version: undefined, dirty: true },
      { version: undefined, dirty: false },
    ]) {
      await session.stamp(state, stamping());
      assert.deepEqual(await session.state(), state);
    }
  });

  it('tells what took effect, the newest first, with the text of the way back', async () => {
    const { up, down } = one();
    await session.apply(up, given({ more: true }));
    await session.apply(down, given({ run: 'run_9', by: 'cy – 夜' }));
    await session.stamp({ version: undefined, dirty: false }, stamping());
    const rebless = { ...stamping(), direction: 'rebless' as const, of: 1n, checksum: 'abc', down: 'text' };
    await session.stamp({ version: undefined, dirty: false }, rebless);
    const history = await session.history(10);
    assert.deepEqual(
      history.map((row) => [row.version, row.direction, row.name, row.checksum, row.down, row.run, row.by, row.token]),
      [
        [1n, 'rebless', '', 'abc', 'text', 'run_2', 'bob', TOKEN],
        [-1n, 'force', '', undefined, undefined, 'run_2', 'bob', TOKEN],
        [1n, 'down', 'stalls', down.migration.down?.checksum, undefined, 'run_9', 'cy – 夜', TOKEN],
        [1n, 'up', 'stalls', up.migration.up?.checksum, COUNT_UP(), 'run_1', 'ann', TOKEN],
      ],
    );
    assert.deepEqual(await session.history(2), history.slice(0, 2));
  });

  it('refuses a step that was planned on another version, and does nothing', async () => {
    await database.fill('stalls', 3);
    await session.apply(documents(1n, {}).up, given());
    for (const step of [one(2n).up, one(2n, 9n).up, one(9n).down])
      await failsWith(session.apply(step, given()), 'conflict');
    await session.stamp({ version: 1n, dirty: true }, stamping());
    await failsWith(session.apply(one(2n, 1n).up, given()), 'conflict');
    await failsWith(session.apply(one(1n).up, given()), 'conflict');
    assert.equal(await session.look(one(1n).up), 'unknown');
    assert.equal(await sum(), 0);
  });

  it('refuses what comes with a lower token than the fence, and does nothing', async () => {
    await database.fill('stalls', 3);
    await session.raiseFence(TOKEN);
    await session.raiseFence(TOKEN);
    await failsWith(session.raiseFence(TOKEN - 1), 'lease_lost');
    await using later = await database.open();
    await later.raiseFence(TOKEN + 1);
    await failsWith(session.apply(one().up, given()), 'lease_lost');
    await failsWith(session.apply(documents(1n, {}).up, given()), 'lease_lost');
    await failsWith(session.stamp({ version: 8n, dirty: false }, stamping()), 'lease_lost');
    assert.deepEqual([await session.state(), await sum()], [{ version: undefined, dirty: false }, 0]);
    await later.apply(one().up, given({ token: TOKEN + 1 }));
    assert.equal(await sum(), 3);
  });

  it('does nothing when it was given up before, and is of no more use once it is closed', async () => {
    const reason = new Error('given up');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(session.apply(one().up, given({ signal })), reason);
    await assert.rejects(database.open({ signal }), reason);
    const other = await database.open();
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await failsWith(other.apply(one().up, given()), 'unavailable');
    await failsWith(other.state(), 'unavailable');
    await failsWith(other.tryLock(), 'unavailable');
  });

  it('takes a commit whose answer was lost for what it was', async () => {
    await database.fill('stalls', 60);
    const proxy = await createCuttingProxy(emulator);
    await using through = await database.open({ emulator: proxy.address });
    // In the commit of a page, of the stamp, of a row set by hand: each is written once.
    proxy.loseAnswer('stalls/d000010');
    await through.apply(one().up, given());
    assert.deepEqual([proxy.cuts, await sum()], [1, 60]);
    proxy.loseAnswer('history-');
    await through.apply(one(2n, 1n).up, given());
    proxy.loseAnswer('history-');
    await through.stamp({ version: 7n, dirty: false }, stamping());
    proxy.loseRequest('history-');
    await through.stamp({ version: 8n, dirty: false }, stamping());
    assert.deepEqual(
      [proxy.cuts, await sum(), (await through.history(9)).map(({ version }) => version)],
      [4, 120, [8n, 7n, 2n, 1n]],
    );
    await proxy.close();
  });

  it('says that Firestore does not answer, without its address', async () => {
    const proxy = await createCuttingProxy(emulator);
    const signal = AbortSignal.timeout(100_000);
    await using through = await database.open({ emulator: proxy.address, signal });
    await through.state();
    await proxy.close();
    const giveUp = AbortSignal.timeout(25_000);
    await assert.rejects(through.apply(one().up, given({ signal: giveUp })), (error) => {
      assert.ok(isAppError(error, 'unavailable'), String(error));
      assert.doesNotMatch(error.message, /127\.0\.0\.1|localhost/);
      return true;
    });
  });

  it('foresees how many, how long and for how much, and what the first would look like', async () => {
    await database.fill('stalls', 250, (index) => ({ n: index, open: index >= 3, at: { floor: index } }));
    const { up, down } = documents(1n, {
      up: `export default { collection: 'stalls', where: [['open', '==', true]], batch: 100, perSecond: 50,
             change: ({ id, data }, { FieldValue, Timestamp }) => data.n % 2 === 0 ? undefined : {
               set: { 'at.wing.side': 'east', n: FieldValue.increment(1), since: Timestamp.fromMillis(0) }, remove: ['at.floor', 'none'],
               create: [{ path: 'log/' + id, data: { was: data.n } }] } };`,
      down: "export default { collection: 'stalls', change: () => 'delete' };",
    });
    assert.deepEqual(await session.estimate(up), {
      ...{ rows: 247, pages: 3, etaMs: 4_940, reads: 254, writes: 250, costUsd: 0.0006 },
    });
    assert.deepEqual(await session.preview(up, 3), [
      {
        key: 'stalls/d000003',
        before: '{"at":{"floor":3},"n":3,"open":true}',
        after:
          '{"at":{"wing":{"side":"east"}},"n":"FieldValue.increment()","open":true,"since":"1970-01-01T00:00:00.000Z"}',
      },
      { key: 'log/d000003', before: null, after: '{"was":3}' },
      {
        key: 'stalls/d000005',
        before: '{"at":{"floor":5},"n":5,"open":true}',
        after:
          '{"at":{"wing":{"side":"east"}},"n":"FieldValue.increment()","open":true,"since":"1970-01-01T00:00:00.000Z"}',
      },
    ]);
    assert.deepEqual(await session.preview(down, 1), [
      { key: 'stalls/d000000', before: '{"at":{"floor":0},"n":0,"open":false}', after: null },
    ]);
    assert.deepEqual(await session.sizes(['stalls', 'nobody']), [{ table: 'stalls', rows: 250 }]);
    assert.equal((await session.state()).version, undefined);
    await session.apply(up, given());
    const { 'stalls/d000003': three } = await database.read('stalls');
    assert.deepEqual([three?.['n'], three?.['at']], [4, { wing: { side: 'east' } }]);
    const { estimate, preview } = session;
    assert.deepEqual(await Promise.all([estimate(documents(2n, {}).up), preview(documents(2n, {}).up, 1)]), [
      undefined,
      [],
    ]);
  });
});
