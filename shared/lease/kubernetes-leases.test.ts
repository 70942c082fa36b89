/** The whole of leases over Lease objects: what the records and the machine promise, seen from outside. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { systemIds } from '../ids.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { aTerm, createKubernetesRig, type KubernetesRig } from './kubernetes-rig.ts';
import { createLeases } from './leases.ts';

guardAgainstLeaks();

describe('leases on Kubernetes', { timeout: 60_000 }, () => {
  const pod = async ({ store, another, log }: KubernetesRig, host: string) =>
    createLeases({ records: await another(), store, clock: systemClock, ids: systemIds, log, host });
  const effect = (id: string) => [{ op: 'create', collection: 'effects', id, value: {} }] as const;

  it('have one holder, whose fenced writes end with its term', async () => {
    const rig = await createKubernetesRig();
    const [one, two] = [await pod(rig, 'pod-1'), await pod(rig, 'pod-2')];
    const first = await one.lease('relay', { durationMs: 60_000 }).tryAcquire();
    assert.ok(first);
    assert.equal(await two.lease('relay').tryAcquire(), undefined);
    await first.fenced(effect('1'));
    const waiting = two.lease('relay', { durationMs: 1_000 });
    await first.release();
    const second = await waiting.acquire({ wait: 10_000 });
    assert.ok(second.token > first.token);
    await second.fenced(effect('2'));
    await assert.rejects(first.fenced(effect('3')), { code: 'lease_lost' });
    assert.equal(await rig.store.get('effects', '3'), undefined);
    assert.equal(rig.spec('relay')['leaseTransitions'], 1);
    await Promise.all([one.close(1_000), two.close(1_000)]);
    await rig.close();
  });

  it('can be broken, whereupon fenced writes of the holder fail at once', async () => {
    const rig = await createKubernetesRig();
    const [one, two] = [await pod(rig, 'pod-1'), await pod(rig, 'pod-2')];
    const held = await one.lease('relay', { durationMs: 60_000 }).tryAcquire();
    await held?.fenced(effect('1'));
    await two.break('relay', 'stuck', 'ops');
    assert.equal(rig.spec('relay')['holderIdentity'], '');
    await assert.rejects(async () => held?.fenced(effect('2')), { code: 'lease_lost' });
    assert.equal((await two.observe('relay'))?.broken?.reason, 'stuck');
    await Promise.all([one.close(1_000), two.close(1_000)]);
    await rig.close();
  });
});

describe('the fence of Kubernetes lease records', () => {
  it('costs one write for each term, and no read from then on', async () => {
    const rig = await createKubernetesRig();
    const reads: string[] = [];
    const get = rig.store.get;
    rig.store.get = async (collection, id) => {
      reads.push(id);
      return get(collection, id);
    };
    const fence = await rig.records.write('app', { kind: 'take', record: aTerm() });
    const ops: string[] = [];
    for (const _ of [1, 2, 3]) {
      const { writes, committed } = await rig.records.guard('app', fence);
      ops.push(...writes.map(({ op }) => op));
      committed(await rig.store.commit(writes));
    }
    assert.deepEqual([ops, reads], [['create', 'check', 'check'], ['app']]);
    // A guard whose commit failed is read anew.
    await rig.records.guard('app', fence);
    await rig.records.guard('app', fence);
    assert.deepEqual(reads, ['app', 'app']);
    await rig.close();
  });

  it('is lost for good to a higher token', async () => {
    const rig = await createKubernetesRig();
    await rig.store.create('lease-fences', 'app', { token: 5_000 });
    await assert.rejects(rig.records.guard('app', '4999'), { code: 'lease_lost' });
    const { writes } = await rig.records.guard('app', '5001');
    assert.deepEqual(
      writes.map(({ op }) => op),
      ['replace'],
    );
    await rig.close();
  });
});
