import assert from 'node:assert/strict';
import { afterEach, beforeEach, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { debugHeader, useDebugKey } from '#shared/telemetry/debug-header.ts';
import { beginInvocation, setLogRate } from '#shared/telemetry/invocation.ts';
import type { MetricName } from '#shared/telemetry/metric-table.ts';
import { collect, startMetrics, stopMetrics } from '#shared/telemetry/metrics.ts';
import { createSpans, type ReadableSpan } from '#shared/telemetry/otel-client.ts';
import { forgetRecent, keepRecent, recent } from '#shared/telemetry/recent.ts';
import { currentScope } from '#shared/telemetry/scope.ts';
import { useSpans } from '#shared/telemetry/spans.ts';
import { createTraceRate } from '#shared/telemetry/trace-rate.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { createRecordingQueue, createTestStore, type Instance, putDomain, putLink, start } from './rig.ts';

const KEY = 'k'.repeat(32);
const CALLER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** One with the link /a and a queue that keeps what it gets. */
async function aRig(env: Record<string, string> = {}) {
  const store = createTestStore();
  await putDomain(store, aDomain());
  await putLink(store, aLink());
  const queue = createRecordingQueue();
  return { store, queue, instance: await start({ store, queue, env }) };
}

/** Records so many new traces a second. */
function recordSpans(perSecond: number): ReadableSpan[] {
  const ended: ReadableSpan[] = [];
  const clock = { mono: () => 0 };
  const rate = createTraceRate(perSecond, clock);
  // A clock that stands still fills no bucket again.
  const due = () => rate.due(0);
  useSpans(
    createSpans({
      resource: {},
      version: '',
      rate: { ...rate, due },
      onBegin: () => undefined,
      onEnd: (span) => ended.push(span),
    }),
  );
  return ended;
}

function counted(name: MetricName): Record<string, number> {
  const series = collect().find((metric) => metric.name === name)?.series ?? [];
  return Object.fromEntries(
    series.map(({ labels, value, buckets }) => [
      labels.join(' '),
      buckets ? buckets.reduce((sum, n) => sum + n, 0) : value,
    ]),
  );
}

const requestLines = ({ log }: Instance) => log.lines.filter(({ kind }) => kind === 'request');

beforeEach(() => setLogRate(0));
afterEach(() => {
  stopMetrics();
  useSpans(undefined);
  useDebugKey(undefined);
  setLogRate(Number.POSITIVE_INFINITY);
});

it('measures each request by what came of it and whether it was known', async () => {
  startMetrics(0);
  const { store, queue, instance } = await aRig();
  await using _ = instance;
  for (const path of ['/a', '/a', '/a', '/nothing', '/robots.txt', '/%zz']) await instance.ask(path);
  await instance.ask('/a', { method: 'POST' });
  store.before = () => Promise.reject(new AppError('unavailable', 'the store is away'));
  await instance.ask('/b');
  await instance.ask('/', { host: 'other.example' });
  assert.deepEqual(counted('hawker.redirect.duration'), {
    'redirected miss': 1,
    'redirected hit': 2,
    'not_found miss': 1,
    'reserved miss': 1,
    'refused miss': 1,
    'refused hit': 1,
    'unavailable miss': 2,
  });
  const hits = { human: 3, bot: 0, preview: 0, prefetch: 0, head: 0, scanner: 0 };
  assert.deepEqual(counted('hawker.redirect.hits'), hits);
  assert.deepEqual(counted('hawker.redirect.hits.held'), { '': 0 });
  queue.instead = () => Promise.reject(new AppError('invalid', 'never'));
  await instance.ask('/a', { method: 'HEAD' });
  assert.deepEqual(counted('hawker.redirect.hits'), { ...hits, head: 1 });
  assert.deepEqual(counted('hawker.redirect.hits.lost'), { '': 1 });
});

it('writes the lines of failures always, of others so many a second, and says how many were left out', async () => {
  const { store, instance } = await aRig();
  await using _ = instance;
  for (let i = 0; i < 5; i++) await instance.ask('/a?token=1');
  assert.deepEqual(requestLines(instance), []);
  store.before = () => Promise.reject(new AppError('unavailable', 'the store is away'));
  await instance.ask('/b?token=1');
  store.before = () => Promise.reject(new Error('a bug'));
  await instance.ask('/c');
  const [away, bug, ...more] = requestLines(instance);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [away, bug].map((line) => [line?.['severity'], line?.['outcome'], line?.['path']]),
    [
      ['WARNING', 'unavailable', '/b'],
      ['ERROR', 'failed', '/c'],
    ],
  );
  assert.ok(Number(away?.['leftOut']) >= 5);
  setLogRate(1_000);
  await instance.ask('/a?token=1', { headers: { 'x-forwarded-for': '203.0.113.7' } });
  const line = requestLines(instance).at(-1);
  assert.deepEqual(
    [line?.['message'], line?.['host'], line?.['path'], line?.['cache'], line?.['label']],
    ['GET go.example/a 302', 'go.example', '/a', 'hit', 'human'],
  );
  assert.doesNotMatch(JSON.stringify(instance.log.lines), /token|127\.0\.0\.1|203\.0\.113/);
});

