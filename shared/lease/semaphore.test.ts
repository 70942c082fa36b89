import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { aProcess, has, settle, watch, watched } from './lease-rig.ts';

describe('a semaphore', () => {
  it('lets in as many as it has slots, across processes, and another when one leaves', async () => {
    const store = watch();
    const [one, two] = [aProcess(store), aProcess(store)];
    const doors = [one, two].map(({ leases }) => leases.semaphore('pool', 3));
    const tries = [];
    for (let n = 0; n < 4; n++) for (const door of doors) tries.push(await door.tryAcquire());
    const inside = tries.flatMap((held) => held ?? []);
    assert.equal(inside.length, 3);
    assert.deepEqual(inside.map(({ name }) => name).sort(), ['pool.0', 'pool.1', 'pool.2']);
    const waiting = watched((doors[1] ?? assert.fail()).acquire({ wait: 60_000 }));
    await two.advance(1_000);
    assert.deepEqual(waiting, {});
    await inside[0]?.release();
    await two.advance(1_000);
    assert.equal(waiting.value?.name, inside[0]?.name);
    for (const { leases } of [one, two]) await leases.close(1_000);
  });

  it('lets one process in several times at once', async () => {
    const { leases } = aProcess(watch());
    const door = leases.semaphore('pool', 3);
    const tries = await Promise.all([1, 2, 3, 4].map(() => door.acquire({ wait: 0 }).catch(() => undefined)));
    const names = tries.flatMap((held) => held?.name ?? []);
    assert.deepEqual(names.sort(), ['pool.0', 'pool.1', 'pool.2']);
    await leases.close(1_000);
  });

  it('says that all slots are taken, or stops when told to', async () => {
    const { leases, advance } = aProcess(watch());
    const door = leases.semaphore('pool', 1);
    await has(door.tryAcquire());
    const late = watched(door.acquire({ wait: 1_000 }));
    await advance(1_001);
    assert.ok(isAppError(late.error, 'lease_held') && /1 slots of "pool"/.test(late.error.message));
    const stop = new AbortController();
    const stopped = watched(door.acquire({ wait: 1_000, signal: stop.signal }));
    await settle();
    stop.abort(new Error('enough'));
    await settle();
    assert.match(String(stopped.error), /enough/);
    await leases.close(1_000);
  });

  it('gives back the slot that it wins when it is told to stop', async () => {
    const store = watch();
    const { leases } = aProcess(store);
    const stop = new AbortController();
    store.meanwhile = async () => stop.abort(new Error('enough'));
    const door = leases.semaphore('pool', 1);
    await assert.rejects(door.acquire({ wait: 60_000, signal: stop.signal }), /enough/);
    await has(door.tryAcquire());
    await leases.close(1_000);
  });

  it('waits on where a look fails, and says what failed when the wait is over', async () => {
    const store = watch();
    const { leases, advance } = aProcess(store);
    const door = leases.semaphore('pool', 2);
    store.disturb('getMany', 'request lost');
    const waiting = watched(door.acquire({ wait: 10_000 }));
    await settle();
    await advance(1_000);
    assert.match(waiting.value?.name ?? '', /^pool/);
    store.down = true;
    const late = watched(door.acquire({ wait: 1_000 }));
    await settle();
    await advance(10_000);
    await settle();
    assert.ok(isAppError(late.error, 'unavailable') && /does not answer/.test(late.error.message));
    store.down = false;
    await leases.close(1_000);
  });
});
