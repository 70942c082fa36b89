/** What people see of leases, and how a process ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { patienceMs } from '../expiry.ts';
import { aProcess, has, isOver, settle, stands, twoProcesses, watch, watched } from './lease-rig.ts';

const D = 15_000;
const invalid = (error: unknown) => isAppError(error, 'invalid');

describe('leases', () => {
  it('refuse names, durations and notes that some keeper could not keep', () => {
    const { leases } = aProcess(watch());
    for (const name of ['', '-a', 'a-', 'a/b', 'a b', '.', 'ä', 'a'.repeat(201)])
      assert.throws(() => leases.lease(name), invalid, name);
    for (const name of ['a', 'A.b_c-9', 'a'.repeat(200)]) assert.equal(leases.lease(name).name, name);
    for (const durationMs of [0, 999, 1_500, 3_601_000, Number.NaN, -1_000, Number.POSITIVE_INFINITY])
      assert.throws(() => leases.lease('a', { durationMs }), invalid, String(durationMs));
    assert.throws(() => leases.lease('a', { note: 'x'.repeat(201) }), invalid);
    for (const slots of [0, 101, 1.5]) assert.throws(() => leases.semaphore('a', slots), invalid);
  });

  it('know every contender by an identity of its own, in another process too', () => {
    const store = watch();
    const identities = [aProcess(store), aProcess(store)].flatMap(({ leases }) =>
      ['a', 'a', 'b'].map((name) => leases.lease(name).identity),
    );
    assert.equal(new Set(identities).size, 6);
    for (const identity of identities) assert.match(identity, /^test_[a-z0-9]{12}\.\d$/);
  });

  it('can be looked at: who leads, since when, for what and until when', async () => {
    const { one, two, lease } = twoProcesses();
    assert.equal(await two.leases.observe('cron'), undefined);
    const held = await has(lease.tryAcquire());
    await one.advance(D / 2);
    const view = await two.leases.observe('cron');
    const { why, ...rest } = view ?? assert.fail();
    assert.deepEqual(rest, {
      name: 'cron',
      holder: lease.identity,
      ...{ term: 1, token: held.token, since: '2026-01-01T00:00:00.000Z', renewals: 1, durationMs: D, note: 'nightly' },
    });
    assert.match(
      why,
      new RegExp(`^${lease.identity} leads since .*\\(term 1, nightly\\), renewed once.*15\\.0 s; whether`),
    );
    assert.deepEqual(await lease.observe(), view);
    await held.release({ to: 'heir_1' });
    const free = await two.leases.observe('cron');
    assert.deepEqual([free?.holder, free?.successor, free?.token], [undefined, 'heir_1', held.token]);
    assert.match(free?.why ?? '', /^Free: since its last holder released it.*kept for heir_1 for 15\.6 s\.$/);
  });

  it('are listed page by page, those without a record too', async () => {
    const { store, one } = twoProcesses();
    for (const name of ['a', 'b', 'c']) await has(one.leases.lease(name).tryAcquire());
    await store.delete('leases', 'b', (await store.get('leases', 'b'))?.version ?? '');
    const first = await one.leases.list({ limit: 2 });
    assert.deepEqual(
      first.items.map(({ name }) => name),
      ['a', 'b'],
    );
    const second = await one.leases.list({ limit: 2, cursor: first.nextCursor ?? assert.fail() });
    assert.deepEqual([second.items.map(({ name }) => name), second.nextCursor], [['c'], undefined]);
  });

  it('remember their terms, the newest first, with how they ended', async () => {
    const { one, two, lease, other } = twoProcesses();
    await (await has(lease.tryAcquire())).release();
    const second = await has(other.tryAcquire());
    two.pause(D);
    isOver(second);
    await second.release();
    const third = await has(lease.tryAcquire());
    await settle();
    const terms = await one.leases.history('cron', 10);
    assert.deepEqual(
      terms.map(({ term, holder, end, note }) => ({ term, holder, end, note })),
      [
        { term: 3, holder: lease.identity, end: undefined, note: 'nightly' },
        { term: 2, holder: other.identity, end: 'expired', note: undefined },
        { term: 1, holder: lease.identity, end: 'released', note: 'nightly' },
      ],
    );
    assert.equal(terms[0]?.token, third.token);
    assert.equal(terms[1]?.until, '2026-01-01T00:00:15.000Z');
    assert.equal((await one.leases.history('cron', 2)).length, 2);
    assert.deepEqual(await one.leases.history('cro', 2), []);
  });

  it('remember a term that was resumed as one that lasts', async () => {
    const { one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.pause(10 * D);
    isOver(held);
    await settle();
    assert.equal((await one.leases.history('cron', 10))[0]?.end, 'expired');
    stands(await lease.resume());
    const [report] = one.leases.here();
    assert.deepEqual([report?.elections, report?.losses], [1, { expired: 1 }]);
    await settle();
    const [term, ...more] = await one.leases.history('cron', 10);
    assert.deepEqual([term?.end, term?.until, more], [undefined, undefined, []]);
  });

  it('are led all the same when the history cannot be written', async () => {
    const { store } = twoProcesses();
    const { commit } = store;
    const process = aProcess({
      ...store,
      commit: (writes) =>
        writes[0]?.collection === 'lease-history' ? Promise.reject(new Error('full')) : commit(writes),
    });
    const held = await has(process.leases.lease('cron').tryAcquire());
    await held.release();
    await settle();
    assert.deepEqual(await process.leases.history('cron', 10), []);
    assert.ok(process.log.lines.every(({ severity }) => severity !== 'ERROR'));
  });
});

describe('taking a lease away', () => {
  it('frees it at once, with who did it, when and why, and a higher token', async () => {
    const { two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    const view = await two.leases.break('cron', 'stuck', 'ops@example.com');
    assert.deepEqual(view.broken, { reason: 'stuck', by: 'ops@example.com', at: '2026-01-01T00:00:00.000Z' });
    assert.equal(view.holder, undefined);
    assert.ok(view.token > held.token);
    assert.match(view.why, /^Free: since ops@example\.com took it away at .*: stuck\.$/);
    const next = await has(other.tryAcquire());
    assert.ok(next.token > view.token);
    const after = await two.leases.observe('cron');
    assert.deepEqual([after?.term, after?.broken], [2, undefined]);
    await settle();
    const past = (await two.leases.history('cron', 10))[1];
    assert.deepEqual([past?.end, past?.broken], ['broken', { reason: 'stuck', by: 'ops@example.com' }]);
    const [warning] = two.log.lines.filter(({ severity }) => severity === 'WARNING');
    assert.deepEqual([warning?.['lease'], warning?.['reason'], warning?.['by']], ['cron', 'stuck', 'ops@example.com']);
  });

  it('succeeds although the holder renews at that very moment', async () => {
    const { store, one, two, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    const commit = store.commit;
    let renewed = false;
    const racing = aProcess({
      ...store,
      async commit(writes) {
        if (!renewed) {
          renewed = true;
          await one.advance(D / 2);
        }
        return commit(writes);
      },
    });
    await racing.leases.break('cron', 'stuck', 'ops');
    assert.equal((await two.leases.observe('cron'))?.holder, undefined);
    await one.advance(D / 2);
    isOver(held);
  });

  it('ends a hand-over, and changes nothing where the lease is free already', async () => {
    const { store, two, lease, other } = twoProcesses();
    await assert.rejects(two.leases.break('cron', 'why not', 'ops'), (error) => isAppError(error, 'not_found'));
    await (await has(lease.tryAcquire())).release({ to: 'nobody_1' });
    await two.leases.break('cron', 'nobody comes', 'ops');
    store.forget();
    await two.leases.break('cron', 'again', 'ops');
    assert.deepEqual(store.commits, [['check lease-terms/cron']]);
    await has(other.tryAcquire());
    for (const reason of ['', ' ', 'x'.repeat(501)])
      await assert.rejects(two.leases.break('cron', reason, 'ops'), invalid);
  });
});

describe('what a process tells of its contenders', () => {
  it('counts terms, renewals, losses, time as leader, and what they cost', async () => {
    const { one, two, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await one.advance(3_600_000);
    await held.fenced([]);
    const [report] = one.leases.here();
    assert.deepEqual([report?.name, report?.identity, report?.held], ['cron', lease.identity, true]);
    assert.match(report?.explain ?? '', /^Leading the lease "cron" since /);
    assert.deepEqual([report?.elections, report?.losses, report?.ledMs], [1, {}, 3_600_000]);
    assert.ok(Math.abs((report?.renewals ?? 0) - 720) < 40, String(report?.renewals));
    assert.equal(report?.writes, (report?.renewals ?? 0) + 2);
    assert.equal(report?.writesPerHour, report?.writes);
    assert.deepEqual([report?.reads, report?.readsPerHour], [1, 1]);
    await two.leases.break('cron', 'stuck', 'ops');
    await one.advance(D);
    await has(lease.tryAcquire());
    one.pause(2 * D);
    await settle();
    const losses = one.leases.here()[0];
    assert.deepEqual([losses?.elections, losses?.losses, losses?.held], [2, { broken: 1 }, false]);
  });

  it('is one line in the log for each beginning and end, with the token', async () => {
    const { one, two, lease } = twoProcesses();
    const first = await has(lease.tryAcquire());
    await first.release();
    const second = await has(lease.tryAcquire());
    await two.leases.break('cron', 'stuck', 'ops');
    await one.advance(D);
    assert.deepEqual(
      one.log.lines.map(({ severity, message, token, reason }) => [severity, message, token, reason]),
      [
        ['DEBUG', 'began a term', first.token, undefined],
        ['DEBUG', 'ended a term', first.token, undefined],
        ['DEBUG', 'began a term', second.token, undefined],
        ['WARNING', 'lost a term', second.token, 'broken'],
      ],
    );
  });

  it('does not grow without end where a lease is made for each piece of work', async () => {
    const { one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    for (let n = 0; n < 1_100; n++) one.leases.lease('other');
    const reports = one.leases.here();
    assert.equal(reports.length, 1_000);
    assert.equal(reports[0]?.identity, lease.identity);
    stands(held);
  });
});

describe('the end of a process', () => {
  it('gives back what it holds, ends who waits, and leaves nothing running', async () => {
    const { one, two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    const turn = watched(lease.acquire({ wait: 60_000 }));
    await has(two.leases.lease('b').tryAcquire());
    const waiting = watched(one.leases.lease('b').acquire({ wait: 60_000 }));
    await settle();
    await Promise.all([one.leases.close(5_000), one.leases.close(5_000)]);
    isOver(held);
    assert.ok(isAppError(turn.error, 'unavailable') && isAppError(waiting.error, 'unavailable'));
    assert.equal(one.sleepers, 0);
    await has(other.tryAcquire());
    await assert.rejects(lease.tryAcquire(), (error) => isAppError(error, 'unavailable'));
    await assert.rejects(lease.acquire({ wait: 1 }), (error) => isAppError(error, 'unavailable'));
    assert.equal(await lease.resume(), undefined);
    assert.equal((await two.leases.history('cron', 1))[0]?.end, undefined);
  });

  it('comes in time though the store does not answer, and says what it left', async () => {
    const { store, one, lease, two, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.disturb('commit', 'no answer');
    const closed = watched(one.leases.close(1_000));
    await one.advance(1_000);
    assert.ok('value' in closed);
    isOver(held);
    assert.equal(one.sleepers, 0);
    assert.match(JSON.stringify(one.log.lines), /not all given back in time/);
    const waiting = watched(other.acquire({ wait: 60_000 }));
    await settle();
    await two.advance(patienceMs(D) + 1);
    stands(waiting.value);
  });

  it('gives back a term that is being won at that moment', async () => {
    const { store, one, lease, other } = twoProcesses();
    let closed: Promise<void> | undefined;
    store.meanwhile = async () => {
      closed = one.leases.close(5_000);
    };
    await assert.rejects(lease.tryAcquire(), (error) => isAppError(error, 'unavailable'));
    await closed;
    await has(other.tryAcquire());
    assert.equal(one.sleepers, 0);
  });

  it('gives back a term that is being resumed at that moment', async () => {
    const { store, one, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.pause(D);
    isOver(held);
    let closed: Promise<void> | undefined;
    store.meanwhile = async () => {
      closed = one.leases.close(5_000);
    };
    assert.equal(await lease.resume(), undefined);
    await closed;
    await has(other.tryAcquire());
    assert.equal(one.sleepers, 0);
  });
});
