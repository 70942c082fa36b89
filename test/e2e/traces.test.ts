/** One trace from a request to everything that comes of it, as a collector gets it: by the queue, over redeliveries and dead letters, and by the outbox. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { createMigrationRuns } from '#functions/migration-runs/handler.ts';
import createMigrations from '#functions/migrations/index.ts';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { createOutbox } from '#shared/events/outbox.ts';
import { relayOutbox } from '#shared/events/outbox-relay.ts';
import { systemIds } from '#shared/ids.ts';
import { sessionsWith } from '#shared/migrations/index.ts';
import { readBundle } from '#shared/migrations/read-folder.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import { createRunner } from '#shared/migrations/runner.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { openEmbeddedQueue } from '#shared/queue/embedded.ts';
import { observedQueue } from '#shared/queue/observed.ts';
import type { SubscriptionSpec } from '#shared/queue/queue.ts';
import { openRuntime } from '#shared/runtime.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { beginInvocation } from '#shared/telemetry/invocation.ts';
import { ADMIN_KEY } from '#shared/testing/api-client.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '#shared/testing/otlp-receiver.ts';
import { startHawker, until } from '../support/hawker.ts';

guardAgainstLeaks();

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
/** Whose trace it is that a request comes from. */
const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const TRACEPARENT = `00-${CALLER.traceId}-${CALLER.spanId}-01`;

const ofCaller = ({ spans }: Pick<OtlpReceiver, 'spans'>) => spans.filter(({ traceId }) => traceId === CALLER.traceId);
const named = (spans: readonly ReceivedSpan[], name: string | RegExp) =>
  spans.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));

const inOrder = (spans: readonly ReceivedSpan[]) =>
  spans.toSorted((one, other) => (one.startNs < other.startNs ? -1 : 1));

/** That each has its parent among them, or is what the caller called. */
function assertConnected(spans: readonly ReceivedSpan[]): void {
  const ids = new Set([CALLER.spanId, ...spans.map(({ spanId }) => spanId)]);
  const loose = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId)).map(({ name }) => name);
  assert.deepEqual(loose, [], 'spans without their parents');
  assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === CALLER.spanId).length, 1, 'one was called');
}

/** What a span comes from, up to the caller, by their names. */
function pathOf(spans: readonly ReceivedSpan[], span: ReceivedSpan | undefined): string[] {
  if (!span) return [];
  return [
    span.name,
    ...pathOf(
      spans,
      spans.find(({ spanId }) => spanId === span.parentSpanId),
    ),
  ];
}

describe('a trace under npm start', { timeout: 60_000 }, () => {
  it('goes from a redirect over the queue to the commit of its counts, and from a request of the console into the store', async () => {
    await using receiver = await startOtlpReceiver();
    await using hawker = await startHawker({
      args: ['--only', 'redirects,links,clicks'],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, HAWKER_TRACE_RATE: '100' },
    });
    const domain = '/links/v1/domains/go.example.com';
    assert.equal((await hawker.ask(domain, { method: 'PUT', body: {} })).status, 201);
    const link = `${domain}/links/sale`;
    assert.equal(
      (await hawker.ask(link, { method: 'PUT', body: { target: 'https://shop.example/?a=secret' } })).status,
      201,
    );
    const headers = { 'User-Agent': BROWSER, traceparent: TRACEPARENT };
    assert.equal((await hawker.ask('/sale?token=secret', { host: 'go.example.com', headers })).status, 302);

    const counted = () =>
      named(
        named(ofCaller(receiver), 'clicks').flatMap((clicks) => below(receiver, clicks)),
        'store.commit',
      );
    await receiver.until(() => counted().length > 0);
    const spans = ofCaller(receiver);
    assertConnected(spans);
    const [commit] = counted();
    assert.match(pathOf(spans, commit).join(' < '), /^store\.commit < .*\bclicks < .*\bGET$/);
    assert.equal(commit?.attributes['db.system.name'], 'sqlite');
    assert.equal(commit.resource['service.name'], 'hawker');

    await receiver.until(() => named(receiver.spans, /^PUT/).length >= 2);
    const put = named(receiver.spans, /^PUT/).at(-1);
    assert.ok(put && below(receiver, put).some(({ name }) => name === 'store.commit'));
    assert.equal(await hawker.stop(), 0, hawker.output());
    assert.ok(receiver.metrics.length > 0, 'the last numbers are sent at the end');
    const all = JSON.stringify(receiver.spans, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    assert.doesNotMatch(all, /secret/, 'no query string, and no target');
    assert.doesNotMatch(all, new RegExp(ADMIN_KEY));
  });

  it('is nobody’s worry where the collector is away: requests are answered, and the end comes in time', async () => {
    const gone = await startOtlpReceiver();
    await gone[Symbol.asyncDispose]();
    await using hawker = await startHawker({
      args: ['--only', 'links'],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: gone.url },
    });
    for (let i = 0; i < 20; i++) assert.equal((await hawker.ask('/links/v1/domains')).status, 200);
    assert.equal(await hawker.stop(), 0, hawker.output());
    assert.equal(hawker.output().split('traces cannot be sent').length, 2, 'it is told once');
  });
});

