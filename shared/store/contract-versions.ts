/** The store's contract: what a version tells, and for how long it has been there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collection, create, rejectsWith, times } from './contract-steps.ts';
import type { Store, Write } from './store.ts';

/** `opened` answers the store once the suite has begun. */
export function versionsContract(opened: () => Store): void {
  describe('versions', () => {
    it('are the same for all documents that one commit writes', async () => {
      const store = opened();
      const [c, d] = [collection(), collection()];
      const [one = '', two, three] = await store.commit([create(c, 'a', {}), create(c, 'b', {}), create(d, 'a', {})]);
      assert.deepEqual([two, three], [one, one]);
      const replace: Write = { op: 'replace', collection: c, id: 'a', value: {}, ifVersion: one };
      const [four, five] = await store.commit([replace, create(d, 'b', {})]);
      assert.equal(five, four);
      assert.equal((await store.get(c, 'a'))?.version, four);
      assert.equal((await store.get(d, 'b'))?.version, four);
    });

    it('have an order that grows with each write of the document, across deletion too', async () => {
      const store = opened();
      const c = collection();
      const orders: number[] = [];
      for (let round = 0; round < 3; round++) {
        const created = await store.create(c, 'a', {});
        const replaced = await store.replace(c, 'a', {}, created);
        await store.delete(c, 'a', replaced);
        orders.push(store.orderOf(created), store.orderOf(replaced));
      }
      assert.ok(orders.every((order) => Number.isSafeInteger(order) && order > 0));
      assert.deepEqual(
        orders,
        [...new Set(orders)].toSorted((a, b) => a - b),
      );
    });

    it('have no order where no store of this kind made them', async () => {
      for (const odd of ['', 'nonsense', '0', '-1', '1.5', '99999999999999999999'])
        await rejectsWith('invalid', Promise.reject(thrownBy(() => opened().orderOf(odd))));
    });

    it('have an age, where it is known, that begins anew with each write and not with each read', async () => {
      const store = opened();
      const c = collection();
      const first = await store.create(c, 'a', {});
      const ages: (number | undefined)[] = [];
      for (const _ of times(5, String)) ages.push((await store.get(c, 'a'))?.ageMs);
      if (ages[0] === undefined) return assert.deepEqual(ages, Array(5).fill(undefined));
      assert.ok(ages.every((age, n) => age !== undefined && age >= (ages[n - 1] ?? 0)));
      await store.create(c, 'b', {});
      await store.replace(c, 'a', {}, first);
      const [a, b] = await store.getMany(c, ['a', 'b']);
      assert.ok((a?.ageMs ?? 0) <= (b?.ageMs ?? 0));
      assert.ok((b?.ageMs ?? 0) < 60_000);
    });
  });
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
