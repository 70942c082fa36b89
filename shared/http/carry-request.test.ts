import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { debugHeader, useDebugKey } from '../telemetry/debug-header.ts';
import { setLogRate } from '../telemetry/invocation.ts';
import { collect, startMetrics, stopMetrics } from '../telemetry/metrics.ts';
import { observe } from '../telemetry/observe.ts';
import { forgetRecent, keepRecent, recent } from '../telemetry/recent.ts';
import { currentScope, note, outgoingTraceparent } from '../telemetry/scope.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createApp } from './app.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

afterEach(() => {
  forgetRecent();
  setLogRate(Number.POSITIVE_INFINITY);
  stopMetrics();
  useDebugKey(undefined);
});

function setUp(name = 'links') {
  const log = createKeptLog();
  const app = createApp({ log: log.with({ function: name }), ids: systemIds, clock: createFakeClock() });
  const sent: (string | undefined)[] = [];
  app.get('/things/:name', (c) => {
    log.info('on the way');
    sent.push(outgoingTraceparent());
    return c.json({});
  });
  app.get('/busy', () => Promise.reject(new AppError('unavailable', 'busy', { cause: new Error('inner') })));
  app.get('/broken', () => Promise.reject(new TypeError('bug')));
  app.get('/refused', () => Promise.reject(new AppError('forbidden', 'x')));
  return { app, log, sent };
}

