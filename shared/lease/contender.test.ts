/** A contender until it leads, on clocks that a test moves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { patienceMs } from '../expiry.ts';
import { aProcess, has, settle, stands, twoProcesses, watched } from './lease-rig.ts';

const D = 15_000;

describe('a contender', () => {
  it('has a free lease after one look and one commit, and after its own release by one commit alone', async () => {
    const { store, lease } = twoProcesses();
    await (await has(lease.tryAcquire())).release();
    const fresh = aProcess(store).leases.lease('cron');
    store.forget();
    const held = await has(fresh.tryAcquire());
    assert.deepEqual([store.reads, store.commits.length], [['leases/cron'], 1]);
    await held.release();
    store.forget();
    await has(fresh.tryAcquire());
    assert.deepEqual([store.reads, store.commits.length], [[], 1]);
  });

  it('is told that somebody else leads, after one look', async () => {
    const { store, lease, other } = twoProcesses();
    await has(lease.tryAcquire());
    store.forget();
    assert.equal(await other.tryAcquire(), undefined);
    assert.deepEqual([store.reads, store.commits], [['leases/cron'], []]);
    assert.match(other.explain(), new RegExp(`${lease.identity} leads since 2026-.*nightly.*free in 15\\.6 s`));
  });

  it('has nothing running when it was denied, has released, or has not asked', async () => {
    const { one, two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    assert.equal(one.sleepers, 1);
    await other.tryAcquire();
    await held.release();
    await settle();
    assert.deepEqual([one.sleepers, two.sleepers], [0, 0]);
  });

  it('says that the store does not answer, rather than that somebody else leads', async () => {
    const { store, lease, one } = twoProcesses();
    store.down = true;
    await assert.rejects(
      lease.tryAcquire(),
      (error) => isAppError(error, 'unavailable') && /does not answer/.test(error.message),
    );
    store.down = false;
    store.disturb('commit', 'request lost');
    await assert.rejects(lease.tryAcquire(), (error) => isAppError(error, 'unavailable'));
    store.disturb('getMany', 'no answer');
    const trying = watched(lease.tryAcquire());
    await one.advance(3_001);
    assert.ok(isAppError(trying.error, 'unavailable'));
    await has(lease.tryAcquire());
  });

  it('knows that it has won though the answer was lost, and counts from when it asked', async () => {
    const { store, one, lease } = twoProcesses();
    store.disturb('commit', 'answer lost');
    store.meanwhile = async () => one.pause(1_000);
    const held = await has(lease.tryAcquire());
    stands(held);
    assert.equal(held.remaining(), D - 750 - 1_000);
    await held.fenced([{ op: 'create', collection: 'effects', id: 'a', value: {} }]);
  });

  it('ignores an answer that comes after the time for it', async () => {
    const { store, one, lease } = twoProcesses();
    store.meanwhile = () => one.advance(3_500);
    const held = await has(lease.tryAcquire());
    assert.equal(held.remaining(), D - 750 - 3_000);
    assert.equal(store.commits.length, 1);
    await settle();
    stands(held);
  });
});

describe('one who waits', () => {
  it('is told at the end that the store does not answer, where that is why', async () => {
    const { store, one, lease } = twoProcesses();
    store.down = true;
    const waiting = watched(lease.acquire({ wait: 1_000 }));
    await settle();
    await one.advance(1_000);
    assert.ok(isAppError(waiting.error, 'unavailable') && /does not answer/.test(waiting.error.message));
    store.down = false;
    await has(lease.tryAcquire());
  });

  it('is told at once of what no repetition can mend', async () => {
    const { store, one, lease } = twoProcesses();
    await store.create('leases', 'cron', { written: 'by somebody else' });
    await assert.rejects(lease.acquire({ wait: 60_000 }), (error) => isAppError(error, 'invalid'));
    await assert.rejects(lease.tryAcquire(), (error) => isAppError(error, 'invalid'));
    assert.equal(one.sleepers, 0);
  });

  it('has the lease soon after it was released', async () => {
    const { two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    const waiting = watched(other.acquire({ wait: 60_000 }));
    await two.advance(5_000);
    assert.deepEqual(waiting, {});
    await held.release();
    await two.advance(300);
    stands(waiting.value);
  });

  it('has it when its holder has died, not before the duration has passed on its own clock', async () => {
    const { one, two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await one.die();
    const waiting = watched(other.acquire({ wait: 60_000 }));
    await settle();
    await two.advance(patienceMs(D) - 1);
    assert.deepEqual(waiting, {});
    assert.match(other.explain(), /free in 0\.0 s/);
    await two.advance(2);
    assert.ok((waiting.value?.token ?? 0) > held.token);
  });

  it('looks at the record about twice in a duration where that costs money, and not only then where it is free', async () => {
    for (const [remote, least, most] of [
      [true, 7, 10],
      [false, 200, 270],
    ] as const) {
      const { store, lease } = twoProcesses();
      await has(lease.tryAcquire());
      const standby = aProcess({ ...store, remote });
      const waiting = watched(standby.leases.lease('cron').acquire({ wait: 3_600_000 }));
      await settle();
      store.forget();
      // The holder renews all the while.
      for (let ms = 0; ms < 4 * D; ms += D) {
        await standby.advance(D);
        await lease.resume();
        await store.replace(
          'leases',
          'cron',
          (await store.get('leases', 'cron'))?.value ?? {},
          (await store.get('leases', 'cron'))?.version ?? '',
        );
      }
      const looks = store.reads.length - 8;
      assert.ok(looks >= least && looks <= most, `${looks} looks`);
      assert.deepEqual(waiting, {});
      await standby.leases.close(0);
    }
  });

  it('gives up in time with the reason, and wins nothing later', async () => {
    const { two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    const waiting = watched(other.acquire({ wait: 1_000 }));
    await settle();
    await two.advance(1_000);
    assert.ok(isAppError(waiting.error, 'lease_held'));
    assert.match(waiting.error.message, new RegExp(`${lease.identity} leads`));
    assert.equal(two.sleepers, 0);
    await held.release();
    await two.advance(60_000);
    assert.equal((await lease.observe())?.holder, undefined);
  });

  it('with no time at all is told at once', async () => {
    const { two, lease, other } = twoProcesses();
    const held = await other.acquire({ wait: 0 });
    stands(held);
    await assert.rejects(lease.acquire({ wait: 0 }), (error) => isAppError(error, 'lease_held'));
    assert.equal(two.sleepers, 1);
  });

  it('stops when told to, for the reason given, and gives back what it wins at that moment', async () => {
    const { store, two, lease, other } = twoProcesses();
    const stop = new AbortController();
    store.meanwhile = async () => stop.abort(new Error('enough'));
    await assert.rejects(other.acquire({ wait: 60_000, signal: stop.signal }), /enough/);
    await settle();
    assert.equal(two.sleepers, 0);
    await has(lease.tryAcquire());
    await assert.rejects(other.acquire({ wait: 60_000, signal: AbortSignal.abort(new Error('before')) }), /before/);
  });

  it('goes on waiting while the store does not answer', async () => {
    const { store, two, other } = twoProcesses();
    store.down = true;
    const waiting = watched(other.acquire({ wait: 600_000 }));
    await two.advance(60_000);
    assert.deepEqual(waiting, {});
    assert.match(other.explain(), /does not answer/);
    store.down = false;
    await two.advance(10_000);
    stands(waiting.value);
  });
});

describe('one contender shared by several callers', () => {
  it('gives none of them a term that another has or is about to have', async () => {
    const { lease } = twoProcesses();
    const both = await Promise.all([lease.tryAcquire(), lease.tryAcquire()]);
    assert.equal(both.filter(Boolean).length, 1);
    assert.equal(await lease.tryAcquire(), undefined);
  });

  it('gives each its turn, with a term of its own', async () => {
    const { one, lease } = twoProcesses();
    const first = await has(lease.tryAcquire());
    const [second, third] = [1, 2].map(() => watched(lease.acquire({ wait: 60_000 })));
    await one.advance(1_000);
    assert.deepEqual([second, third], [{}, {}]);
    await first.release();
    await settle();
    assert.deepEqual(third, {});
    await second?.value?.release();
    await settle();
    const tokens = [first, second?.value, third?.value].map((held) => held?.token ?? 0);
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].toSorted((a, b) => a - b),
    );
    stands(third?.value);
  });

  it('lets one who waits for its turn give up, without a request', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.forget();
    const waiting = watched(lease.acquire({ wait: 1_000 }));
    await one.advance(1_000);
    assert.ok(isAppError(waiting.error, 'lease_held'));
    assert.deepEqual([store.reads, store.commits], [[], []]);
    stands(held);
  });
});
