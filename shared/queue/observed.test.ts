import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it, type TestContext } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Event, NewEvent } from '../events/event.ts';
import { createOutbox } from '../events/outbox.ts';
import { OUTBOX, type OutboxRecord } from '../events/outbox-record.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { beginInvocation } from '../telemetry/invocation.ts';
import { collect, startMetrics, stopMetrics } from '../telemetry/metrics.ts';
import { createSpans, type ReadableSpan } from '../telemetry/otel-client.ts';
import { useSpans } from '../telemetry/spans.ts';
import { parseTraceparent } from '../telemetry/trace-context.ts';
import { createTraceRate } from '../telemetry/trace-rate.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { arrivals, newEvent, specs } from './contract-tools.ts';
import { openEmbeddedQueue } from './embedded.ts';
import { observedQueue } from './observed.ts';
import type { Queue } from './queue.ts';

const GIVEN = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

afterEach(() => {
  useSpans(undefined);
  stopMetrics();
});

function record(perSecond: number): ReadableSpan[] {
  const ended: ReadableSpan[] = [];
  const rate = createTraceRate(perSecond, systemClock);
  useSpans(
    createSpans({ resource: {}, version: '1', rate, onBegin: () => undefined, onEnd: (span) => ended.push(span) }),
  );
  return ended;
}

function within<T>(work: () => T, parent?: string): T {
  const log = createKeptLog();
  return beginInvocation({ kind: 'request', name: 'GET', log, parent: parseTraceparent(parent) }).run(work);
}

/** A queue in a file, and what arrives from it. */
function begin(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-observed-'));
  const database = openDatabase(join(folder, 'hawker.db'));
  const spec = specs()();
  const own = { clock: systemClock, ids: systemIds, log: createKeptLog() };
  const queue = observedQueue(openEmbeddedQueue({ database, subscriptions: [spec], ...own }), 'hawker_embedded');
  const got = arrivals<Event>();
  t.after(async () => {
    await queue.close(1_000);
    database.close();
    rmSync(folder, { recursive: true });
  });
  queue.consume(spec, async (event) => void got.add(event));
  const publish = async (event: NewEvent) => {
    await queue.publish(spec.topic, event);
    await got.count(1);
    return got.all[0]?.attributes;
  };
  return { publish, spec };
}

describe('a publication that is observed', () => {
  it('is a span of its own, and the event says that it comes from there', async (t) => {
    const ended = record(10);
    const { publish, spec } = begin(t);
    const attributes = await within(() => publish(newEvent('e', { attributes: { more: 'kept' } })));
    const [span] = ended;
    assert.equal(span?.name, `publish ${spec.topic}`);
    assert.equal(span.kind, 3);
    assert.deepEqual(
      { ...span.attributes },
      {
        'messaging.system': 'hawker_embedded',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': spec.topic,
        'messaging.message.id': span.attributes['messaging.message.id'],
      },
    );
    const { traceId, spanId } = span.spanContext();
    assert.deepEqual(attributes, { more: 'kept', traceparent: `00-${traceId}-${spanId}-01` });
  });

  it('passes on the trace of what is not recorded', async (t) => {
    const { publish } = begin(t);
    assert.equal((await within(() => publish(newEvent('e')), GIVEN))?.['traceparent'], GIVEN);
  });

  it('adds nothing where there is no trace, in an invocation or outside', async (t) => {
    const { publish } = begin(t);
    assert.deepEqual(await within(() => publish(newEvent('e'))), {});
    assert.deepEqual(await begin(t).publish(newEvent('e')), {});
  });

  it('leaves an event its own trace, and points to it', async (t) => {
    const ended = record(10);
    const { publish } = begin(t);
    const attributes = await within(() => publish(newEvent('e', { attributes: { traceparent: GIVEN } })));
    assert.equal(attributes?.['traceparent'], GIVEN);
    assert.equal(ended[0]?.links[0]?.context.traceId, 'a'.repeat(32));
    assert.notEqual(ended[0]?.spanContext().traceId, 'a'.repeat(32));
  });

  it('leaves an event alone that would become too large', async (t) => {
    record(10);
    const { publish } = begin(t);
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`a${i}`, 'x']));
    assert.deepEqual(await within(() => publish(newEvent('e', { attributes: many }))), many);
  });

  it('is measured, and a failure of it named', async () => {
    startMetrics(0);
    const failing = {
      publish: () => Promise.reject(new AppError('unavailable', 'away')),
    } as unknown as Queue;
    await assert.rejects(observedQueue(failing, 'gcp_pubsub').publish('link.hit', newEvent('e')), {
      code: 'unavailable',
    });
    const metric = collect().find(({ name }) => name === 'messaging.client.operation.duration');
    assert.deepEqual(
      metric?.series.map(({ labels }) => labels),
      [['gcp_pubsub', 'publish', 'link.hit', 'unavailable']],
    );
  });
});

describe('an event of the outbox', () => {
  const commit = async (event: NewEvent, parent?: string) => {
    const store = withShorthands(createMemoryDriver());
    const outbox = createOutbox({ store, clock: systemClock, ids: systemIds });
    await within(() => outbox.commit([], [{ topic: 'news', event }]), parent);
    const [doc] = (await store.list<OutboxRecord>(OUTBOX, { limit: 1 })).docs;
    return doc?.value.event.attributes;
  };

  it('is part of the trace of whoever commits it, and keeps its own', async () => {
    assert.deepEqual(await commit(newEvent('e'), GIVEN), { traceparent: GIVEN });
    assert.equal(await commit(newEvent('e')), undefined);
    const own = { traceparent: GIVEN.replaceAll('a', 'c') };
    assert.deepEqual(await commit(newEvent('e', { attributes: own }), GIVEN), own);
  });

  it('goes without where it only just fits', async () => {
    const room = 900_000 - 2_000 - JSON.stringify({ topic: 'news', event: newEvent('e', { data: '' }) }).length;
    assert.equal(await commit(newEvent('e', { data: 'x'.repeat(room) }), GIVEN), undefined);
    await assert.rejects(commit(newEvent('e', { data: 'x'.repeat(room + 1) }), GIVEN), { code: 'too_large' });
  });
});
