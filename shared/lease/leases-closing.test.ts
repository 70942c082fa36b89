/** What the end of a process leaves behind: nobody who waits, nothing that runs, and no lease that it forgot. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { aProcess, has, settle, twoProcesses, watch, watched } from './lease-rig.ts';
import type { LeaseRecord } from './record.ts';

const closing = (error: unknown) => isAppError(error, 'unavailable') && /is closing/.test(error.message);

describe('when a process closes its leases', () => {
  it('a release that nobody answers ends with it', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.disturb('commit', 'no answer');
    const releasing = watched(held.release().then(() => 'done'));
    const closed = watched(one.leases.close(1_000).then(() => 'closed'));
    await one.advance(1_001);
    await settle();
    assert.deepEqual([releasing.value, closed.value], ['done', 'closed']);
    const again = watched(held.release().then(() => 'done'));
    await settle();
    assert.deepEqual([again.value, one.sleepers], ['done', 0]);
  });

  it('a lease that was made long ago and is in use again is reported and given back', async () => {
    const store = watch();
    const { leases } = aProcess(store);
    const lease = leases.lease('relay');
    for (let n = 0; n < 1_001; n++) leases.lease(`other-${n}`);
    await has(lease.tryAcquire());
    assert.ok(leases.here().some(({ name, held }) => name === 'relay' && held));
    await leases.close(1_000);
    assert.equal((await store.get<LeaseRecord>('leases', 'relay'))?.value.holder, '');
  });

  it('nothing is had any more, by leases made before or after', async () => {
    const store = watch();
    const process = aProcess(store);
    const { leases } = process;
    const old = leases.lease('old');
    for (let n = 0; n < 1_001; n++) leases.lease(`other-${n}`);
    await leases.close(1_000);
    store.forget();
    for (const lease of [old, leases.lease('new')]) {
      await assert.rejects(lease.tryAcquire(), closing);
      await assert.rejects(lease.acquire({ wait: 1_000 }), closing);
      assert.equal(await lease.resume(), undefined);
    }
    assert.deepEqual([process.sleepers, store.reads, store.commits], [0, [], []]);
  });

  it('who waits for a slot of a semaphore is let go at once', async () => {
    const store = watch();
    const [one, two] = [aProcess(store), aProcess(store)];
    await has(one.leases.semaphore('pool', 1).tryAcquire());
    const waiting = watched(two.leases.semaphore('pool', 1).acquire({ wait: 3_600_000 }));
    await settle();
    assert.equal(two.sleepers, 1);
    await two.leases.close(1_000);
    await settle();
    assert.ok(closing(waiting.error));
    assert.equal(two.sleepers, 0);
    await one.leases.close(1_000);
  });
});
