import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HTTPException } from 'hono/http-exception';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createApp } from './app.ts';

function setUp(timeoutMs?: number) {
  const log = createKeptLog();
  const clock = createFakeClock();
  const app = createApp({ log, clock, ids: systemIds, ...(timeoutMs !== undefined && { timeoutMs }) });
  app.get('/things/:name', (c) => c.json({ name: c.req.param('name') }));
  app.post('/things', () => new Response(null, { status: 204 }));
  app.get('/throws/app', () => {
    throw new AppError('forbidden', 'not for you', { headers: { 'X-Why': 'because' } });
  });
  app.get('/throws/http', () => {
    throw new HTTPException(413, { message: 'too much' });
  });
  app.get('/throws/error', () => {
    throw new Error('cannot read password=hunter2');
  });
  app.get('/throws/text', () => Promise.reject('text'));
  app.get('/throws/cause', () => {
    throw new AppError('unavailable', 'connect ECONNREFUSED 10.1.2.3', { cause: new Error('inner') });
  });
  const problem = async (path: string, init?: RequestInit) => {
    const answer = await app.request(path, init);
    return { answer, body: (await answer.json()) as Record<string, unknown> };
  };
  return { app, log, clock, problem };
}

describe('an app', () => {
  it('answers errors as problem+json with code, status and request id', async () => {
    const { problem } = setUp();
    const { answer, body } = await problem('/throws/app');
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get('Content-Type'), 'application/problem+json');
    assert.equal(answer.headers.get('X-Why'), 'because');
    assert.deepEqual(body, {
      type: '/problems/forbidden',
      title: 'These credentials do not allow this',
      status: 403,
      detail: 'not for you',
      code: 'forbidden',
      requestId: answer.headers.get('X-Request-Id'),
    });
  });

  it("maps the HTTP library's own refusals", async () => {
    const { problem } = setUp();
    assert.equal((await problem('/throws/http')).body['code'], 'too_large');
  });

  it('says nothing of what nobody foresaw, and logs it with its stack and the request id', async () => {
    const { problem, log } = setUp();
    const { answer, body } = await problem('/throws/error');
    assert.equal(answer.status, 500);
    assert.equal(body['code'], 'internal');
    assert.doesNotMatch(JSON.stringify(body), /hunter2/);
    const line = log.lines.find(({ severity }) => severity === 'ERROR');
    assert.match(String(line?.['stack_trace']), /cannot read[\s\S]*app\.test\.ts/);
    assert.equal(line?.['requestId'], body['requestId']);
    assert.equal(log.lines.length, 1);
    assert.doesNotMatch(JSON.stringify(log.lines), /hunter2/);
  });

  it('survives a thrown value that is no Error', async () => {
    const { problem } = setUp();
    assert.equal((await problem('/throws/text')).body['code'], 'internal');
  });

  it('keeps what lies behind a failure to the log', async () => {
    const { problem, log } = setUp();
    const { answer, body } = await problem('/throws/cause');
    assert.equal(answer.status, 503);
    assert.ok(answer.headers.has('Retry-After'));
    assert.doesNotMatch(JSON.stringify(body), /10\.1\.2\.3/);
    assert.ok(log.lines.some(({ severity, error }) => severity === 'WARNING' && /inner/.test(String(error))));
  });

  it('answers 404 where there is nothing and 405 with Allow where another method is offered', async () => {
    const { problem } = setUp();
    assert.equal((await problem('/nothing')).body['code'], 'not_found');
    const { answer, body } = await problem('/things', { method: 'PUT' });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.get('Allow'), 'POST');
    assert.equal(body['code'], 'method_not_allowed');
    assert.equal((await problem('/things/a', { method: 'DELETE' })).answer.headers.get('Allow'), 'GET, HEAD');
  });

  it('takes over a harmless request id and replaces any other', async () => {
    const { app, log } = setUp();
    const idFor = async (given: string) =>
      (await app.request('/things/a', { headers: { 'X-Request-Id': given } })).headers.get('X-Request-Id');
    assert.equal(await idFor('abc-123_=.'), 'abc-123_=.');
    for (const bad of ['a b', '"x"', 'x'.repeat(80), '<script>']) assert.notEqual(await idFor(bad), bad);
    const longest = 'x'.repeat(79);
    assert.equal(await idFor(longest), longest);
    assert.equal(log.lines.at(-1)?.['requestId'], longest, 'it is found in the log as it was answered');
  });

  it('sets safe headers and leaves those that a route set', async () => {
    const { app } = setUp();
    app.get('/page', (c) => c.html('<p>', 200, { 'Cache-Control': 'max-age=60' }));
    const { headers } = await app.request('/page');
    assert.equal(headers.get('Cache-Control'), 'max-age=60');
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
    assert.match(headers.get('Content-Security-Policy') ?? '', /default-src 'none'/);
    assert.equal((await app.request('/things/a')).headers.get('Cache-Control'), 'no-store');
  });

  it('logs one line per request with the pattern, and the path only where nothing is, without its query', async () => {
    const { app, log } = setUp();
    await app.request('/things/secret?token=secret');
    await app.request('/wp-login.php?token=secret');
    await app.request('/things/secret', { method: 'PUT' });
    await app.request(`/${'a/'.repeat(1_000)}`);
    assert.equal(log.lines.length, 4);
    const [{ message, route, outcome, httpRequest } = {}, unknown, put, long] = log.lines;
    assert.deepEqual([message, route, outcome], ['GET /things/:name 200', '/things/:name', 'ok']);
    const { latency, ...request } = httpRequest as Record<string, unknown>;
    assert.deepEqual(request, { requestMethod: 'GET', requestUrl: '/things/:name', status: 200 });
    assert.match(String(latency), /^\d+\.\d{6}s$/);
    assert.deepEqual(
      [unknown?.['message'], unknown?.['route'], unknown?.['outcome']],
      ['GET /wp-login.php 404', '-', 'refused'],
    );
    assert.equal(put?.['message'], 'PUT - 405');
    assert.ok(String(long?.['message']).length < 240);
    const urls = [unknown, long].map(
      (line) => (line?.['httpRequest'] as { requestUrl: string } | undefined)?.requestUrl,
    );
    assert.equal(urls[0], '/wp-login.php');
    assert.equal(urls[1]?.length, 200);
    assert.doesNotMatch(JSON.stringify(log.lines), /secret/);
  });

  it('answers 503 when a handler takes too long', async () => {
    const { app, clock } = setUp(1_000);
    app.get('/slow', () => new Promise<never>(() => {}));
    const answer = app.request('/slow');
    while (clock.sleepers === 0) await new Promise(setImmediate);
    await clock.advance(1_000);
    assert.equal((await answer).status, 503);
  });

  it('leaves no timer behind', async () => {
    const { app, clock } = setUp();
    await app.request('/things/a');
    assert.equal(clock.sleepers, 0);
  });

  it('passes on the answer of an app mounted below it, which logged it', async () => {
    const outer = setUp();
    const inner = setUp();
    outer.app.mount('/inner', (request) => inner.app.fetch(request));
    const answer = await outer.app.request('/inner/things/a', { headers: { 'X-Request-Id': 'one' } });
    assert.deepEqual(await answer.json(), { name: 'a' });
    assert.equal(answer.headers.get('X-Request-Id'), 'one');
    assert.equal(inner.log.lines.length, 1);
    assert.equal(outer.log.lines.length, 0);
    const missing = await outer.app.request('/inner/things', { method: 'PUT' });
    assert.equal(missing.status, 405);
    assert.equal(missing.headers.get('Allow'), 'POST');
  });
});
