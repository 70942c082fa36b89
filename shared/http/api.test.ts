import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { type Api, createApi } from './api.ts';
import { createApp } from './app.ts';
import type { Caller } from './callers.ts';

function setUp(caller: Caller, add: (api: Api) => void) {
  const app = createApp({ log: createKeptLog(), clock: createFakeClock(), ids: systemIds });
  const api = createApi({
    app,
    title: 'T',
    about: 'A',
    prefix: '/t',
    authenticate: async () => caller,
    idempotency: (_attempt, work) => work(),
  });
  add(api);
  return async (path: string, init?: RequestInit) => {
    const answer = await app.request(path, init);
    const text = await answer.text();
    return { status: answer.status, body: JSON.parse(text || 'null') as ReturnType<typeof JSON.parse> };
  };
}

const things = (api: Api) => {
  api.route(
    {
      method: 'put',
      path: '/things/:name',
      operationId: 'putThing',
      summary: '',
      role: 'editor',
      params: z.strictObject({ name: z.string().max(20) }),
      query: z.strictObject({ mode: z.enum(['a', 'b']).optional() }),
      body: z.strictObject({ count: z.int(), 'a/b~c': z.array(z.string()).default([]) }),
      answers: { 200: { about: '' } },
    },
    ({ params, query, body }) => Response.json({ params, query, body }),
  );
  api.route(
    {
      method: 'post',
      path: '/text',
      operationId: 'postText',
      summary: '',
      role: 'viewer',
      text: { maxBytes: 10, types: ['text/plain'] },
      answers: { 200: { about: '' } },
    },
    ({ text }) => Response.json({ text }),
  );
};

const put = (body: NonNullable<RequestInit['body']>, type = 'application/json'): RequestInit => ({
  method: 'PUT',
  body,
  headers: { 'Content-Type': type },
});

describe('a route', () => {
  const ask = setUp({ id: 'x', role: 'editor' }, things);

  it('gets path, query and body as their schemas made them', async () => {
    const { status, body } = await ask('/things/a%2Fb?mode=b', put('{"count":1}'));
    assert.equal(status, 200);
    assert.deepEqual(body, { params: { name: 'a/b' }, query: { mode: 'b' }, body: { count: 1, 'a/b~c': [] } });
  });

  it('decodes a path parameter once', async () => {
    assert.equal((await ask('/things/a%252Fb', put('{"count":1}'))).body.params.name, 'a%2Fb');
    assert.equal((await ask('/things/%25', put('{"count":1}'))).body.params.name, '%');
  });

  it('answers 400 for an address that is not UTF-8', async () => {
    for (const path of ['/things/%ff', '/things/%zz']) {
      const { status, body } = await ask(path, put('{"count":1}'));
      assert.deepEqual([status, body.code], [400, 'bad_request'], path);
    }
  });

  it('names every offending place in the body, unknown fields among them', async () => {
    const { status, body } = await ask('/things/a', put('{"count":"1","a/b~c":["x",2],"more":1,"__proto__":2}'));
    assert.equal(status, 422);
    assert.equal(body.code, 'invalid');
    assert.deepEqual(
      body.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/count', '/a~1b~0c/1', '/more', '/__proto__'],
    );
  });

  it('names offending parameters of query and path', async () => {
    assert.equal((await ask('/things/a?mode=c', put('{}'))).body.errors[0].pointer, '?mode');
    assert.equal((await ask('/things/a?mode=a&mode=b', put('{}'))).body.errors[0].pointer, '?mode');
    assert.equal((await ask('/things/a?mdoe=a', put('{}'))).body.errors[0].pointer, '?mdoe');
    assert.equal((await ask(`/things/${'a'.repeat(21)}`, put('{}'))).body.errors[0].pointer, '{name}');
  });

  it('answers 400 for what is not JSON', async () => {
    for (const text of ['{', '', 'NaN', Buffer.from([0x22, 0xff, 0x22])]) {
      const { status, body } = await ask('/things/a', put(text));
      assert.deepEqual([status, body.code], [400, 'bad_request']);
    }
  });

  it('answers 415 for another kind of body, and takes any JSON kind', async () => {
    const { status, body } = await ask('/things/a', put('count=1', 'application/x-www-form-urlencoded'));
    assert.deepEqual([status, body.code], [415, 'unsupported_media_type']);
    assert.equal(
      (await ask('/things/a', put('{"count":1}', 'application/merge-patch+json; charset=utf-8'))).status,
      200,
    );
  });

  it('checks an absent body against the schema', async () => {
    assert.equal((await ask('/things/a', { method: 'PUT' })).status, 422);
  });

  it('refuses a body over the limit, announced or not', async () => {
    const long = ' '.repeat(1024 * 1024);
    assert.equal((await ask('/things/a', put(`${long}{"count":1}`))).status, 413);
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(64 * 1024, 32)),
    });
    const endless = { ...put(stream), duplex: 'half' } as RequestInit;
    assert.equal((await ask('/things/a', endless)).status, 413);
    assert.equal((await ask('/text', { method: 'POST', body: '12345678901' })).body.code, 'too_large');
  });

  it('takes text of any declared kind where it asks for text', async () => {
    const body = { method: 'POST', body: 'ä\n', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
    assert.deepEqual((await ask('/text', body)).body, { text: 'ä\n' });
    assert.equal((await ask('/text', { method: 'POST', body: Buffer.from([0xff]) })).status, 400);
  });
});

describe('who may use a route', () => {
  it('needs its role or a higher one, and is told which', async () => {
    const viewer = setUp({ id: 'x', role: 'viewer' }, things);
    const { status, body } = await viewer('/things/a', put('{"count":1}'));
    assert.equal(status, 403);
    assert.match(body.detail, /needs the role editor/);
    assert.equal((await setUp({ id: 'x', role: 'admin' }, things)('/things/a', put('{"count":1}'))).status, 200);
  });

  it('is not a caller bound to a domain, where the route does not say so', async () => {
    const bound = setUp({ id: 'x', role: 'admin', host: 'a.example' }, things);
    assert.equal((await bound('/things/a', put('{"count":1}'))).status, 403);
  });
});