describe('a request', () => {
  it('is part of the trace that came with it, as is what is written and sent on the way', async () => {
    const { app, log, sent } = setUp();
    await app.request('/things/a', { headers: { traceparent: TRACEPARENT, 'User-Agent': 'curl/8' } });
    assert.deepEqual(sent, [TRACEPARENT]);
    const [onTheWay, line = {}] = log.lines;
    for (const each of [onTheWay, line]) {
      assert.equal(each?.['logging.googleapis.com/trace'], TRACE);
      assert.equal(each?.['requestId'], line['requestId']);
    }
    const { userAgent } = line['httpRequest'] as Record<string, unknown>;
    assert.equal(userAgent, 'curl/8');
    assert.equal(currentScope(), undefined);
  });

  it('that failed has one line, as bad as it is, with its error', async () => {
    for (const [path, severity, outcome, code] of [
      ['/busy', 'WARNING', 'failed', 'unavailable'],
      ['/broken', 'ERROR', 'failed', 'internal'],
      ['/refused', 'INFO', 'refused', 'forbidden'],
      ['/nothing', 'INFO', 'refused', undefined],
    ] as const) {
      const { app, log } = setUp();
      await app.request(path);
      assert.equal(log.lines.length, 1);
      const [line = {}] = log.lines;
      assert.deepEqual([line['severity'], line['outcome'], line['code']], [severity, outcome, code]);
      assert.equal('error' in line, outcome === 'failed');
      assert.equal('stack_trace' in line, path === '/broken');
    }
  });

  it('is measured by its pattern and its function', async () => {
    startMetrics(0);
    const { app } = setUp();
    for (const path of ['/things/a', '/things/b', '/nothing']) await app.request(path);
    await app.request('/things/a', { method: 'BREW' });
    const [metric] = collect().filter(({ name }) => name === 'http.server.request.duration');
    const measured = (metric?.series ?? []).map(({ labels, buckets = [] }) => [
      labels.join(' ').trim(),
      buckets.reduce((sum, count) => sum + count, 0),
    ]);
    assert.deepEqual(measured, [
      ['links GET /things/:name 200', 2],
      ['links GET - 404', 1],
      ['links _OTHER - 405', 1],
    ]);
  });

  it('to what nobody has set up is no failure, and is ordinary however often it comes', async () => {
    startMetrics(0);
    keepRecent();
    const { app, log } = setUp('bus');
    const missing = new AppError('not_configured', 'LTA_ACCOUNT_KEY is missing', { cause: new Error('inner') });
    app.get('/board', () => Promise.reject(missing));
    app.get('/page', (c) => {
      note({ error: missing });
      return c.html('<p>', 503);
    });
    setLogRate(2);
    for (let n = 0; n < 50; n++) {
      assert.equal((await app.request('/board')).status, 503);
      assert.equal((await app.request('/page')).status, 503);
    }
    assert.ok(log.lines.length <= 8, `${log.lines.length} lines, in two seconds at most`);
    for (const { severity, outcome, code, error } of log.lines) {
      assert.deepEqual([severity, outcome, code], ['INFO', 'refused', 'not_configured']);
      assert.equal(error, 'AppError: LTA_ACCOUNT_KEY is missing (not_configured)\ncaused by: Error: inner');
    }
    assert.deepEqual(recent().failures, []);
    for (const path of ['/busy', '/broken', '/nothing']) await app.request(path);
    const [metric] = collect().filter(({ name }) => name === 'http.server.request.duration');
    assert.deepEqual(
      metric?.series.map(({ labels }) => labels.slice(2).join(' ')),
      [
        '/board 503 not_configured',
        '/page 503 not_configured',
        '/busy 503 unavailable',
        '/broken 500 internal',
        '- 404 ',
      ],
    );
  });

  it('to an app that is mounted in another is told once, as the inner one knows it', async () => {
    startMetrics(0);
    const [outer, inner] = [setUp('console'), setUp('links')];
    outer.app.mount('/links', (request) => inner.app.fetch(request));
    const answer = await outer.app.request('/links/things/a', { headers: { traceparent: TRACEPARENT } });
    assert.deepEqual(outer.log.lines, []);
    const [onTheWay, line, ...more] = inner.log.lines;
    assert.deepEqual(more, []);
    assert.deepEqual([line?.['message'], line?.['function']], ['GET /things/:name 200', 'links']);
    assert.equal(line?.['requestId'], answer.headers.get('X-Request-Id'));
    assert.equal(onTheWay?.['requestId'], line?.['requestId']);
    const series = collect().flatMap((metric) => metric.series);
    assert.deepEqual(
      series.map(({ labels }) => labels[0]),
      ['links'],
    );
    await outer.app.request('/nothing');
    assert.equal(outer.log.lines.length, 1);
  });

  it('is debugged where a good header asks for it', async () => {
    const key = 'k'.repeat(32);
    useDebugKey(key);
    const { app } = setUp();
    const debugged: (boolean | undefined)[] = [];
    app.get('/debugged', (c) => {
      debugged.push(currentScope()?.invocation.debug);
      return c.body(null);
    });
    const value = debugHeader(key, Math.floor(Date.now() / 1000) + 60);
    await app.request('/debugged', { headers: { 'X-Hawker-Debug': value } });
    await app.request('/debugged', {
      headers: { 'X-Hawker-Debug': value.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')) },
    });
    await app.request('/debugged');
    assert.deepEqual(debugged, [true, false, false]);
  });

  it('that is debugged tells its steps, and how it was asked, and its answer says so', async () => {
    const key = 'k'.repeat(32);
    useDebugKey(key);
    const [outer, inner] = [setUp('console'), setUp('links')];
    outer.app.mount('/links', (request) => inner.app.fetch(request));
    inner.app.get('/stepped', async (c) => {
      const labels = { 'db.system.name': 'memory', 'db.operation.name': 'get', 'db.collection.name': 'links' } as const;
      const measures = { metric: 'db.client.operation.duration', labels } as const;
      await observe({ name: 'store.get', attributes: { 'hawker.key': 'a' }, measures }, async () => undefined);
      const away = () => Promise.reject(new AppError('conflict', 'x'));
      await observe({ name: 'store.commit', isFailure: () => false }, away).catch(() => undefined);
      return c.json({});
    });
    const headers = { traceparent: TRACEPARENT, Authorization: 'Bearer hush-hush', 'Content-Type': 'text/plain' };
    const plain = await outer.app.request('/links/stepped', { headers });
    assert.equal(plain.headers.get('X-Hawker-Debug'), null);
    assert.equal(inner.log.lines.length, 1);
    const value = debugHeader(key, Math.floor(Date.now() / 1000) + 60);
    const answer = await outer.app.request('/links/stepped', { headers: { ...headers, 'X-Hawker-Debug': value } });
    assert.equal(answer.headers.get('X-Hawker-Debug'), 'on');
    const [ordinary = {}, get = {}, commit = {}, line = {}] = inner.log.lines;
    for (const step of [get, commit]) {
      assert.deepEqual([step['severity'], step['function'], step['requestId']], ['DEBUG', 'links', line['requestId']]);
      assert.equal(step['logging.googleapis.com/trace'], TRACE);
      assert.equal(typeof step['ms'], 'number');
    }
    assert.deepEqual(
      [get['message'], get['step'], get['hawker.key'], get['db.collection.name'], get['code']],
      ['step store.get', 'store.get', 'a', 'links', undefined],
    );
    assert.deepEqual([commit['step'], commit['code']], ['store.commit', 'conflict']);
    assert.deepEqual([line['debug'], line['contentType'], ordinary['debug']], [true, 'text/plain', undefined]);
    assert.deepEqual(line['headers'], ['authorization', 'content-type', 'traceparent', 'x-hawker-debug']);
    assert.doesNotMatch(JSON.stringify(inner.log.lines), new RegExp(`hush|${value.slice(11)}`));
  });
});
