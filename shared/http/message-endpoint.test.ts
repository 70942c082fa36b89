import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { loadConfig } from '../config.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Event } from '../events/event.ts';
import { createPushVerifier, type PushIdentity, pushIdentityOf } from '../events/push-identity.ts';
import { systemIds } from '../ids.ts';
import type { EventHandler } from '../queue/queue.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createMessageEndpoint } from './message-endpoint.ts';

const PUSH = JSON.stringify({
  message: { messageId: '1', publishTime: '2026-01-01T00:00:00Z', data: Buffer.from('{"a":1}').toString('base64') },
  subscription: 'projects/p/subscriptions/s',
});

function endpoint(handle: EventHandler, identity: PushIdentity = 'open', clock = createFakeClock()) {
  const log = createKeptLog();
  const fetch = createMessageEndpoint(
    { handle },
    { name: 'clicks', identity, ackDeadlineMs: 10_000, log, ids: systemIds, clock },
  );
  const post = (body: string | Uint8Array<ArrayBuffer> = PUSH, init: RequestInit = {}) =>
    fetch(new Request('http://clicks.example/', { method: 'POST', body, ...init }));
  return { clock, log, fetch, post, errors: () => log.lines.filter(({ severity }) => severity === 'ERROR') };
}

const failing =
  (error: unknown): EventHandler =>
  () =>
    Promise.reject(error as Error);

