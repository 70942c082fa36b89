/** A term from its beginning to its end, on clocks that a test moves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patienceMs } from '../expiry.ts';
import type { Lease } from './lease.ts';
import { aProcess, has, isLost, isOver, settle, stands, twoProcesses, watched } from './lease-rig.ts';

const D = 15_000;

describe('a term', () => {
  it('is renewed by one commit of one document and no read, every third of its duration', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.forget();
    for (let third = 1; third <= 12; third++) {
      await one.advance(D / 3);
      stands(held);
    }
    assert.deepEqual(store.reads, []);
    assert.ok(store.commits.length >= 10 && store.commits.length <= 13, String(store.commits.length));
    assert.ok(store.commits.every((writes) => writes.join() === 'replace leases/cron'));
  });

  it('goes on when a renewal is lost, its answer is, or none comes', async () => {
    for (const mishap of ['request lost', 'answer lost', 'no answer'] as const) {
      const { store, one, lease } = twoProcesses();
      const held = await has(lease.tryAcquire());
      store.disturb('commit', mishap);
      for (let second = 0; second < 60; second++) {
        await one.advance(1_000);
        stands(held);
      }
    }
  });

  it('is over when no renewal gets through in time, and then says so at once', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.down = true;
    await one.advance(D - 751);
    stands(held);
    await one.advance(1);
    assert.ok(held.signal.aborted);
    assert.ok(isLost(held.signal.reason));
    isOver(held);
    assert.match(lease.explain(), /^Not leading .* ran out 0\.0 s ago.*does not answer/);
  });

  it('is over after a pause by the clock alone, before any timer has run', async () => {
    const { one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.pause(D);
    assert.equal(held.signal.aborted, false);
    assert.equal(held.remaining(), 0);
    await assert.rejects(held.fenced([]), isLost);
    assert.ok(held.signal.aborted);
  });

  it('that ran out during a pause does not keep its contender from the next one', async () => {
    const { one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.pause(D);
    const next = await has(lease.tryAcquire());
    assert.ok(next.token > held.token);
    isOver(held);
    one.pause(D);
    stands(await lease.acquire({ wait: 1_000 }));
  });

  it('is not counted on after the machine was suspended, until a renewal has gone through', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.suspend(1_001);
    store.forget();
    assert.equal(held.remaining(), 0);
    assert.throws(() => held.assert(), isLost);
    assert.match(lease.explain(), /not counting on it: this machine seems to have been suspended/);
    await settle();
    stands(held);
    assert.deepEqual([store.reads, store.commits], [[], [['replace leases/cron']]]);
  });

  it('stands when the wall clock is set back or creeps ahead', async () => {
    const { one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.suspend(-3_600_000);
    stands(held);
    one.suspend(900);
    stands(held);
  });

  it('is over when an operator takes it away, and tells why', async () => {
    const { one, two, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await two.leases.break('cron', 'stuck', 'ops');
    await one.advance(D / 2);
    assert.match(held.signal.reason.message, /operator/);
    isOver(held);
    assert.match(lease.explain(), /free, since ops took it away at 2026-.*: stuck/);
  });

  it('outlives its record, which it writes anew', async () => {
    const { store, one, two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await store.delete('leases', 'cron', (await store.get('leases', 'cron'))?.version ?? '');
    assert.equal(await other.tryAcquire(), undefined);
    await two.advance(D / 2);
    assert.equal(await other.tryAcquire(), undefined);
    await one.advance(D / 2);
    stands(held);
    assert.equal((await other.observe())?.holder, lease.identity);
    await held.fenced([]);
  });

  it('ends with its block', async () => {
    const { lease, other } = twoProcesses();
    {
      await using held = await has(lease.tryAcquire());
      stands(held);
    }
    await has(other.tryAcquire());
  });
});

describe('a release', () => {
  it('lets another have the lease at once, with a higher token', async () => {
    const { lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await held.release();
    assert.ok(isLost(held.signal.reason));
    isOver(held);
    const next = await has(other.tryAcquire());
    assert.ok(next.token > held.token);
  });

  it('happens once, and never to a later term of the same contender', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.forget();
    await Promise.all([held.release(), held.release(), held[Symbol.asyncDispose]()]);
    assert.equal(store.commits.length, 1);
    const next = await has(lease.tryAcquire());
    await held.release();
    stands(next);
  });

  it('never throws, and ends in bounded time, whatever the store does', async () => {
    for (const mishaps of [['request lost'], ['answer lost'], ['no answer', 'no answer', 'no answer']] as const) {
      const { store, one, lease, other } = twoProcesses();
      const held = await has(lease.tryAcquire());
      store.disturb('commit', ...mishaps);
      const released = watched(held.release());
      await one.advance(4 * 3_000);
      assert.ok('value' in released, mishaps.join());
      if (mishaps.length === 1) await has(other.tryAcquire());
      await settle();
      assert.equal(one.sleepers, 0);
    }
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.down = true;
    const released = watched(held.release());
    await one.advance(4 * 3_000);
    assert.ok('value' in released);
    await settle();
    assert.equal(one.sleepers, 0);
  });

  it('while a renewal is under way comes after it', async () => {
    const { store, one, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    let releasing: Promise<void> | undefined;
    store.meanwhile = async () => {
      releasing = held.release();
    };
    await one.advance(D / 2);
    await releasing;
    await has(other.tryAcquire());
  });

  it('after the term was lost still frees what it left behind', async () => {
    const { one, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.pause(D);
    isOver(held);
    assert.equal(await other.tryAcquire(), undefined);
    await held.release();
    await has(other.tryAcquire());
  });

  it('of a term that was lost does not disturb the next attempt of its contender', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.disturb('commit', 'no answer');
    await one.advance(5_600);
    one.pause(D);
    const waiting = watched(lease.acquire({ wait: 60_000 }));
    await held.release();
    await one.advance(5_000);
    stands(waiting.value);
  });

  it('to a successor keeps the lease for that one, and for a duration only', async () => {
    const { store, lease, other, one } = twoProcesses();
    const third = aProcess(store);
    const outsider = third.leases.lease('cron');
    const held = await has(lease.tryAcquire());
    await held.release({ to: other.identity });
    assert.equal(await outsider.tryAcquire(), undefined);
    assert.equal(await lease.tryAcquire(), undefined);
    assert.match(outsider.explain(), new RegExp(`handed over to ${other.identity}, and is free for all in 15\\.6 s`));
    const next = await has(other.tryAcquire());
    await next.release({ to: 'nobody_left' });
    assert.equal(await outsider.tryAcquire(), undefined);
    assert.equal(one.sleepers, 0);
    await third.advance(patienceMs(D));
    await has(outsider.tryAcquire());
  });
});

describe('resuming', () => {
  const frozen = async (lease: Lease, process: ReturnType<typeof aProcess>) => {
    const held = await has(lease.tryAcquire());
    process.pause(10 * D);
    isOver(held);
    return held;
  };

  it('a term that stands is the same term, for nothing', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.forget();
    assert.equal(await lease.resume(), held);
    assert.deepEqual([store.reads, store.commits], [[], []]);
  });

  it('a term that ran out goes on with its token, by one write and no read', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await frozen(lease, one);
    store.forget();
    const [again, same] = await Promise.all([lease.resume(), lease.resume()]);
    assert.deepEqual([store.reads, store.commits], [[], [['replace leases/cron']]]);
    assert.equal(same, again);
    assert.notEqual(again, held);
    assert.equal(again?.token, held.token);
    stands(again);
    isOver(held);
    await again?.fenced([]);
    await held.release();
    stands(again);
  });

  it('a term is impossible when somebody has led since, or when there was none', async () => {
    const { one, two, lease, other } = twoProcesses();
    assert.equal(await lease.resume(), undefined);
    await frozen(lease, one);
    const waiting = watched(other.acquire({ wait: 60_000 }));
    await two.advance(20_000);
    await waiting.value?.release();
    assert.equal(await lease.resume(), undefined);
    assert.equal(await lease.resume(), undefined);
  });

  it('after a suspension renews first', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.suspend(5_000);
    store.forget();
    assert.equal(await lease.resume(), held);
    assert.deepEqual([store.reads, store.commits], [[], [['replace leases/cron']]]);
    stands(held);
  });

  it('is not possible after a release', async () => {
    const { lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await held.release();
    assert.equal(await lease.resume(), undefined);
  });
});
