import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAppError } from '../../errors.ts';
import { failsWith, given, TOKEN } from '../contract-rig.ts';
import type { PagesDone, Session } from '../session.ts';
import { COUNT_UP, documents, type FirestoreUnderTest, inProcess, startFirestore } from './rig.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';

describe('pages of documents', { skip, timeout: 120_000 }, () => {
  let database: FirestoreUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await startFirestore(emulator);
    session = await database.open();
    await session.prepare();
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });
  const { up } = documents(1n, { up: COUNT_UP() });
  /** How many documents have which number. */
  const numbers = async (collection = 'stalls') => {
    const found = new Map<unknown, number>();
    for (const { n } of Object.values(await database.read(collection))) found.set(n, (found.get(n) ?? 0) + 1);
    return Object.fromEntries(found);
  };

  it('stop where they are told to, and go on from there', async () => {
    await database.fill('stalls', 100);
    const told: PagesDone[] = [];
    const paused = await session.apply(
      up,
      given({ onPage: async (done) => (told.push(done) === 2 ? 'paused' : undefined) }),
    );
    assert.equal(paused.stopped, 'paused');
    assert.deepEqual(
      told.map(({ pages, rows, written, rowsTotal }) => [pages, rows, written, rowsTotal]),
      [
        [1, 25, 25, 100],
        [2, 50, 50, 100],
      ],
    );
    assert.deepEqual(await session.state(), { version: 1n, dirty: true });
    assert.deepEqual(await session.look(up), { pagesDone: 2 });
    assert.equal((await session.estimate(up))?.rows, 50);
    assert.equal((await session.preview(up, 1))[0]?.key, 'stalls/d000050');
    assert.deepEqual(await numbers(), { 0: 50, 1: 50 });

    await using other = await database.open();
    await other.raiseFence(TOKEN + 1);
    const cancelled = other.apply(up, given({ token: TOKEN + 1, onPage: () => other.cancel().then(() => undefined) }));
    assert.equal((await cancelled).stopped, 'cancelled');
    const { stopped, statements } = await other.apply(up, given({ token: TOKEN + 1 }));
    assert.deepEqual(
      [stopped, statements, await numbers(), await other.look(up)],
      [undefined, 4, { 1: 100 }, 'applied'],
    );
    assert.deepEqual(await other.state(), { version: 1n, dirty: false });
  });

  it('change each of 1,000 documents once, however often the process is killed', async () => {
    await database.fill('stalls', 1_000);
    let [token, kills] = [1, 0];
    for (let goesOn = true; goesOn; token++) {
      const child = inProcess(
        database.project,
        emulator,
        `await session.prepare();
         await session.raiseFence(${token});
         const { up } = documents(1n, { up: COUNT_UP('stalls', 'batch: 25, perSecond: 1_000') });
         await session.apply(up, given({ token: ${token}, onPage: async () => void say('page') }));
         say('done');
         await session[Symbol.asyncDispose]();`,
      );
      assert.ok(child.stdout);
      // Another moment each time: as soon as a page is told, or some way into the next.
      let left = 3 + ((token * 5) % 7);
      let ended = false;
      for await (const line of createInterface(child.stdout)) {
        if (line === 'done') ended = true;
        else if (--left === 0) {
          if (token % 2 === 0) await new Promise((resolve) => setTimeout(resolve, (token * 7) % 40));
          child.kill('SIGKILL');
        }
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (child.signalCode === 'SIGKILL') kills++;
      goesOn = !ended;
      assert.ok(token < 40, 'it comes to an end');
    }
    assert.ok(kills >= 5, `${kills} were killed`);
    assert.deepEqual(await numbers(), { 1: 1_000 });
    assert.deepEqual(await session.state(), { version: 1n, dirty: false });
    assert.equal((await session.history(9)).length, 1);
  });

  it('are committed no more by one that was taken over, wherever it stood', async () => {
    await database.fill('stalls', 200);
    let wake = () => {};
    const frozen = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let reached = () => {};
    const inside = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const stale = session.apply(
      up,
      given({
        onPage: async ({ pages }) => {
          if (pages < 3) return undefined;
          reached();
          await frozen;
          return undefined;
        },
      }),
    );
    stale.catch(() => undefined);
    await inside;
    await using later = await database.open();
    await later.raiseFence(TOKEN + 1);
    await later.apply(
      up,
      given({ token: TOKEN + 1, onPage: async ({ pages }) => (pages === 5 ? 'paused' : undefined) }),
    );
    wake();
    await failsWith(stale, 'lease_lost');
    assert.deepEqual(await numbers(), { 0: 75, 1: 125 });
    await later.apply(up, given({ token: TOKEN + 1 }));
    assert.deepEqual(await numbers(), { 1: 200 });
  });

  it('let the application win that writes meanwhile', async () => {
    await database.fill('stalls', 400);
    const stop = new AbortController();
    const written = new Map<number, number>();
    const application = (async () => {
      for (let turn = 0; !stop.signal.aborted; turn++) {
        const index = (turn * 37) % 400;
        // As an application does that counts for itself.
        await database.db.runTransaction(async (transaction) => {
          const ref = database.db.doc(`stalls/d${`${index}`.padStart(6, '0')}`);
          const { n } = (await transaction.get(ref)).data() as { n: number };
          transaction.update(ref, { n: n + 1_000 });
        });
        written.set(index, (written.get(index) ?? 0) + 1);
      }
    })();
    await session.apply(up, given());
    stop.abort();
    await application;
    assert.ok(written.size > 0);
    for (const [path, { n }] of Object.entries(await database.read('stalls')))
      assert.equal(n, 1 + 1_000 * (written.get(Number(path.slice(-6))) ?? 0), path);
  });

  it('come past a document that is written all the time, and lose nothing of it', async () => {
    await database.fill('stalls', 60);
    const stop = new AbortController();
    const hot = database.db.doc('stalls/d000040');
    let writes = 0;
    const { FieldValue } = (await import('../firestore-sdk-client.ts')).classes;
    const writers = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) {
        await hot.update({ n: FieldValue.increment(1_000) });
        writes++;
      }
    });
    await session.apply(up, given());
    stop.abort();
    await Promise.all(writers);
    assert.deepEqual(await numbers(), { 1: 59, [1 + 1_000 * writes]: 1 });
  });

  it('go through collections of one name wherever they are, and through where', async () => {
    for (const city of ['sg', 'my'])
      await database.fill(`cities/${city}/stalls`, 40, (index) => ({ n: 0, open: index % 4 === 0 }));
    const text = COUNT_UP().replace("collection: 'stalls'", "collectionGroup: 'stalls', where: [['open', '==', true]]");
    await session.apply(documents(1n, { up: text.replace('batch: 25', 'batch: 7') }).up, given());
    for (const city of ['sg', 'my']) assert.deepEqual(await numbers(`cities/${city}/stalls`), { 0: 30, 1: 10 });
  });

  it('are as large as a commit takes', async () => {
    for (let n = 10; n < 22; n++) await database.db.doc(`stalls/d${n}`).set({ text: 'x'.repeat(700_000) });
    await database.fill('many', 12);
    const told: number[] = [];
    const text =
      "export default { collection: 'stalls', change: ({ data }) => ({ set: { text: data.text + 'y', n: 1 } }) };";
    await session.apply(documents(1n, { up: text }).up, given({ onPage: async ({ rows }) => void told.push(rows) }));
    assert.deepEqual([told, await numbers()], [[4, 8, 12], { 1: 12 }]);
    told.length = 0;
    const create = "Array.from({ length: 100 }, (_, k) => ({ path: 'parts/' + id + '-' + k, data: {} }))";
    const parts = `export default { collection: 'many', change: ({ id }) => ({ create: ${create} }) };`;
    await session.apply(
      documents(2n, { up: parts }, 1n).up,
      given({ onPage: async ({ rows }) => void told.push(rows) }),
    );
    assert.deepEqual([told, Object.keys(await database.read('parts')).length], [[4, 8, 12], 1_200]);
  });

  const faults: [what: string, change: string, says: RegExp][] = [
    ['throws', "() => { throw new Error('no tea'); }", /stalls\/d000000 threw: no tea/],
    ['answers a promise', 'async () => ({ set: { n: 1 } })', /d000000 answered a promise/],
    ['answers a number', '() => 5', /d000000 answered what cannot be done/],
    ['answers a field that nobody knows', '() => ({ sett: { n: 1 } })', /sett/],
    ['sets a path that is none', "() => ({ set: { 'a..b': 1 } })", /set has a name that is no path/],
    ['sets what is no value', '() => ({ set: { n: () => 1 } })', /Cannot encode value/],
    ['deletes and sets', '() => ({ delete: true, set: { n: 1 } })', /both delete and fields/],
    [
      'creates in a collection',
      "() => ({ create: [{ path: 'stalls', data: {} }] })",
      /create\.0\.path must be a document's path/,
    ],
    [
      'creates where it goes through',
      "({ id }) => ({ create: [{ path: 'stalls/z' + id, data: {} }] })",
      /would meet it again/,
    ],
    ['creates among ours', "() => ({ create: [{ path: 'schema_migrations/version', data: {} }] })", /history are kept/],
    [
      'creates what is there',
      "({ id }) => ({ create: [{ path: id === 'd000001' ? 'taken/x' : 'taken/' + id, data: {} }] })",
      /creates taken\/x, which is there already/,
    ],
    ['sets more than fits', "() => ({ set: { text: 'x'.repeat(1_100_000) } })", /1_stalls\.up\.ts: /],
  ];
  for (const [what, change, says] of faults)
    it(`leave nothing marked where a change ${what} on the first`, async () => {
      await database.fill('stalls', 3);
      await database.db.doc('taken/x').set({ n: 5 });
      const step = documents(1n, { up: `export default { collection: 'stalls', change: ${change} };` }).up;
      await assert.rejects(session.apply(step, given()), (error) => {
        assert.ok(isAppError(error, 'migration_failed'), String(error));
        assert.match(error.message, says);
        return true;
      });
      assert.deepEqual([await session.state(), await numbers()], [{ version: undefined, dirty: false }, { 0: 3 }]);
    });

  it('go on with a change that was mended, behind those that took effect', async () => {
    await database.fill('stalls', 60);
    const bad = COUNT_UP().replace('=> ({', "=> doc.id === 'd000030' ? nothing() : ({");
    await failsWith(session.apply(documents(1n, { up: bad }).up, given()), 'migration_failed');
    assert.deepEqual(
      [await session.state(), await numbers()],
      [
        { version: 1n, dirty: true },
        { 0: 35, 1: 25 },
      ],
    );
    const elsewhere = documents(1n, { up: COUNT_UP('others') }).up;
    await failsWith(session.apply(elsewhere, given()), 'migration_refused');
    await session.apply(up, given());
    assert.deepEqual(await numbers(), { 1: 60 });
  });
});
