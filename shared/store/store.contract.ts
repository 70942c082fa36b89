/** What every store driver promises, as tests: run over each by its own test file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { listingContract, refusalsContract } from './contract-listing.ts';
import { type LossyStore, lostAnswersContract } from './contract-lost-answers.ts';
import { collection, create, read, rejectsWith, times, winners } from './contract-steps.ts';
import { versionsContract } from './contract-versions.ts';
import { MAX_VALUE_BYTES, MAX_WRITES, type Store, type Write } from './store.ts';

interface ContractOptions {
  name: string;
  /** A store to test; documents of earlier runs in it do no harm. */
  open: () => Promise<Store>;
  /** Why the whole suite cannot run here. */
  skip?: string;
  /** A store whose next answer can be lost, or why this driver loses none. */
  lossy: (() => Promise<LossyStore>) | string;
}

export function storeContract({ name, open, skip, lossy }: ContractOptions): void {
  describe(`${name} store`, { skip: skip ?? false, timeout: 120_000 }, () => {
    let store: Store;
    before(async () => {
      store = await open();
    });
    after(async () => {
      await store?.close();
    });

    describe('one document', () => {
      it('comes back as it was written, with its version', async () => {
        const c = collection();
        const value = {
          text: 'naïve 🦅 \u0000 "quoted"',
          n: -1.5e-7,
          list: [1, null, true, [{}]],
          '': { __proto: 1, a: {} },
        };
        const version = await store.create(c, 'a', value);
        assert.deepEqual(await read(store, c, 'a'), { id: 'a', value, version });
      });

      it('is undefined where there is none', async () => {
        assert.equal(await store.get(collection(), 'nothing'), undefined);
      });

      it('is created only where there is none', async () => {
        const c = collection();
        await store.create(c, 'a', { first: true });
        await rejectsWith('conflict', store.create(c, 'a', { first: false }));
        assert.deepEqual((await store.get(c, 'a'))?.value, { first: true });
      });

      it('tells from when on it may be removed, to the millisecond, until it is written without that', async () => {
        const c = collection();
        const times = ['2031-05-06T07:08:09.123Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.001Z'];
        for (const [n, time] of times.entries()) await store.create(c, `${n}`, {}, { expireAt: new Date(time) });
        const { docs } = await store.list(c, { limit: 10 });
        const single = await Promise.all(docs.map(({ id }) => store.get(c, id)));
        for (const found of [docs, single, await store.getMany(c, ['0', '1', '2'])])
          assert.deepEqual(
            found.map((doc) => doc?.expireAt?.toISOString()),
            times,
          );
        await store.replace(c, '0', {}, docs[0]?.version ?? '');
        assert.equal(Object.hasOwn((await store.get(c, '0')) ?? {}, 'expireAt'), false);
      });

      it('is replaced as a whole at the expected version, which then is another', async () => {
        const c = collection();
        const v1 = await store.create(c, 'a', { n: 1, old: true }, { expireAt: new Date(Date.now() + 3_600_000) });
        const v2 = await store.replace(c, 'a', { n: 2 }, v1);
        assert.notEqual(v2, v1);
        assert.deepEqual(await read(store, c, 'a'), { id: 'a', value: { n: 2 }, version: v2 });
        await rejectsWith('conflict', store.replace(c, 'a', { n: 3 }, v1));
      });

      it('gets a new version even from an equal value', async () => {
        const c = collection();
        const v1 = await store.create(c, 'a', { n: 1 });
        const v2 = await store.replace(c, 'a', { n: 1 }, v1);
        assert.notEqual(v2, v1);
        assert.equal((await store.get(c, 'a'))?.version, v2);
      });

      it('is not replaced where it is missing, whatever the version', async () => {
        const c = collection();
        const version = await store.create(c, 'other', {});
        await rejectsWith('conflict', store.replace(c, 'a', {}, version));
        for (const odd of ['', 'nonsense', '0', '1-', '99999999999999999999-x', '1.5-x'])
          await rejectsWith('conflict', store.replace(c, 'other', {}, odd));
      });

      it('is deleted at the expected version only', async () => {
        const c = collection();
        const v1 = await store.create(c, 'a', {});
        const v2 = await store.replace(c, 'a', { n: 2 }, v1);
        await rejectsWith('conflict', store.delete(c, 'a', v1));
        await store.delete(c, 'a', v2);
        assert.equal(await store.get(c, 'a'), undefined);
      });

      it('may be deleted again when it is gone already', async () => {
        const c = collection();
        const version = await store.create(c, 'a', {});
        await store.delete(c, 'a', version);
        await store.delete(c, 'a', version);
      });

      it('never has a version again that it had before it was deleted', async () => {
        const c = collection();
        const v1 = await store.create(c, 'a', { n: 1 });
        await store.delete(c, 'a', v1);
        const v2 = await store.create(c, 'a', { n: 1 });
        assert.notEqual(v2, v1);
        await rejectsWith('conflict', store.delete(c, 'a', v1));
        await rejectsWith('conflict', store.replace(c, 'a', {}, v1));
      });

      it('may be as large as the limit and no larger', async () => {
        const c = collection();
        const value = { text: 'é'.repeat((MAX_VALUE_BYTES - '{"text":""}'.length - 1) / 2), x: undefined };
        await store.create(c, 'a', value);
        assert.deepEqual((await store.get(c, 'a'))?.value, { text: value.text });
        await rejectsWith('too_large', store.create(c, 'b', { text: `${value.text}éé` }));
      });

      it('keeps to itself what is done to the object afterwards', async () => {
        const c = collection();
        const value = { list: [1] };
        await store.create(c, 'a', value);
        value.list.push(2);
        (await store.get<typeof value>(c, 'a'))?.value.list.push(3);
        assert.deepEqual((await store.get(c, 'a'))?.value, { list: [1] });
      });
    });

    describe('several documents', () => {
      it('are read in the order asked for, with gaps and repetitions', async () => {
        const c = collection();
        await store.commit([create(c, 'a', { n: 1 }), create(c, 'b', { n: 2 })]);
        const docs = await store.getMany(c, ['b', 'none', 'a', 'b']);
        assert.deepEqual(
          docs.map((doc) => doc?.value),
          [{ n: 2 }, undefined, { n: 1 }, { n: 2 }],
        );
        assert.deepEqual(await store.getMany(c, []), []);
      });

      it('of different collections are strangers with the same id', async () => {
        const [c, d] = [collection(), collection()];
        await store.commit([create(c, 'a', { in: 'c' }), create(d, 'a', { in: 'd' })]);
        assert.deepEqual((await store.get(c, 'a'))?.value, { in: 'c' });
        assert.equal((await store.list(d, { limit: 10 })).docs.length, 1);
      });

      it('are written together: created, replaced and deleted in one commit, each with its version answered', async () => {
        const c = collection();
        const [v1 = '', v2 = ''] = await store.commit([create(c, 'a', { n: 1 }), create(c, 'b', { n: 1 })]);
        const versions = await store.commit([
          { op: 'replace', collection: c, id: 'a', value: { n: 2 }, ifVersion: v1 },
          { op: 'delete', collection: c, id: 'b', ifVersion: v2 },
          create(c, 'c', { n: 2 }),
        ]);
        const docs = await store.getMany(c, ['a', 'b', 'c']);
        assert.deepEqual(
          docs.map((doc) => doc?.value),
          [{ n: 2 }, undefined, { n: 2 }],
        );
        assert.deepEqual(versions, [docs[0]?.version, v2, docs[2]?.version]);
      });

      for (const failing of ['create', 'replace', 'delete', 'check'] as const) {
        it(`are none of them written when one ${failing} fails`, async () => {
          const c = collection();
          const stale = await store.create(c, 'there', { n: 1 });
          await store.replace(c, 'there', { n: 2 }, stale);
          const target = { collection: c, id: 'there', ifVersion: stale, value: {} };
          await rejectsWith('conflict', store.commit([create(c, 'new', {}), { ...target, op: failing }]));
          const [created, there] = await store.getMany(c, ['new', 'there']);
          assert.equal(created, undefined);
          assert.deepEqual(there?.value, { n: 2 });
        });
      }

      it(`may be ${MAX_WRITES} in one commit and no more`, async () => {
        const c = collection();
        const writes = Array.from({ length: MAX_WRITES }, (_, n) => create(c, `n${n}`, { n }));
        assert.equal(new Set(await store.commit(writes)).size > 0, true);
        assert.equal((await store.list(c, { limit: 1_000 })).docs.length, MAX_WRITES);
        await rejectsWith('too_large', store.commit([...writes, create(c, 'more', {})]));
      });

      it('may weigh several megabytes together and no more than the limit', async () => {
        const c = collection();
        const text = 'x'.repeat(850_000);
        await store.commit(['a', 'b', 'c', 'd'].map((id) => create(c, id, { text })));
        await rejectsWith('too_large', store.commit(['e', 'f', 'g', 'h', 'i'].map((id) => create(c, id, { text }))));
      });

      it('are no writes at all in an empty commit', async () => {
        assert.deepEqual(await store.commit([]), []);
      });
    });

    describe('deletes and checks', () => {
      it('a commit of deletes alone succeeds when all are gone already, not when only some are', async () => {
        const c = collection();
        const [a = '', b = ''] = await store.commit([create(c, 'a', {}), create(c, 'b', {})]);
        const deletes: Write[] = [
          { op: 'delete', collection: c, id: 'a', ifVersion: a },
          { op: 'delete', collection: c, id: 'b', ifVersion: b },
        ];
        await store.delete(c, 'a', a);
        await rejectsWith('conflict', store.commit(deletes));
        assert.notEqual(await store.get(c, 'b'), undefined);
        await store.delete(c, 'b', b);
        assert.deepEqual(await store.commit(deletes), [a, b]);
      });

      it('a check changes nothing, not even the version', async () => {
        const c = collection();
        const expireAt = new Date(Date.now() + 3_600_000);
        const version = await store.create(c, 'a', { n: 1 }, { expireAt });
        const check: Write = { op: 'check', collection: c, id: 'a', ifVersion: version };
        assert.deepEqual(await store.commit([check]), [version]);
        const [same, created] = await store.commit([check, create(c, 'b', {})]);
        assert.equal(same, version);
        assert.notEqual(created, version);
        assert.deepEqual(await read(store, c, 'a'), { id: 'a', value: { n: 1 }, version, expireAt });
      });

      it('a check fails where the document is another or none', async () => {
        const c = collection();
        const v1 = await store.create(c, 'a', {});
        const v2 = await store.replace(c, 'a', {}, v1);
        await rejectsWith('conflict', store.commit([{ op: 'check', collection: c, id: 'a', ifVersion: v1 }]));
        await store.delete(c, 'a', v2);
        await rejectsWith('conflict', store.commit([{ op: 'check', collection: c, id: 'a', ifVersion: v2 }]));
        await rejectsWith(
          'conflict',
          store.commit([
            { op: 'check', collection: c, id: 'a', ifVersion: v2 },
            { op: 'delete', collection: c, id: 'b', ifVersion: v1 },
          ]),
        );
      });
    });

    describe('contenders', () => {
      it('for one creation: exactly one wins', async () => {
        const c = collection();
        const results = await Promise.allSettled(times(20, (n) => store.create(c, 'a', { n })));
        assert.equal(winners(results).length, 1);
        assert.deepEqual((await store.get(c, 'a'))?.value, { n: results.findIndex((r) => r.status === 'fulfilled') });
      });

      it('for one version: exactly one wins, the others learn of a conflict', async () => {
        const c = collection();
        const version = await store.create(c, 'a', { n: -1 });
        const results = await Promise.allSettled(times(20, (n) => store.replace(c, 'a', { n }, version)));
        const [winner, ...more] = winners(results);
        assert.deepEqual(more, []);
        assert.equal((await store.get(c, 'a'))?.version, winner);
      });

      it('that read and try again lose no increment', async () => {
        const c = collection();
        await store.create(c, 'a', { n: 0 });
        const increment = async (): Promise<void> => {
          const doc = await store.get<{ n: number }>(c, 'a');
          assert.ok(doc);
          try {
            await store.replace(c, 'a', { n: doc.value.n + 1 }, doc.version);
          } catch (error) {
            if (!isAppError(error, 'conflict')) throw error;
            await increment();
          }
        };
        await Promise.all(times(12, increment));
        assert.deepEqual((await store.get(c, 'a'))?.value, { n: 12 });
      });
    });

    listingContract(() => store);
    versionsContract(() => store);
    refusalsContract(() => store);

    it('says that it is ready', async () => {
      await store.check();
    });

    lostAnswersContract(lossy);
  });
}
