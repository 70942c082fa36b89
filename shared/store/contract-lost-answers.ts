/** The store's contract: a writer learns that it won although the answer to its commit never arrived. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { collection, create, read, rejectsWith } from './contract-steps.ts';
import type { JsonObject, Store, Write } from './store.ts';

export interface LossyStore {
  store: Store;
  /** The next commit whose request holds `marker` goes through and its answer does not arrive. */
  loseAnswer(marker: string): void;
  /** How many answers were lost so far. */
  lost(): number;
  close(): Promise<void>;
}

/** `lossy` opens a store whose next answer can be lost, or says why this driver loses none. */
export function lostAnswersContract(lossy: (() => Promise<LossyStore>) | string): void {
  const skip = typeof lossy === 'string' ? lossy : false;
  describe('a writer whose answer is lost after the commit went through', { skip }, () => {
    let lossyStore: LossyStore;
    before(async () => {
      if (typeof lossy !== 'string') lossyStore = await lossy();
    });
    after(() => lossyStore?.close());

    /** Runs `work`, whose request holds `marker`, and makes sure that an answer was indeed lost. */
    const losing = async <T>(marker: string, work: () => Promise<T>): Promise<T> => {
      const before = lossyStore.lost();
      lossyStore.loseAnswer(marker);
      const result = await work();
      assert.equal(lossyStore.lost(), before + 1);
      return result;
    };
    const wrote = async (c: string, id: string, value: JsonObject, version: string | undefined) =>
      assert.deepEqual(await read(lossyStore.store, c, id), { id, value, version });

    it('learns that it created the document', async () => {
      const c = collection();
      const version = await losing(c, () => lossyStore.store.create(c, 'a', { n: 1 }));
      await wrote(c, 'a', { n: 1 }, version);
    });

    it('learns that it replaced the document', async () => {
      const c = collection();
      const first = await lossyStore.store.create(c, 'a', { n: 1 });
      const version = await losing(c, () => lossyStore.store.replace(c, 'a', { n: 2 }, first));
      assert.notEqual(version, first);
      await wrote(c, 'a', { n: 2 }, version);
      await lossyStore.store.replace(c, 'a', { n: 3 }, version);
    });

    it('learns that it wrote all documents of a commit', async () => {
      const c = collection();
      const { store } = lossyStore;
      const [a = '', b = '', d = ''] = await store.commit([create(c, 'a', {}), create(c, 'b', {}), create(c, 'd', {})]);
      const versions = await losing(c, () =>
        store.commit([
          { op: 'delete', collection: c, id: 'b', ifVersion: b },
          { op: 'check', collection: c, id: 'd', ifVersion: d },
          { op: 'replace', collection: c, id: 'a', value: { n: 2 }, ifVersion: a },
          create(c, 'e', { n: 2 }),
        ]),
      );
      assert.equal(await store.get(c, 'b'), undefined);
      assert.deepEqual(versions.slice(0, 2), [b, d]);
      await wrote(c, 'a', { n: 2 }, versions[2]);
      await wrote(c, 'e', { n: 2 }, versions[3]);
    });

    it('learns the one version of all that it wrote, whichever document told', async () => {
      const c = collection();
      const { store } = lossyStore;
      const a = await store.create(c, 'a', {});
      const replace = (ifVersion: string): Write => ({ op: 'replace', collection: c, id: 'a', value: {}, ifVersion });
      const [b1, a1 = ''] = await losing(c, () => store.commit([create(c, 'b', {}), replace(a)]));
      assert.equal(a1, b1);
      const [a2, d2] = await losing(c, () => store.commit([replace(a1), create(c, 'd', {})]));
      assert.equal(a2, d2);
      await wrote(c, 'd', {}, a2);
    });

    it('learns that it deleted the document', async () => {
      const c = collection();
      const version = await lossyStore.store.create(c, 'a', {});
      await losing(c, () => lossyStore.store.delete(c, 'a', version));
      assert.equal(await lossyStore.store.get(c, 'a'), undefined);
    });

    it('learns that its check held', async () => {
      const c = collection();
      const version = await lossyStore.store.create(c, 'a', {});
      await losing(c, () => lossyStore.store.commit([{ op: 'check', collection: c, id: 'a', ifVersion: version }]));
      await wrote(c, 'a', {}, version);
    });

    it('learns of a conflict all the same', async () => {
      const c = collection();
      const first = await lossyStore.store.create(c, 'a', { n: 1 });
      await lossyStore.store.replace(c, 'a', { n: 2 }, first);
      await losing(c, () => rejectsWith('conflict', lossyStore.store.create(c, 'a', { n: 3 })));
      await losing(c, () => rejectsWith('conflict', lossyStore.store.replace(c, 'a', { n: 3 }, first)));
      await losing(c, () => rejectsWith('conflict', lossyStore.store.delete(c, 'a', first)));
    });
  });
}
