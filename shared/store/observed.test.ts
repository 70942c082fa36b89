import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { beginInvocation } from '../telemetry/invocation.ts';
import { collect, startMetrics, stopMetrics } from '../telemetry/metrics.ts';
import { createSpans, type ReadableSpan } from '../telemetry/otel-client.ts';
import { useSpans } from '../telemetry/spans.ts';
import { createTraceRate } from '../telemetry/trace-rate.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { withShorthands } from './index.ts';
import { createMemoryDriver } from './memory.ts';
import { observedStore } from './observed.ts';
import { storeContract } from './store.contract.ts';

afterEach(() => {
  useSpans(undefined);
  stopMetrics();
});

storeContract({
  name: 'memory, observed',
  open: async () => withShorthands(observedStore(createMemoryDriver(), 'memory')),
  lossy: 'no answer crosses a network',
});

/** What the store's calls are seen as. */
async function seen(work: (store: ReturnType<typeof withShorthands>) => Promise<unknown>): Promise<ReadableSpan[]> {
  const ended: ReadableSpan[] = [];
  const rate = createTraceRate(10, systemClock);
  useSpans(
    createSpans({ resource: {}, version: '1', rate, onBegin: () => undefined, onEnd: (span) => ended.push(span) }),
  );
  const invocation = beginInvocation({ kind: 'request', name: 'GET', log: createKeptLog() });
  const store = withShorthands(observedStore(createMemoryDriver(), 'memory'));
  await invocation.run(() => work(store));
  return ended;
}

describe('a store that is observed', () => {
  it('tells what is done to which collection, and no id', async () => {
    const spans = await seen(async (store) => {
      await store.create('links', 'secret-slug', { a: 1 });
      await store.get('links', 'secret-slug');
      await store.getMany('links', ['secret-slug', 'other']);
      await store.list('links', { prefix: 'secret', limit: 10 });
      await store.commit([
        { op: 'create', collection: 'links', id: 'secret-2', value: {} },
        { op: 'create', collection: 'outbox', id: 'x', value: {} },
      ]);
    });
    const common = { 'db.system.name': 'memory', 'db.collection.name': 'links' };
    assert.deepEqual(
      spans.map(({ name, kind, attributes }) => [name, kind, { ...attributes }]),
      [
        ['store.commit', 2, { ...common, 'db.operation.name': 'commit' }],
        ['store.get', 2, { ...common, 'db.operation.name': 'get' }],
        ['store.get', 2, { ...common, 'db.operation.name': 'get', 'db.operation.batch.size': 2 }],
        ['store.list', 2, { ...common, 'db.operation.name': 'list', 'db.response.returned_rows': 1 }],
        [
          'store.commit',
          2,
          { 'db.system.name': 'memory', 'db.operation.name': 'commit', 'db.operation.batch.size': 2 },
        ],
      ],
    );
    assert.doesNotMatch(JSON.stringify(spans.map(({ name, attributes }) => [name, attributes])), /secret/);
  });

  it('takes a conflict for an answer, and all else for a failure', async () => {
    const spans = await seen(async (store) => {
      await store.create('links', 'a', {});
      await assert.rejects(store.create('links', 'a', {}), { code: 'conflict' });
      await assert.rejects(store.get('links', 'a/b'), AppError);
    });
    assert.deepEqual(
      spans.map(({ status }) => status),
      [{ code: 0 }, { code: 0 }, { code: 2, message: 'invalid' }],
    );
  });

  it('is measured outside invocations too', async () => {
    startMetrics(0);
    const store = withShorthands(observedStore(createMemoryDriver(), 'sqlite'));
    await store.get('links', 'a');
    const metric = collect().find(({ name }) => name === 'db.client.operation.duration');
    assert.deepEqual(
      metric?.series.map(({ labels }) => labels),
      [['sqlite', 'get', 'links', '']],
    );
  });
});
