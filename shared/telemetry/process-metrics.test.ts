import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import type { Depth } from '../queue/queue.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import type { MetricName } from './metric-table.ts';
import { collect, measuring, stopMetrics } from './metrics.ts';
import { startProcessMetrics } from './process-metrics.ts';

afterEach(stopMetrics);

const values = (name: MetricName) =>
  Object.fromEntries(
    (collect().find((metric) => metric.name === name)?.series ?? []).map(({ labels, value }) => [
      labels.join(' '),
      value,
    ]),
  );

it('tells of the process what it uses, until it is ended', () => {
  const stop = startProcessMetrics({ queue: {}, clock: createFakeClock() });
  assert.ok(measuring());
  const { user = 0, system = -1 } = values('process.cpu.time');
  const used = process.cpuUsage();
  assert.ok(user > 0 && user <= used.user / 1e6);
  assert.ok(system >= 0 && system <= used.system / 1e6);
  assert.ok((values('process.memory.usage')[''] ?? 0) > 10_000_000);
  assert.ok((values('process.uptime')[''] ?? 0) > 0);
  const late = values('nodejs.eventloop.delay.p99')[''] ?? -1;
  assert.ok(late >= 0 && late < 60, `${late}`);
  assert.deepEqual(values('hawker.queue.depth'), {});
  stop();
  assert.deepEqual(collect(), []);
});

it("tells of the queue's depth and of its oldest event, and counts its rows at most every five seconds", async () => {
  const clock = createFakeClock();
  let asked = 0;
  let rows: Depth[] = [
    { subscription: 'clicks', waiting: 3, oldest: clock.now() - 2_000, dead: 1 },
    { subscription: 'bus-push', waiting: 0, oldest: undefined, dead: 0 },
  ];
  const depths = () => {
    asked++;
    if (rows.length === 0) throw new Error('the file is closed');
    return rows;
  };
  const stop = startProcessMetrics({ queue: { depths }, clock });
  const depth = { 'clicks waiting': 3, 'clicks dead': 1, 'bus-push waiting': 0, 'bus-push dead': 0 };
  assert.deepEqual(values('hawker.queue.depth'), depth);
  assert.deepEqual(values('hawker.queue.oldest_age'), { clicks: 2, 'bus-push': 0 });
  rows = [{ subscription: 'clicks', waiting: 4, oldest: clock.now() - 2_000, dead: 1 }];
  await clock.advance(4_999);
  assert.deepEqual(values('hawker.queue.depth'), depth);
  assert.equal(asked, 1);
  await clock.advance(1);
  assert.deepEqual(values('hawker.queue.depth'), { 'clicks waiting': 4, 'clicks dead': 1 });
  assert.equal(asked, 2);
  rows = [];
  await clock.advance(5_000);
  assert.deepEqual(values('hawker.queue.depth'), {}, 'nothing rather than what was true once');
  assert.deepEqual(values('hawker.queue.oldest_age'), {});
  stop();
});
