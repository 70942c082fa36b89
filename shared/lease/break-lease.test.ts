/** Breaking a lease whose fence is kept apart from its record, as on Kubernetes: the record may be written and the fence not. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { systemIds } from '../ids.ts';
import type { Store } from '../store/store.ts';
import { breakLease } from './break-lease.ts';
import { aTerm, createKubernetesRig, type KubernetesRig } from './kubernetes-rig.ts';
import type { LeaseRecords } from './records.ts';

const name = 'app-lock';
const audit = { reason: 'it hangs', by: 'ops' };

describe('breaking a lease', () => {
  let rig: KubernetesRig;
  let old: string;
  let operator: LeaseRecords;
  beforeEach(async () => {
    rig = await createKubernetesRig();
    old = await rig.records.write(name, { kind: 'take', record: aTerm() });
    operator = await rig.another();
  });
  afterEach(() => rig.close());

  /** The next commit goes by `way` instead. */
  const divert = (way: (commit: Store['commit']) => Store['commit']) => {
    const { commit } = rig.store;
    rig.store.commit = (writes) => {
      rig.store.commit = commit;
      return way(commit)(writes);
    };
  };
  const breakIt = () =>
    breakLease(name, { records: operator, store: rig.store, clock: systemClock, ids: systemIds }, audit);
  const oldIsFenced = () => assert.rejects(rig.records.guard(name, old), { code: 'lease_lost' });

  it('that is broken already raises the fence where the first who did so failed to', async () => {
    divert(() => () => Promise.reject(new Error('the store is down')));
    await assert.rejects(breakIt(), /the store is down/);
    await breakIt();
    await oldIsFenced();
  });

  it('raises the fence although the holder fences its first writes at that moment', async () => {
    divert((commit) => async (writes) => {
      await commit((await rig.records.guard(name, old)).writes);
      return commit(writes);
    });
    await breakIt();
    await oldIsFenced();
  });

  it('succeeds although a later term has fenced its writes at that moment', async () => {
    divert((commit) => async (writes) => {
      await commit([{ op: 'create', collection: 'lease-fences', id: name, value: { token: 10 ** 9 } }]);
      return commit(writes);
    });
    await breakIt();
    await oldIsFenced();
  });
});
