/** What runs tell of themselves to traces, metrics and the log. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import type { NewEvent } from '../events/event.ts';
import { traced } from '../events/traced.ts';
import { beginDelivery } from '../telemetry/delivery.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type WatchedTelemetry, watchTelemetry } from '../testing/watched-telemetry.ts';
import { publishRun } from './run-events.ts';
import { createRig, someFiles, TARGET } from './runner-rig.ts';

guardAgainstLeaks();

type Rig = ReturnType<typeof createRig>;

async function watched(use: (telemetry: WatchedTelemetry) => Promise<void>) {
  using telemetry = await watchTelemetry();
  await use(telemetry);
}

/** Delivers the messages of a run, each as the queue would, until there are none. Answers the lines of the deliveries, and what was written besides. */
async function deliverAll(rig: Rig, first: NewEvent, budgetMs: number) {
  const log = createKeptLog();
  const others: Record<string, unknown>[] = [];
  const waiting = [first];
  for (let event = waiting.shift(); event; event = waiting.shift()) {
    const { run, seq } = event.data as { run: string; seq: number };
    const { attributes = {} } = event;
    const delivery = beginDelivery({
      ...{ log, clock: rig.clock, subscription: 'migration-runs' },
      event: { ...event, attributes, subject: TARGET.name, delivery: {} } as never,
    });
    const process = rig.process(rig.clock, undefined, (topic, made) => {
      if (topic === 'migration.run') waiting.push(traced(made));
    });
    await delivery.run(() => process.run(run, { seq, budgetMs, isLast: false }));
    delivery.end('done');
    others.push(...process.log.lines);
  }
  return { lines: log.lines, others };
}

