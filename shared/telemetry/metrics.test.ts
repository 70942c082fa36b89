import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { METRICS, type MetricName, type MetricSpec } from './metric-table.ts';
import {
  type Collected,
  collect,
  count,
  counter,
  gauge,
  MOST_LABEL,
  MOST_SERIES,
  metricsSince,
  record,
  recorder,
  startMetrics,
  stopMetrics,
  tally,
} from './metrics.ts';

afterEach(stopMetrics);

function collected(name: MetricName): Collected['series'] {
  return collect().find((metric) => metric.name === name)?.series ?? [];
}

const TRACE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };

describe('metrics', () => {
  it('keep nothing until they are started', () => {
    const hit = counter('hawker.redirect.hits', { 'hawker.label': 'human' });
    const took = recorder('hawker.redirect.duration', { 'hawker.outcome': 'gone', 'hawker.cache': 'hit' });
    count('hawker.redirect.hits.lost', {});
    record('hawker.slides.conversion.duration', 1, {});
    hit();
    took(1);
    startMetrics(1_000);
    startMetrics(2_000);
    assert.deepEqual(collect(), []);
    assert.equal(metricsSince(), 1_000);
    hit();
    took(1);
    assert.equal(collect().length, 2);
  });

  it('forget all when they are stopped, also what callers remember', () => {
    const hit = counter('hawker.redirect.hits', { 'hawker.label': 'human' });
    const took = recorder('hawker.slides.conversion.duration', {});
    startMetrics(0);
    hit(5);
    took(5);
    stopMetrics();
    startMetrics(0);
    assert.deepEqual(collect(), []);
    hit(2);
    took(2);
    assert.equal(collected('hawker.redirect.hits')[0]?.value, 2);
    assert.equal(collected('hawker.slides.conversion.duration')[0]?.value, 2);
  });

  it('count by labels, in the order of the table, and put what is not listed under _OTHER', () => {
    startMetrics(0);
    count('hawker.redirect.hits', { 'hawker.label': 'human' });
    count('hawker.redirect.hits', { 'hawker.label': 'human' }, 2);
    for (const label of ['made up', '__proto__', 'constructor'])
      count('hawker.redirect.hits', { 'hawker.label': label as 'bot' });
    assert.deepEqual(collected('hawker.redirect.hits'), [
      { labels: ['human'], value: 3 },
      { labels: ['_OTHER'], value: 3 },
    ]);
    record('db.client.operation.duration', 1, {
      'error.type': 'unavailable',
      'db.collection.name': 'links',
      'db.operation.name': 'get',
      'db.system.name': 'sqlite',
    });
    assert.deepEqual(collected('db.client.operation.duration')[0]?.labels, ['sqlite', 'get', 'links', 'unavailable']);
  });

  it('never let a counter fall, nor a sum become something else than a number', () => {
    startMetrics(0);
    const lost = counter('hawker.redirect.hits.lost', {});
    for (const by of [1, -1, Number.NaN, Infinity]) {
      count('hawker.redirect.hits.lost', {}, by);
      lost(by);
      record('hawker.slides.conversion.duration', by, {});
    }
    assert.equal(collected('hawker.redirect.hits.lost')[0]?.value, 2);
    const [took] = collected('hawker.slides.conversion.duration');
    assert.equal(took?.value, 1);
    assert.equal(
      took.buckets?.reduce((sum, n) => sum + n, 0),
      1,
    );
  });

  it('count a measurement in the first bucket whose bound it does not exceed', () => {
    startMetrics(0);
    const bounds: readonly number[] = METRICS['hawker.migration.step.duration'].buckets;
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...bounds), fc.double({ min: 0, max: 10_000, noNaN: true })), (value) => {
        stopMetrics();
        startMetrics(0);
        record('hawker.migration.step.duration', value, { 'hawker.target': 'a', 'hawker.direction': 'up' });
        const [{ buckets = [] } = {}] = collected('hawker.migration.step.duration');
        assert.equal(buckets.length, bounds.length + 1);
        const expected = bounds.findIndex((bound) => value <= bound);
        assert.equal(buckets.indexOf(1), expected < 0 ? bounds.length : expected);
        assert.equal(buckets.filter((n) => n !== 0).length, 1);
      }),
    );
  });

  it('keep of each bucket the last measurement that was traced', () => {
    startMetrics(0);
    const took = recorder('hawker.slides.conversion.duration', {});
    took(0.3, { ...TRACE, spanId: 'c'.repeat(16) });
    took(0.4, TRACE);
    took(0.45);
    took(20, TRACE);
    const [{ exemplars = [] } = {}] = collected('hawker.slides.conversion.duration');
    const known = exemplars.filter((exemplar) => exemplar !== undefined);
    assert.deepEqual(
      known.map(({ at, ...exemplar }) => exemplar),
      [
        { ...TRACE, value: 0.4 },
        { ...TRACE, value: 20 },
      ],
    );
    assert.ok(known.every(({ at }) => at > 1_600_000_000_000));
  });

  it('read gauges when somebody collects, add up what several say, and keep nothing of the reading before', () => {
    const leading = new Map([['bus-sync', 1]]);
    const remove = gauge('hawker.lease.leading', () =>
      [...leading].map(([name, value]) => ({ labels: { 'hawker.lease': name }, value })),
    );
    const removeOther = gauge('hawker.lease.leading', () => [{ labels: { 'hawker.lease': 'bus-sync' }, value: 2 }]);
    assert.deepEqual(collected('hawker.lease.leading'), [{ labels: ['bus-sync'], value: 3 }]);
    leading.delete('bus-sync');
    leading.set('outbox-relay', 1);
    removeOther();
    assert.deepEqual(collected('hawker.lease.leading'), [{ labels: ['outbox-relay'], value: 1 }]);
    remove();
    assert.deepEqual(collect(), []);
  });

  it('read what is counted elsewhere as a whole, however often it is read', () => {
    const remove = tally('hawker.redirect.hits.lost', () => [{ labels: {}, value: 7 }]);
    for (let i = 0; i < 3; i++) assert.deepEqual(collected('hawker.redirect.hits.lost'), [{ labels: [], value: 7 }]);
    remove();
  });

  it('leave out a reading that fails or is no number, and no other', () => {
    const removals = [
      gauge('hawker.bus.watchers', () => {
        throw new Error('closed');
      }),
      gauge('hawker.bus.watchers', () => [{ labels: {}, value: Number.NaN }]),
      gauge('hawker.bus.watchers', () => [{ labels: {}, value: 4 }]),
    ];
    assert.deepEqual(collected('hawker.bus.watchers'), [{ labels: [], value: 4 }]);
    for (const remove of removals) remove();
  });
});

