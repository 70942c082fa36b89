/** What leases tell of themselves to metrics, traces and the log. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchedTelemetry } from '../testing/watched-telemetry.ts';
import { watchTelemetry } from '../testing/watched-telemetry.ts';
import { has, settle, twoProcesses } from './lease-rig.ts';
import { DEFAULT_DURATION_MS as D } from './timing.ts';

/** Rigs are made within: what a process tells is told from its opening on. */
async function observing(use: (telemetry: WatchedTelemetry, rig: ReturnType<typeof twoProcesses>) => Promise<void>) {
  using telemetry = await watchTelemetry();
  const rig = twoProcesses();
  try {
    await use(telemetry, rig);
  } finally {
    for (const { leases } of [rig.one, rig.two]) await leases.close(0);
  }
}

describe('leases under observation', () => {
  it('say who leads, and count each term with its end', async () => {
    await observing(async ({ series }, { one, two, lease, other }) => {
      assert.deepEqual(series('hawker.lease.leading'), { cron: 0 });
      const first = await has(lease.tryAcquire());
      assert.deepEqual(series('hawker.lease.leading'), { cron: 1 });
      assert.equal(await other.tryAcquire(), undefined);
      await first.release();
      assert.deepEqual(series('hawker.lease.leading'), { cron: 0 });
      await has(other.tryAcquire());
      await one.leases.break('cron', 'stuck', 'ops');
      await two.advance(D);
      assert.deepEqual(series('hawker.lease.transitions'), {
        'cron acquired': 2,
        'cron released': 1,
        'cron lost': 1,
      });
      assert.deepEqual(series('hawker.lease.leading'), { cron: 0 });
    });
  });

  it('count a term that is resumed as begun once more, so that what began and ended always says who leads', async () => {
    await observing(async ({ series }, { one, lease }) => {
      await has(lease.tryAcquire());
      one.pause(2 * D);
      const resumed = await has(lease.resume());
      assert.equal(resumed.remaining() > 0, true);
      assert.deepEqual(series('hawker.lease.transitions'), { 'cron acquired': 2, 'cron lost': 1 });
      assert.deepEqual(series('hawker.lease.leading'), { cron: 1 });
    });
  });

  it('measure renewals, which stay one write and no read, and say which of them failed', async () => {
    await observing(async ({ series }, { store, one, lease }) => {
      await has(lease.tryAcquire());
      store.forget();
      await one.advance(D / 2);
      assert.deepEqual([store.reads, store.commits], [[], [['replace leases/cron']]]);
      assert.deepEqual(series('hawker.lease.renewal.duration'), { cron: 1 });
      store.disturb('commit', 'request lost');
      await one.advance(D / 2);
      assert.equal(series('hawker.lease.renewal.duration')['cron unavailable'], 1);
    });
  });

  it('are steps of the invocation that acquires and releases them, and renewals steps of the acquisition', async () => {
    await observing(async (telemetry, { one, lease }) => {
      const line = await telemetry.invoke(async () => {
        const held = await has(lease.tryAcquire());
        await one.advance(D / 2);
        await held.release();
      });
      assert.deepEqual(Object.keys(line['steps'] as object), ['lease.acquire', 'lease.renew', 'lease.release']);
      const [acquired, parent] = [telemetry.span('lease.acquire'), telemetry.span('test')];
      const idOf = (span: typeof parent) => span.spanContext().spanId;
      assert.equal(acquired.parentSpanContext?.spanId, idOf(parent));
      assert.equal(telemetry.span('lease.renew').parentSpanContext?.spanId, idOf(acquired));
      assert.equal(telemetry.span('lease.release').parentSpanContext?.spanId, idOf(parent));
      assert.deepEqual(telemetry.span('lease.renew').attributes, { 'hawker.lease': 'cron' });
    });
  });

  it('take it for no failure that somebody else leads, and for one that the records do not answer', async () => {
    await observing(async (telemetry, { store, one, two, lease, other }) => {
      await has(lease.tryAcquire());
      await telemetry.invoke(() => other.acquire({ wait: 0 }));
      assert.equal(telemetry.span('lease.acquire').attributes['error.type'], undefined);
      store.down = true;
      await telemetry.invoke(() => two.leases.lease('else').acquire({ wait: 0 }));
      const failed = telemetry.spans.filter(({ attributes }) => attributes['error.type'] === 'unavailable');
      assert.deepEqual(
        failed.map(({ name }) => name),
        ['lease.acquire'],
      );
      await one.advance(0);
    });
  });

  it('say in one line why a term was lost', async () => {
    await observing(async (_, { store, one, two, lease, other }) => {
      const lines = (process: typeof one) => process.log.lines.filter(({ message }) => message === 'lost a term');
      await has(lease.tryAcquire());
      one.pause(2 * D);
      await one.advance(0);
      await one.advance(D);
      const [paused] = lines(one);
      assert.deepEqual([paused?.['reason'], paused?.['failures']], ['expired', 0]);
      assert.match(String(paused?.['why']), /the term ran out [\d.]+ s ago, before a renewal went through/);

      await two.leases.break('cron', 'test', 'ops');
      await has(other.tryAcquire());
      store.down = true;
      await two.advance(D);
      const [down] = lines(two);
      assert.deepEqual([down?.['reason'], down?.['failure']], ['expired', 'the store does not answer']);
      assert.ok(Number(down?.['failures']) > 0);

      store.down = false;
      await one.leases.break('cron', 'test', 'ops');
      const again = await has(lease.tryAcquire());
      await two.leases.break('cron', 'stuck', 'ops');
      await one.advance(D / 2);
      await settle();
      assert.ok(again.signal.aborted);
      const broken = lines(one).at(-1);
      assert.equal(broken?.['reason'], 'broken');
      assert.match(String(broken?.['why']), /it is free, since ops took it away at .*: stuck/);
    });
  });
});