describe('runs under observation', () => {
  it('are one trace from what begins them through every part that they take', async () => {
    const rig = createRig(someFiles(12));
    rig.database.meanwhile = () => rig.clock.sleep(10_000);
    await watched(async ({ spans, series, invoke, span }) => {
      const id = await rig.begin({ command: 'up' });
      const made: NewEvent[] = [];
      await invoke(async () => {
        const queue = { publish: async (_: string, event: NewEvent) => void made.push(traced(event)) };
        await publishRun(queue, { id, target: TARGET.name }, rig.clock);
      });
      const [first] = made;
      assert.ok(first);
      const { lines } = await deliverAll(rig, first, 60_000);
      const ofTrace = spans.filter((each) => each.spanContext().traceId === span('test').spanContext().traceId);
      const parts = ofTrace.filter(({ name }) => name === 'migration.run');
      assert.deepEqual(
        parts.map(({ attributes }) => [
          attributes['hawker.run'],
          attributes['hawker.migration.part'],
          attributes['hawker.migration.state'],
        ]),
        [
          [id, 0, 'queued'],
          [id, 1, 'queued'],
          [id, 2, 'done'],
        ],
      );
      assert.equal(ofTrace.filter(({ name }) => name === 'migration.step').length, 12);
      assert.deepEqual(series('hawker.migration.runs'), { 'shop continued': 2, 'shop succeeded': 1 });
      assert.deepEqual(series('hawker.migration.step.duration'), { 'shop up': 12 });
      assert.equal(lines.length, 3);
      for (const line of lines) {
        assert.deepEqual([line['run'], line['target'], line['command']], [id, 'shop', 'up']);
        assert.deepEqual(line['logging.googleapis.com/operation'], { id, producer: 'hawker/migrations' });
      }
      const last = lines.at(-1) as Record<string, unknown>;
      assert.deepEqual([last['state'], last['done'], last['step']], ['done', 12, 'up 12_m']);
      assert.equal((last['steps'] as Record<string, { times: number }>)['migration.step']?.times, 4);
    });
  });

  it('say of a migration that failed which it was and how, and nothing of its text or of values', async () => {
    const rig = createRig();
    rig.database.meanwhile = async ({ migration }) => {
      const cause = { sqlstate: '23505', statement: 1, detail: 'Key (email)=(ann@example.org)' };
      if (migration.version === 2n)
        throw new AppError('migration_failed', 'insert into t values (ann@example.org)', { cause });
    };
    await watched(async ({ spans, series, invoke }) => {
      const line = await invoke(async () => rig.process().run(await rig.begin({ command: 'up' })));
      const [good, bad] = spans.filter(({ name }) => name === 'migration.step');
      assert.equal(good?.attributes['error.type'], undefined);
      assert.deepEqual(bad?.attributes, {
        'hawker.target': 'shop',
        'hawker.run': line['run'],
        'hawker.direction': 'up',
        'hawker.migration.version': '2',
        'hawker.migration.name': 'm',
        'db.response.status_code': '23505',
        'error.type': 'migration_failed',
      });
      assert.doesNotMatch(JSON.stringify([bad.status, bad.events]), /ann@|insert/);
      assert.deepEqual([line['state'], line['step'], line['databaseCode']], ['failed', 'up 2_m', '23505']);
      assert.deepEqual(series('hawker.migration.runs'), { 'shop failed': 1 });
      assert.deepEqual(series('hawker.migration.step.duration'), { 'shop up': 1, 'shop up migration_failed': 1 });
    });
  });

  it('that failed are one line, at WARNING, with the error', async () => {
    const rig = createRig();
    rig.database.meanwhile = async ({ migration }) => {
      if (migration.version === 2n) throw new AppError('migration_failed', '2_m.up.sql: no such column');
    };
    const id = await rig.begin({ command: 'up' });
    const event = { id: 'e', source: 's', type: 't', time: '2026-01-01T00:00:00Z', data: { run: id, seq: 0 } };
    const { lines, others } = await deliverAll(rig, event, 60_000);
    assert.deepEqual(
      lines.map((line) => [line['severity'], line['function'], line['run'], line['target'], line['state']]),
      [['WARNING', 'migration-runs', id, 'shop', 'failed']],
    );
    assert.deepEqual(
      others.filter(({ severity }) => severity === 'WARNING' || severity === 'ERROR'),
      [],
    );
    assert.equal(lines[0]?.['error'], 'AppError: 2_m.up.sql: no such column (migration_failed)');
  });

  it('tell how much is left and how long they have not got on, while they are under way and not before or after', async () => {
    const rig = createRig();
    rig.database.pages['up 2'] = 3;
    await watched(async ({ series, spans, invoke }) => {
      const seen: unknown[] = [];
      const both = () => [series('hawker.migration.pending'), series('hawker.migration.idle')];
      rig.database.meanwhile = async () => {
        await rig.clock.sleep(5_000);
        seen.push(both());
      };
      const idleInPages: unknown[] = [];
      rig.database.inPage = async () => {
        await rig.clock.sleep(2_000);
        idleInPages.push(series('hawker.migration.idle')['shop']);
      };
      const id = await rig.begin({ command: 'up' });
      assert.deepEqual(both(), [{}, {}]);
      const line = await invoke(() => rig.process().run(id));
      assert.deepEqual(both(), [{}, {}]);
      assert.deepEqual(
        seen,
        [3, 2, 1].map((left) => [{ shop: left }, { shop: 5 }]),
      );
      assert.deepEqual(idleInPages, [7, 2, 2]);
      assert.deepEqual([line['pages'], line['rows']], [3, 30]);
      const steps = spans.filter(({ name }) => name === 'migration.step');
      const pages = spans.filter(({ name }) => name === 'migration.backfill_page');
      assert.deepEqual(
        pages.map(({ attributes, parentSpanContext }) => [
          attributes['hawker.migration.pages'],
          parentSpanContext?.spanId === steps[1]?.spanContext().spanId,
        ]),
        [1, 2, 3].map((page) => [page, true]),
      );
    });
  });

  it('count how they end: cancelled, paused, taken up again by another delivery; and not what changes nothing', async () => {
    const rig = createRig();
    await watched(async ({ series, span, spans, invoke }) => {
      await rig.process().run(await rig.begin({ command: 'up' }, { dryRun: true }));
      assert.deepEqual(series('hawker.migration.runs'), {});
      const interrupted = await rig.begin({ command: 'up' });
      rig.database.accidents = ['lost'];
      await assert.rejects(rig.process().run(interrupted, { isLast: false }));
      assert.deepEqual(series('hawker.migration.runs'), { 'shop interrupted': 1 });
      await rig.runs.pause(interrupted);
      await rig.runs.cancel(interrupted);
      await rig.runs.cancel(interrupted);
      assert.deepEqual(series('hawker.migration.runs'), { 'shop interrupted': 1, 'shop cancelled': 1 });
      const paused = await rig.begin({ command: 'up' });
      rig.database.meanwhile = async () => {
        await rig.runs.pause(paused);
        await rig.clock.sleep(2_000);
      };
      await invoke(() => rig.process().run(paused));
      assert.equal(series('hawker.migration.runs')['shop paused'], 1);
      assert.equal(span('migration.run').attributes['hawker.migration.state'], 'paused');
      const locks = spans.filter(({ name }) => name === 'migration.lock');
      assert.deepEqual(
        locks.map(({ attributes }) => attributes['hawker.migration.waits_for']),
        ['lease', 'lock'],
      );
    });
  });

  it('say that the lock was not to be had', async () => {
    const rig = createRig();
    rig.database.holder = '7';
    await watched(async ({ spans, invoke }) => {
      await invoke(async () => rig.process().run(await rig.begin({ command: 'up' }, { lockTimeoutMs: 500 })));
      const failed = spans.filter(({ attributes }) => attributes['error.type'] === 'lease_held');
      assert.deepEqual(
        failed.map(({ name }) => name),
        ['migration.lock', 'migration.run'],
      );
    });
  });
});