describe('whatever labels come', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300, size: 'max' }),
    fc.constantFrom('__proto__', 'constructor', 'toString', '_OTHER', '', '\0', '\ud800', 'a\0b'),
    fc.nat({ max: 100_000 }).map(String),
  );
  /** Says it of every metric of the table. */
  const say = (given: readonly string[]) => {
    for (const [name, spec] of Object.entries(METRICS) as [MetricName, MetricSpec][]) {
      const labels = Object.fromEntries(
        Object.keys(spec.labels).map((label, index) => [label, given[index % given.length]]),
      );
      if (spec.kind === 'histogram') record(name as 'hawker.slides.conversion.duration', 1, labels, TRACE);
      else if (spec.kind === 'counter') count(name as 'hawker.redirect.hits.lost', labels as Record<never, never>);
    }
  };
  const assertBounded = () => {
    for (const { name, series } of collect()) {
      assert.ok(series.length <= MOST_SERIES + 1, `${name} has ${series.length} series`);
      const keys = new Set(series.map(({ labels }) => JSON.stringify(labels)));
      assert.equal(keys.size, series.length, `${name} has two series of one name`);
      for (const label of series.flatMap(({ labels }) => labels)) {
        assert.ok(label.length <= MOST_LABEL);
        assert.ok(label.isWellFormed());
      }
    }
  };

  it('no metric has more than its share of series, and every measurement is counted in one of them', () => {
    startMetrics(0);
    let said = 0;
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (given) => {
        say(given);
        said++;
        assertBounded();
      }),
      { numRuns: 2_000 },
    );
    for (let i = 0; i < 1_000; i++, said++) say([`made-up-${i}`]);
    assertBounded();
    for (const name of ['hawker.inbox.duplicates', 'hawker.lease.renewal.duration'] as const) {
      const series = collected(name);
      assert.ok(series.length >= MOST_SERIES);
      assert.equal(
        series.reduce((sum, one) => sum + one.value, 0),
        said,
      );
    }
    const overflow = collected('hawker.inbox.duplicates').find(({ labels }) => labels[0] === '_OTHER');
    assert.ok((overflow?.value ?? 0) >= 800);
  });

  it('a gauge that tells of too much is cut as well', () => {
    const remove = gauge('hawker.lease.leading', () =>
      Array.from({ length: 5_000 }, (_, i) => ({ labels: { 'hawker.lease': `lease-${i}` }, value: 1 })),
    );
    const series = collected('hawker.lease.leading');
    assert.equal(series.length, MOST_SERIES + 1);
    assert.equal(
      series.reduce((sum, one) => sum + one.value, 0),
      5_000,
    );
    remove();
  });

  it('memory stays flat once the series are full', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    startMetrics(0);
    const sayMany = (from: number) => {
      for (let i = from; i < from + 3_000; i++) say([`${i}`.repeat(200), `x${i}`]);
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    sayMany(0);
    const before = sayMany(3_000);
    const after = sayMany(6_000);
    assert.ok(after - before < 1_000_000, `${after - before} bytes more`);
  });
});
