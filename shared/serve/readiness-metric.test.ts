import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Runtime } from '../define.ts';
import { AppError } from '../errors.ts';
import { tellDependency } from '../telemetry/dependencies.ts';
import { collect, startMetrics, stopMetrics } from '../telemetry/metrics.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { startReadinessMetric } from './readiness-metric.ts';

afterEach(stopMetrics);

/** A store whose checks answer when the test says so, and a queue that is always well. */
function rig() {
  const [clock, log] = [createFakeClock(), createKeptLog()];
  const checks: PromiseWithResolvers<void>[] = [];
  const check = () => {
    const made = Promise.withResolvers<void>();
    checks.push(made);
    return made.promise;
  };
  const parts = { store: { check }, queue: { check: async () => undefined }, clock, log };
  startMetrics(clock.now());
  const stop = startReadinessMetric(parts as unknown as Runtime);
  const read = () =>
    Object.fromEntries(
      collect().flatMap(({ name, series }) =>
        name === 'hawker.dependency.ready' ? series.map(({ labels, value }) => [labels[0] ?? '', value]) : [],
      ),
    );
  return { clock, log, checks, read, stop };
}

describe('the metric of what a process needs', () => {
  it('waits for no check, and has one made for the next who collects, four times a minute at most', async () => {
    const { clock, log, checks, read, stop } = rig();
    const end = tellDependency('LTA', () => ({ ready: false, reason: 'it fails' }));
    try {
      assert.deepEqual(read(), { LTA: 0 });
      checks[0]?.resolve();
      await clock.advance(0);
      assert.deepEqual(read(), { store: 1, queue: 1, LTA: 0 });
      await clock.advance(14_999);
      read();
      assert.equal(checks.length, 1);
      await clock.advance(1);
      assert.deepEqual(read(), { store: 1, queue: 1, LTA: 0 }, 'as it was');
      checks[1]?.reject(new AppError('unavailable', 'away'));
      await clock.advance(0);
      assert.deepEqual(read(), { store: 0, queue: 1, LTA: 0 });
      assert.deepEqual(
        log.lines.map(({ message }) => message),
        ['the store is not ready'],
        'though nobody asked for its health',
      );
    } finally {
      end();
    }
    stop();
    assert.deepEqual(read(), {});
  });

  it('tells that a part is not ready whose check hangs', async () => {
    const { clock, checks, read, stop } = rig();
    read();
    checks[0]?.resolve();
    await clock.advance(15_000);
    assert.deepEqual(read(), { store: 1, queue: 1 });
    await clock.advance(2_000);
    assert.deepEqual(read(), { store: 0, queue: 1 });
    stop();
  });
});
