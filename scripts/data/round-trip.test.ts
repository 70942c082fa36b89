import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_VALUE_BYTES, type Store } from '#shared/store/store.ts';
import { idProblem } from '#shared/store/validate.ts';
import { documentLines, exported, imported, openFirestore, openSqlite, skip, temporaryFolder } from './testing.ts';

const C = ['alpha', 'beta', 'gamma'];
const YEAR_3000 = Date.parse('3000-01-01');

/** Everything a document may be: any id that is one, and any JSON object. */
const documents = fc.uniqueArray(
  fc.record(
    {
      collection: fc.constantFrom(...C),
      id: fc
        .oneof(
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
          fc.string({ unit: 'binary', minLength: 1 }),
        )
        .filter((id) => idProblem(id) === undefined),
      value: fc.dictionary(
        fc.string({ unit: 'binary-ascii' }),
        fc.oneof(
          fc.jsonValue({ stringUnit: 'binary' }),
          fc.maxSafeInteger(),
          fc.constantFrom(Number.MAX_VALUE, 5e-324, 2 ** 53, 1e21, [], {}, [[]], ''),
        ),
      ),
      expireAt: fc.date({ min: new Date(YEAR_3000), max: new Date('9999-12-31'), noInvalidDate: true }),
    },
    { requiredKeys: ['collection', 'id', 'value'] },
  ),
  { maxLength: 30, selector: ({ collection, id }) => `${collection}/${id}` },
);
type Document = typeof documents extends fc.Arbitrary<(infer D)[]> ? D : never;

async function fill(store: Store, given: readonly Document[]): Promise<void> {
  await store.commit(given.map((document) => ({ op: 'create', ...document })));
}

describe('what was exported', () => {
  it('is, byte for byte, exported again from where it was imported', async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (given) => {
        using one = temporaryFolder();
        using two = temporaryFolder();
        await using from = openSqlite(one.path);
        await using to = openSqlite(two.path);
        await fill(from.store, given);
        const first = await exported(from.store, one.file('f'), C);
        const { counts } = await imported(to.store, one.file('f'), C);
        assert.equal(
          C.reduce((sum, name) => sum + (counts[name]?.create ?? 0), 0),
          given.length,
        );
        const second = await exported(to.store, two.file('f'), C);
        assert.deepEqual(second.collections, first.collections);
        assert.deepEqual(documentLines(two.file('f')), documentLines(one.file('f')));
      }),
      { numRuns: 40 },
    );
  });

  it('goes to the Firestore emulator and back to SQLite unchanged', { skip }, async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (given) => {
        using one = temporaryFolder();
        using two = temporaryFolder();
        await using from = openSqlite(one.path);
        await using cloud = openFirestore();
        await using back = openSqlite(two.path);
        await fill(from.store, given);
        const first = await exported(from.store, one.file('1'), C);
        await imported(cloud.store, one.file('1'), C);
        const second = await exported(cloud.store, one.file('2'), C);
        await imported(back.store, one.file('2'), C);
        const third = await exported(back.store, one.file('3'), C);
        assert.deepEqual([second.collections, third.collections], [first.collections, first.collections]);
        for (const name of ['2', '3']) assert.deepEqual(documentLines(one.file(name)), documentLines(one.file('1')));
      }),
      { numRuns: 10 },
    );
  });

  for (const place of ['SQLite', 'Firestore'])
    it(`may be large and many: ${place}`, { skip: place === 'Firestore' && skip, timeout: 110_000 }, async () => {
      using one = temporaryFolder();
      using two = temporaryFolder();
      await using from = openSqlite(one.path);
      await using to = place === 'SQLite' ? openSqlite(two.path) : openFirestore();
      const text = 'é"'.repeat((MAX_VALUE_BYTES - 100) / 4);
      for (const id of 'abcdefghi') await from.store.create('alpha', id, { text });
      for (let n = 0; n < 2_500; n += 500)
        await from.store.commit(
          Array.from({ length: 500 }, (_, m) => ({ op: 'create', collection: 'beta', id: `${n + m}`, value: { n } })),
        );
      const first = await exported(from.store, one.file('f'), C);
      assert.deepEqual(
        Object.values(first.collections).map(({ documents: count }) => count),
        [9, 2_500, 0],
      );
      await imported(to.store, one.file('f'), C);
      assert.deepEqual((await exported(to.store, one.file('g'), C)).collections, first.collections);
    });

  it('is for its user alone, and without what had expired', async () => {
    using folder = temporaryFolder();
    await using from = openSqlite(folder.path);
    await from.store.create('alpha', 'old', {}, { expireAt: new Date(Date.now() - 1) });
    await from.store.create('alpha', 'new', {}, { expireAt: new Date(YEAR_3000) });
    await exported(from.store, folder.file('f'), C);
    assert.equal(statSync(folder.file('f')).mode & 0o777, 0o600);
    assert.deepEqual(documentLines(folder.file('f')), [
      '{"collection":"alpha","id":"new","value":{},"expireAt":"3000-01-01T00:00:00.000Z"}',
    ]);
  });
});
