import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, isAppError } from '#shared/errors.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store, StoreDriver } from '#shared/store/store.ts';
import { exported, type Folder, imported, temporaryFolder } from './testing.ts';

const C = ['alpha', 'beta'];
const open = (change: (driver: StoreDriver) => Partial<StoreDriver> = () => ({})): Store => {
  const driver = createMemoryDriver();
  return withShorthands({ ...driver, ...change(driver) });
};

/** 1,200 documents in three pages and one in another collection. */
async function aFile(folder: Folder): Promise<string> {
  const store = open();
  for (let n = 0; n < 1_200; n += 400)
    await store.commit(
      Array.from({ length: 400 }, (_, m) => ({
        op: 'create',
        collection: 'alpha',
        id: `${n + m}`,
        value: { n: n + m },
      })),
    );
  await store.create('beta', 'b', { b: 1 }, { expireAt: new Date('3000-01-01') });
  await exported(store, folder.file('f'), C);
  return folder.file('f');
}

describe('an import', () => {
  it('writes what is missing once, and nothing when it runs again', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    let writes = 0;
    const store = open((driver) => ({
      commit: (given) => {
        writes += given.filter(({ collection }) => C.includes(collection)).length;
        return driver.commit(given);
      },
    }));
    assert.deepEqual((await imported(store, path, C)).counts, {
      alpha: { create: 1_200, same: 0, replace: 0, keep: 0, expired: 0, refuse: 0 },
      beta: { create: 1, same: 0, replace: 0, keep: 0, expired: 0, refuse: 0 },
    });
    assert.equal(writes, 1_201);
    assert.equal((await imported(store, path, C)).counts['alpha']?.same, 1_200);
    assert.equal(writes, 1_201);
  });

  it('writes nothing in a dry run', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    const store = open(() => ({ commit: () => assert.fail('it wrote') }));
    assert.equal((await imported(store, path, C, { dryRun: true })).counts['alpha']?.create, 1_200);
  });

  it('refuses documents that are there and differ, in value or expiry, before it writes anything', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    const store = open();
    await store.create('alpha', '7', { n: 8 });
    await store.create('alpha', '9', { n: 9 });
    await store.create('beta', 'b', { b: 1 });
    await assert.rejects(
      imported(store, path, C),
      (error) =>
        isAppError(error, 'conflict') && /^2 documents .*alpha\/7.*beta\/b.*nothing was written/.test(error.message),
    );
    assert.equal((await store.list('alpha', { limit: 9 })).docs.length, 2);
    const { differing, counts } = await imported(store, path, C, { dryRun: true });
    assert.deepEqual(differing.toSorted(), ['alpha/7', 'beta/b']);
    assert.equal(counts['alpha']?.same, 1);
  });

  it('keeps them, or overwrites them, where it is told to', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    for (const [policy, n] of [
      ['keep', 8],
      ['replace', 7],
    ] as const) {
      const store = open();
      await store.create('alpha', '7', { n: 8 });
      const { counts } = await imported(store, path, C, { policy });
      assert.deepEqual([counts['alpha']?.[policy], counts['alpha']?.create], [1, 1_199]);
      assert.deepEqual((await store.get('alpha', '7'))?.value, { n });
    }
  });

  it('that ended in the middle is finished by the next', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    let commits = 0;
    let broken = true;
    const store = open((driver) => ({
      commit: async (given) => {
        if (broken && ++commits > 3) throw new AppError('invalid', 'broken');
        return driver.commit(given);
      },
    }));
    await assert.rejects(imported(store, path, C), /broken/);
    broken = false;
    const { counts } = await imported(store, path, C);
    const { create = 0, same = 0 } = counts['alpha'] ?? {};
    assert.ok(create > 0 && same > 0);
    assert.equal(create + same, 1_200);
  });

  it('goes on where the store fails for a while, whether it wrote or not', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    let commits = 0;
    const store = open((driver) => ({
      commit: async (given) => {
        commits++;
        if (commits === 3) throw new AppError('unavailable', 'not now');
        const versions = await driver.commit(given);
        if (commits === 5) throw new AppError('outcome_unknown', 'who knows');
        return versions;
      },
    }));
    await imported(store, path, C);
    assert.ok(commits >= 6);
  });

  it('fails where what it wrote is not there afterwards', async () => {
    using folder = temporaryFolder();
    const path = await aFile(folder);
    const store = open((driver) => ({
      commit: async (given) => driver.commit(given.filter(({ id }) => id !== '11')),
    }));
    await assert.rejects(
      imported(store, path, C),
      (error) => isAppError(error, 'conflict') && /^1 documents are not/.test(error.message),
    );
  });

  it('leaves out what expires on the way', async () => {
    using folder = temporaryFolder();
    const from = open();
    await from.create('alpha', 'a', {}, { expireAt: new Date(Date.now() + 60_000) });
    await exported(from, folder.file('f'), C);
    const store = open();
    const clock = { now: () => Date.now() + 120_000, mono: () => 0, sleep: async () => undefined };
    assert.equal((await imported(store, folder.file('f'), C, { clock })).counts['alpha']?.expired, 1);
    assert.equal(await store.get('alpha', 'a'), undefined);
  });
});
