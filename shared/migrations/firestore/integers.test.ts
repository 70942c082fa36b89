/** Integers that a JavaScript number does not hold: read, changed, shown and written with each of their digits. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAppError } from '../../errors.ts';
import { failsWith, given, TOKEN } from '../contract-rig.ts';
import type { Session } from '../session.ts';
import { documents, type FirestoreUnderTest, startFirestore } from './rig.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';
const [BIG, MOST, LEAST] = [9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n)];

describe('integers of documents', { skip, timeout: 60_000 }, () => {
  let database: FirestoreUnderTest;
  let session: Session;
  /** Tells an integer, which is a BigInt here, from a double. */
  let db: FirebaseFirestore.Firestore;
  beforeEach(async () => {
    database = await startFirestore(emulator);
    const { openDatabase } = await import('../firestore-sdk-client.ts');
    db = openDatabase(database.project, '(default)', emulator);
    session = await database.open();
    await session.prepare();
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await Promise.all([db?.terminate(), database?.close()]);
  });
  const step = (change: string, more = '') =>
    documents(1n, { up: `export default { collection: 'stalls', ${more} change: ${change} };` }).up;
  const read = async (path = 'stalls/a') => (await db.doc(path).get()).data();

  it('keep each digit through a copy, in maps, arrays and new documents', async () => {
    const data = {
      ...{ big: BIG, most: MOST, least: LEAST, edge: 2n ** 53n, n: 5n, half: 0.5, large: 2 ** 60 },
      ...{ map: { big: -BIG, deep: { n: 7n, list: [MOST, 1n, { big: BIG }] } }, list: [BIG, 1n, 1.5] },
    };
    await db.doc('stalls/a').set(data);
    const change =
      "({ data }) => ({ set: { big2: data.big, 'at.big': data.big + 1n, copy: { ...data } }, create: [{ path: 'copies/a', data }] })";
    await session.apply(step(change), given());
    assert.deepEqual(await read(), { ...data, big2: BIG, at: { big: BIG + 1n }, copy: data });
    assert.deepEqual(await read('copies/a'), data);
  });

  it('are numbers to a change where a number holds them, and BigInt where none does', async () => {
    const data = {
      big: BIG,
      edge: 2n ** 53n,
      n: 5n,
      most: 2n ** 53n - 1n,
      map: { n: -7n, list: [1n, BIG, { n: 2n }] },
    };
    await db.doc('stalls/a').set(data);
    const types = `({ data: { big, edge, n, most, map } }) => ({ set: {
      types: [big, edge, n, most, map.n, ...map.list, map.list[2].n].map((one) => typeof one).join(' '),
      n: n + 1, least: 1 - most, 'map.n': map.n * 2 } })`;
    await session.apply(step(types), given());
    assert.deepEqual(await read(), {
      ...{ big: BIG, edge: 2n ** 53n, most: 2n ** 53n - 1n, least: 2n - 2n ** 53n, n: 6n },
      ...{ map: { n: -14n, list: [1n, BIG, { n: 2n }] } },
      types: 'bigint bigint number number number number bigint object number',
    });
  });

  it('are shown with all their digits, and not as text', async () => {
    await db.doc('stalls/a').set({ big: BIG, text: String(BIG), list: [MOST, { n: 1n }] });
    const change =
      "({ data }) => ({ set: { big: data.big + 1n, n: 1 }, create: [{ path: 'copies/a', data: { least: -(2n ** 63n) } }] })";
    assert.deepEqual(await session.preview(step(change), 2), [
      {
        key: 'stalls/a',
        before: `{"big":${BIG},"list":[${MOST},{"n":1}],"text":"${BIG}"}`,
        after: `{"big":${BIG + 1n},"list":[${MOST},{"n":1}],"n":1,"text":"${BIG}"}`,
      },
      { key: 'copies/a', before: null, after: `{"least":${LEAST}}` },
    ]);
  });

  it('are found by where, which a step goes on with', async () => {
    for (const [id, big] of Object.entries({ a: BIG, b: BIG - 1n, c: BIG })) await db.doc(`stalls/${id}`).set({ big });
    const found = step('() => ({ set: { found: true } })', `batch: 1, where: [['big', 'in', [${BIG}n, 3]]],`);
    assert.equal((await session.estimate(found))?.rows, 2);
    const { stopped } = await session.apply(found, given({ onPage: async () => 'paused' }));
    assert.deepEqual([stopped, await session.look(found)], ['paused', { pagesDone: 1 }]);
    await session.apply(found, given());
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((id) => read(`stalls/${id}`))), [
      { big: BIG, found: true },
      { big: BIG - 1n },
      { big: BIG, found: true },
    ]);
    const beyond = step('() => undefined', `where: [['big', '==', ${MOST}n + 1n]],`);
    await assert.rejects(
      session.preview(beyond, 1),
      /1_stalls\.up\.ts: where\.0\.2: must not be beyond a 64-bit integer/,
    );
  });

  it('are counted up by Firestore, and put into its arrays', async () => {
    await db.doc('stalls/a').set({ big: BIG, n: 1n, list: [1n], less: [BIG, 2n] });
    const change = `({ data }, { FieldValue }) => ({ set: { big: FieldValue.increment(1), n: FieldValue.increment(1),
      list: FieldValue.arrayUnion(data.big, 5), less: FieldValue.arrayRemove(data.big) } })`;
    await session.apply(step(change), given());
    assert.deepEqual(await read(), { big: BIG + 1n, n: 2n, list: [1n, BIG, 5n], less: [2n] });
  });

  const beyond: [what: string, change: string, field: string][] = [
    ['a field', '() => ({ set: { big: 2n ** 63n } })', 'set.big'],
    ['a path of fields', "() => ({ set: { 'a.b': -(2n ** 63n) - 1n } })", 'set.a.b'],
    ['an array in a map', '() => ({ set: { map: { list: [1n, 2n ** 64n] } } })', 'set.map.list.1'],
    ['a union', '(_, { FieldValue }) => ({ set: { list: FieldValue.arrayUnion(1, 2n ** 64n) } })', 'set.list.1'],
    ['a new document', "() => ({ create: [{ path: 'copies/a', data: { big: 2n ** 64n } }] })", 'create.0.data.big'],
  ];
  for (const [what, change, field] of beyond)
    it(`are refused beyond 64 bits in ${what}, and nothing is marked`, async () => {
      await db.doc('stalls/a').set({ big: BIG });
      for (const work of [session.preview(step(change), 1), session.apply(step(change), given())])
        await assert.rejects(work, (error) => {
          assert.ok(isAppError(error, 'migration_failed'), String(error));
          assert.match(error.message, /^1_stalls\.up\.ts: change of stalls\/a /);
          assert.ok(error.message.includes(` ${field} is beyond a 64-bit integer`), error.message);
          return true;
        });
      assert.deepEqual([await session.state(), await read()], [{ version: undefined, dirty: false }, { big: BIG }]);
    });

  it('fail a change that takes them for numbers, rather than lose a digit', async () => {
    await db.doc('stalls/a').set({ big: BIG });
    for (const value of ['data.big + 1', 'JSON.stringify(data)', 'FieldValue.increment(data.big)'])
      await failsWith(
        session.apply(step(`({ data }, { FieldValue }) => ({ set: { big: ${value} } })`), given()),
        'migration_failed',
      );
    assert.deepEqual(await read(), { big: BIG });
  });

  it('are numbers in what a session keeps for itself', async () => {
    await db.doc('stalls/a').set({ n: 1n });
    await session.apply(step('({ data }) => ({ set: { n: data.n + 1 } })'), given());
    const [row] = await session.history(1);
    assert.deepEqual([row?.version, row?.token, typeof row?.ms], [1n, TOKEN, 'number']);
    assert.equal('order' in (row ?? {}), false);
    assert.equal(typeof JSON.stringify({ ...row, version: '1' }), 'string');
    assert.deepEqual(await session.sizes(['stalls']), [{ table: 'stalls', rows: 1 }]);
    const kept = await read('schema_migrations/fence');
    assert.deepEqual([kept?.['token'], kept?.['rows'], kept?.['pages']], [BigInt(TOKEN), 1n, 0n]);
  });
});