it('records some requests, whose hits carry the trace on, and no others', async () => {
  const spans = recordSpans(2);
  startMetrics(0);
  const { queue, instance } = await aRig();
  await using _ = instance;
  await instance.ask('/a', { headers: { traceparent: CALLER } });
  await instance.ask('/a?token=1');
  for (let i = 0; i < 5; i++) await instance.ask('/a', { headers: { traceparent: CALLER } });
  assert.equal(spans.length, 2);
  assert.deepEqual(
    spans.map(({ name, kind, attributes }) => [
      name,
      kind,
      attributes['http.response.status_code'],
      attributes['server.address'],
      attributes['url.path'],
      attributes['hawker.cache'],
    ]),
    [
      ['GET', 1, 302, 'go.example', '/a', 'miss'],
      ['GET', 1, 302, 'go.example', '/a', 'hit'],
    ],
  );
  assert.equal(spans[0]?.spanContext().traceId, CALLER.slice(3, 35));
  assert.doesNotMatch(JSON.stringify(spans.map(({ attributes }) => attributes)), /token/);
  const traceparents = queue.events.map(({ attributes }) => attributes?.['traceparent']);
  const own = spans.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`);
  assert.deepEqual(traceparents, [...own, undefined, undefined, undefined, undefined, undefined]);
  const exemplars = collect()
    .find(({ name }) => name === 'hawker.redirect.duration')
    ?.series.flatMap((series) => series.exemplars ?? [])
    .filter((exemplar) => exemplar !== undefined);
  assert.deepEqual(new Set(exemplars?.map(({ spanId }) => spanId)), new Set(spans.map((s) => s.spanContext().spanId)));
});

it('believes a caller that does not record, and nobody who claims to beyond the rate', async () => {
  const spans = recordSpans(1);
  const { queue, instance } = await aRig();
  await using _ = instance;
  const unsampled = CALLER.replace(/01$/, '00');
  for (const path of ['/a', '/a', '/nothing']) await instance.ask(path, { headers: { traceparent: unsampled } });
  assert.equal(spans.length, 0);
  await instance.ask('/a', { headers: { traceparent: CALLER } });
  for (let i = 0; i < 5; i++) await instance.ask(`/a/${i}`, { headers: { traceparent: CALLER } });
  assert.equal(spans.length, 1);
  assert.equal(queue.events.filter(({ attributes }) => attributes?.['traceparent']?.endsWith('-01')).length, 1);
});

it('tells all of a request that is debugged, whatever the rates', async () => {
  const spans = recordSpans(0);
  useDebugKey(KEY);
  const { instance } = await aRig();
  await using _ = instance;
  const good = { 'x-hawker-debug': debugHeader(KEY, Math.floor(Date.now() / 1000) + 60) };
  await instance.ask('/a');
  await instance.ask('/a', { headers: { 'x-hawker-debug': debugHeader('x'.repeat(32), 4_000_000_000) } });
  assert.deepEqual([spans.length, requestLines(instance).length], [0, 0]);
  assert.equal((await instance.ask('/a')).headers['x-hawker-debug'], undefined);
  for (const [path, status] of [
    ['/a', 302],
    ['/nothing', 404],
  ] as const) {
    const answer = await instance.ask(path, { headers: good });
    assert.deepEqual([answer.status, answer.headers['x-hawker-debug']], [status, 'on']);
  }
  assert.deepEqual([spans.length, requestLines(instance).length], [2, 2]);
  const [line = {}] = requestLines(instance);
  assert.equal(line['debug'], true);
  assert.equal((line['httpRequest'] as { requestUrl: string }).requestUrl, 'go.example/a');
  assert.ok((line['headers'] as string[]).includes('x-hawker-debug'));
});

it('names host and path of those that ended lately, without the query', async () => {
  const { instance } = await aRig();
  await using _ = instance;
  keepRecent();
  await instance.ask('/nothing?token=1');
  const [one] = recent().invocations;
  forgetRecent();
  assert.deepEqual([one?.name, one?.address, one?.status], ['GET', 'go.example/nothing', 404]);
});

for (const [path, status] of [
  ['/a', 302],
  ['/nothing', 404],
  ['/%zz', 400],
] as const)
  it(`on Cloud Run ends the span of a recorded ${status} before its answer, so that it can be sent`, async () => {
    const spans = recordSpans(1);
    const { instance } = await aRig({ K_SERVICE: 'redirects' });
    await using _ = instance;
    const answered = await instance.ask(path);
    assert.deepEqual([answered.status, spans.length], [status, 1], 'it had ended when the answer did');
    const again = await instance.ask(path);
    assert.deepEqual([again.status, again.body], [answered.status, answered.body], 'which is whole');
  });

it("takes reads that a request waits for as its steps, and those behind its back as nobody's", async () => {
  const store = createTestStore();
  await putDomain(store, aDomain());
  await putLink(store, aLink());
  const clock = createFakeClock();
  await using instance = await start({ store, clock });
  recordSpans(100);
  let within: boolean[] = [];
  store.before = async (collection) => {
    if (/^(?:domain|link)/.test(collection)) within.push(currentScope() !== undefined);
  };
  for (const [passed, path, expected] of [
    [0, '/a', [true, true, true]],
    [150, '/a', [false]],
    [10_000, '/a', [true]],
    [0, '/b', [true]],
  ] as const) {
    await clock.advance(passed);
    within = [];
    await instance.ask(path);
    assert.deepEqual(within, expected, `${passed} ms later ${path}`);
  }
});

it('does not let what is not recorded here claim to be', () => {
  const parent = { traceId: CALLER.slice(3, 35), spanId: CALLER.slice(36, 52), sampled: true };
  const begin = () => beginInvocation({ kind: 'request', name: 'GET', log: createKeptLog(), parent }).scope;
  assert.equal(begin().trace?.sampled, true, 'passed on as it came where nothing is recorded');
  recordSpans(0);
  assert.deepEqual([begin().span, begin().trace], [undefined, { ...parent, sampled: false }]);
});