/** All spans that come from this one. */
function below({ spans }: Pick<OtlpReceiver, 'spans'>, { spanId }: ReceivedSpan): ReceivedSpan[] {
  const own = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
  return own.flatMap((span) => [span, ...below({ spans }, span)]);
}

/** A process that sends its spans to a collector, with a queue that is in no hurry to give up and in one to try again. */
async function start(
  t: TestContext,
  receiver: OtlpReceiver,
  subscriptions: readonly SubscriptionSpec[],
  env: Record<string, string> = {},
) {
  const data = mkdtempSync(join(tmpdir(), 'hawker-traces-'));
  const config = loadConfig({
    ...{ HAWKER_DATA: data, HAWKER_ADMIN_KEY: ADMIN_KEY, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    ...Object.fromEntries(Object.entries(env).map(([name, file]) => [name, join(data, file)])),
  });
  const log = createKeptLog();
  const common = { clock: systemClock, ids: systemIds, log };
  const opened = await openRuntime({ ...common, config, subscriptions, prefix: '', name: 'hawker' });
  const database = openDatabase(join(data, 'hawker.db'));
  const timing = { backoffBaseMs: 1, backoffMaxMs: 5, pollMs: 5 };
  const queue = observedQueue(openEmbeddedQueue({ ...common, database, subscriptions, timing }), 'hawker_embedded');
  t.after(async () => {
    await queue.close(1_000);
    database.close();
    await opened.close(1_000);
    rmSync(data, { recursive: true, force: true });
  });
  /** Work that a request of the caller's does. */
  const request = async (work: () => Promise<unknown>) => {
    const parent = { ...CALLER, sampled: true };
    const invocation = beginInvocation({ kind: 'request', name: 'POST /things', log, parent });
    await invocation.run(work);
    invocation.end({ outcome: 'ok', severity: 'INFO' });
  };
  return { data, runtime: { ...opened, queue }, queue, request };
}

const SPEC: SubscriptionSpec = {
  ...{ name: 'listeners', topic: 'news', concurrency: 10, ackDeadlineMs: 30_000, maxAttempts: 5 },
};
const event = (): NewEvent => ({
  ...{ id: systemIds.unique(), source: '/test', type: 'news', time: '2026-01-01T00:00:00Z', data: null },
});

describe('a trace of a function', { timeout: 60_000 }, () => {
  it('goes on through failed deliveries and dead letters, to the one that is done when they are driven anew', async (t) => {
    await using receiver = await startOtlpReceiver();
    const { queue, runtime, request } = await start(t, receiver, [SPEC]);
    let healed = false;
    const done = Promise.withResolvers<void>();
    queue.consume(SPEC, async () => {
      await runtime.store.get('things', 'one');
      if (!healed) throw new AppError('unavailable', 'not yet');
      done.resolve();
    });
    await request(() => queue.publish('news', event()));
    const dead = await until(
      () => queue.deadLetters('listeners', { newest: 10 }),
      ({ length }) => length > 0,
    );
    healed = true;
    // Whoever drives it anew has a trace of their own, or none.
    assert.equal((await queue.redrive('listeners', { ids: dead.map(({ id }) => id) })).length, 1);
    await done.promise;
    await receiver.until(() => named(ofCaller(receiver), 'listeners').length === 6);
    const spans = ofCaller(receiver);
    assertConnected(spans);
    const deliveries = inOrder(named(spans, 'listeners'));
    assert.deepEqual(
      deliveries.map(({ status }) => status),
      [2, 2, 2, 2, 2, 0],
    );
    for (const delivery of deliveries) {
      assert.deepEqual(pathOf(spans, delivery), ['listeners', 'publish news', 'POST /things']);
      assert.equal(delivery.kind, 5);
      assert.deepEqual(
        below(receiver, delivery).map(({ name }) => name),
        ['store.get'],
      );
    }
  });

  it('goes from a commit by the outbox and its relay to whoever listens, and the relay’s own points to it', async (t) => {
    await using receiver = await startOtlpReceiver();
    const { queue, runtime, request } = await start(t, receiver, [SPEC]);
    const heard = Promise.withResolvers<void>();
    queue.consume(SPEC, async () => heard.resolve());
    const outbox = createOutbox(runtime);
    await request(() => outbox.commit([], [{ topic: 'news', event: event(), orderingKey: 'k' }]));
    const relay = beginInvocation({ kind: 'firing', name: 'outbox-relay', log: runtime.log, debug: true });
    const held = await (await runtime.leases()).lease('test').acquire({ wait: 5_000 });
    await relay.run(() => relayOutbox({ ...runtime, held, signal: held.signal }));
    await held.release();
    relay.end({ outcome: 'done', severity: 'INFO' });
    await heard.promise;
    await receiver.until(
      () => named(ofCaller(receiver), 'listeners').length === 1 && named(receiver.spans, 'outbox-relay').length === 1,
    );
    const spans = ofCaller(receiver);
    assertConnected(spans);
    assert.deepEqual(pathOf(spans, named(spans, 'listeners')[0]), ['listeners', 'POST /things']);
    const [publication] = named(receiver.spans, 'publish news');
    assert.equal(publication?.traceId, named(receiver.spans, 'outbox-relay')[0]?.traceId);
    assert.deepEqual(
      publication?.links.map(({ traceId }) => traceId),
      [CALLER.traceId],
    );
  });

  it('of a request for migrations holds every part of the run, however often it is handed on', async (t) => {
    await using receiver = await startOtlpReceiver();
    const subscriptions = subscriptionsOf(MANIFEST);
    const { data, runtime, queue } = await start(t, receiver, subscriptions, { HAWKER_DATABASES: 'targets.json' });
    mkdirSync(join(data, 'files'));
    for (let n = 1; n <= 5; n++)
      writeFileSync(join(data, 'files', `${n}_step.up.sql`), `CREATE TABLE t${n} (id INTEGER PRIMARY KEY);`);
    const target = { name: 'db', kind: 'sqlite', folder: 'files', address: { path: 'db.sqlite' } };
    writeFileSync(join(data, 'targets.json'), JSON.stringify({ targets: [target] }));

    const http = await createMigrations(runtime);
    assert.ok(http.kind === 'http');
    const runs = createRuns(runtime);
    const targets = () => readTargets(runtime.config);
    const runner = createRunner({ ...runtime, openSession: sessionsWith(runtime), readBundle, targets, runs });
    // So little time that each delivery makes one step, the least it may.
    const hasty: typeof runner.run = (id, options) => runner.run(id, { ...options, budgetMs: 1 });
    const rollouts = { advance: () => Promise.reject(new Error('there is none')) };
    const handle = createMigrationRuns({ runs, runner: { run: hasty }, rollouts });
    const subscription = subscriptions.find(({ name }) => name === 'migration-runs');
    assert.ok(subscription);
    queue.consume(subscription, handle);

    const answer = await http.fetch(
      new Request('http://localhost/v1/targets/db/runs', {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', traceparent: TRACEPARENT },
        body: JSON.stringify({ command: 'up' }),
      }),
    );
    assert.equal(answer.status, 202, await answer.clone().text());
    const { id } = (await answer.json()) as { id: string };
    const ended = await until(
      () => runs.get(id),
      (doc) => doc !== undefined && doc.state === 'done',
    );
    assert.ok((ended?.seq ?? 0) >= 3, `handed on ${ended?.seq} times`);
    const parts = (ended?.seq ?? 0) + 1;
    await receiver.until(() => named(ofCaller(receiver), 'migration-runs').length === parts);
    const spans = ofCaller(receiver);
    assertConnected(spans);
    const last = inOrder(named(spans, 'migration-runs')).at(-1);
    const path = pathOf(spans, last);
    assert.equal(path.filter((name) => name === 'migration-runs').length, parts, 'each is below the one before');
    assert.match(path.at(-1) ?? '', /^POST/);
  });
});