describe('an endpoint for pushes', () => {
  test('hands the event to the function and acks with 204', async () => {
    const events: Event[] = [];
    const { post } = endpoint((event) => void events.push(event) as never);
    const response = await post();
    assert.equal(response.status, 204);
    assert.deepEqual(
      events.map(({ id, data }) => ({ id, data })),
      [{ id: '1', data: { a: 1 } }],
    );
  });

  test('acks an error that cannot get better, and logs it', async () => {
    const codes: ErrorCode[] = ['invalid', 'not_found', 'bad_request'];
    for (const code of codes) {
      const { post, errors } = endpoint(failing(new AppError(code, 'x')));
      assert.equal((await post()).status, 204);
      assert.equal(errors().length, 1);
    }
  });

  test('answers a retryable or unforeseen error so that the event comes again', async () => {
    const cases: [unknown, number][] = [
      [new AppError('unavailable', 'x'), 503],
      [new AppError('request_in_progress', 'x'), 409],
      [new TypeError('x'), 500],
    ];
    for (const [error, status] of cases) assert.equal((await endpoint(failing(error)).post()).status, status);
  });

  test('acks and logs what is no event: it would be none the next time', async () => {
    const { post, errors } = endpoint(async () => assert.fail('handled'));
    assert.equal((await post('{"message":5}')).status, 204);
    assert.match(String(errors()[0]?.['reason']), /message is not an object/);
  });

  test('tells each delivery in one line, and a push that came to none in the line of its request', async () => {
    for (const [error, severity, outcome] of [
      [undefined, 'INFO', 'done'],
      [new AppError('invalid', 'x'), 'ERROR', 'dropped'],
      [new AppError('unavailable', 'x'), 'WARNING', 'again'],
    ] as const) {
      const { post, log } = endpoint(async () => {
        if (error) throw error;
      });
      await post();
      assert.deepEqual(
        log.lines.map((line) => [line['kind'], line['function'], line['severity'], line['outcome'], line['requestId']]),
        [['event', 'clicks', severity, outcome, '1']],
      );
    }
    const { post, log } = endpoint(
      async () => assert.fail('handled'),
      async () => {
        throw new AppError('unauthenticated', 'not ours');
      },
    );
    await post();
    assert.deepEqual(
      log.lines.map(({ kind, message, code }) => [kind, message, code]),
      [['request', 'POST - 401', 'unauthenticated']],
    );
  });

  test('tells a fault of its own while it reads an event in the line of the request', async () => {
    const { post, log } = endpoint(async () => assert.fail('handled'), 'open', {
      ...createFakeClock(),
      now: () => Number.NaN,
    });
    assert.equal((await post()).status, 500);
    assert.deepEqual(
      log.lines.map(({ kind, severity, error }) => [kind, severity, error]),
      [['request', 'ERROR', 'RangeError: Invalid time value']],
    );
  });

  test('aborts the handler before the ack deadline and answers without waiting for it', async () => {
    let signal: AbortSignal | undefined;
    const { post, clock } = endpoint((_event, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    const response = post();
    while (clock.sleepers < 2) await new Promise(setImmediate);
    await clock.advance(9_400);
    assert.equal(signal?.aborted, false);
    await clock.advance(200);
    assert.equal(signal?.aborted, true);
    assert.equal((await response).status, 503);
  });

  test('leaves no timer behind', async () => {
    const { post, clock } = endpoint(async () => undefined);
    await post();
    assert.equal(clock.sleepers, 0);
  });

  test('takes the largest message there can be, and nothing larger than that', async () => {
    const sizes: number[] = [];
    const { post } = endpoint(async (event) => void sizes.push(String(event.data).length));
    const push = (bytes: number) =>
      JSON.stringify({
        message: {
          messageId: '1',
          publishTime: '2026-01-01T00:00:00Z',
          data: Buffer.alloc(bytes, 'a').toString('base64'),
        },
      });
    assert.equal((await post(push(10_000_000))).status, 204);
    assert.deepEqual(sizes, [10_000_000]);
    assert.equal((await post(push(10_600_000))).status, 413);
  });

  test('answers other methods with 405', async () => {
    const { fetch } = endpoint(async () => undefined);
    const response = await fetch(new Request('http://clicks.example/'));
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('Allow'), 'POST');
  });

  test('still finds the body where a framework has read it before', async (t) => {
    const events: Event[] = [];
    const { fetch } = endpoint(async (event) => void events.push(event));
    const listener = getRequestListener(fetch);
    const port = await serve(t, (request, response) => {
      void buffer(request).then((rawBody) => listener(Object.assign(request, { rawBody }), response));
    });
    assert.equal(await send(port, PUSH), 204);
    assert.deepEqual(events[0]?.data, { a: 1 });
  });
});

describe('who may push', () => {
  const refusing = createPushVerifier({
    audience: 'a',
    email: 'a@b.example',
    clock: createFakeClock(),
    keysUrl: new URL('http://127.0.0.1:1/'),
  });

  test('is asked before the body is read, and others get 401', async () => {
    const { post } = endpoint(async () => assert.fail('handled'), refusing);
    for (const headers of [
      {},
      { authorization: 'Basic eDp5' },
      { authorization: 'Bearer ' },
      { authorization: 'Bearer x.y.z' },
    ])
      assert.equal((await post('not read', { headers })).status, 401);
  });

  test('is let in', async () => {
    const asked: (string | null)[] = [];
    const { post } = endpoint(
      async () => undefined,
      async (headers) => void asked.push(headers.get('authorization')),
    );
    assert.equal((await post(PUSH, { headers: { authorization: 'Bearer ok' } })).status, 204);
    assert.deepEqual(asked, ['Bearer ok']);
  });

  test('must be set with Pub/Sub, is nobody with the embedded queue and anybody with the emulator', async () => {
    const clock = createFakeClock();
    const pubsub = { HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: 'p-12345' };
    assert.throws(() => pushIdentityOf(loadConfig(pubsub), clock), /HAWKER_PUSH_AUDIENCE and HAWKER_PUSH_EMAIL/);
    assert.equal(pushIdentityOf(loadConfig({ ...pubsub, PUBSUB_EMULATOR_HOST: 'localhost:1' }), clock), 'open');
    const set = loadConfig({
      ...pubsub,
      HAWKER_PUSH_AUDIENCE: 'a',
      HAWKER_PUSH_EMAIL: 'a@b.example',
      PUBSUB_EMULATOR_HOST: 'localhost:1',
    });
    assert.equal(typeof pushIdentityOf(set, clock), 'function');
    const { post } = endpoint(async () => assert.fail('handled'), pushIdentityOf(loadConfig({}), clock));
    assert.equal((await post()).status, 401);
  });
});

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function send(port: number, body: string): Promise<number | undefined> {
  const outgoing = httpRequest({
    port,
    host: '127.0.0.1',
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response', { signal: AbortSignal.timeout(5_000) })) as [
    import('node:http').IncomingMessage,
  ];
  response.resume();
  return response.statusCode;
}
