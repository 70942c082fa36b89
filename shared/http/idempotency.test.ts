import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, type ErrorCode, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createIdempotency } from './idempotency.ts';

const HOUR = 3_600_000;

function setUp() {
  const store = withShorthands(createMemoryDriver());
  const clock = createFakeClock();
  const idempotency = createIdempotency({ store, clock, ids: systemIds, log: createKeptLog() });
  let runs = 0;
  const made = () => Promise.resolve(Response.json({ run: ++runs }, { status: 201, headers: { Location: '/made' } }));
  const send = (
    given: {
      key?: string;
      caller?: string;
      body?: string;
      omit?: string[];
      path?: string;
      headers?: Record<string, string>;
    },
    work: () => Promise<Response> = made,
  ) =>
    idempotency(
      {
        key: given.key ?? 'k',
        caller: given.caller ?? 'c',
        request: new Request(`http://x.example${given.path ?? '/v1'}`, {
          method: 'POST',
          headers: given.headers ?? {},
        }),
        bytes: Buffer.from(given.body ?? 'body'),
        omit: given.omit ?? [],
      },
      work,
    );
  return { store, clock, idempotency, send, runs: () => runs };
}

const refuses = (code: ErrorCode) => (error: unknown) => isAppError(error, code);

describe('an idempotency key', () => {
  it('gives the recorded answer again and works once', async () => {
    const { send, runs } = setUp();
    assert.equal((await send({})).headers.get('Idempotency-Replayed'), null);
    const again = await send({});
    assert.equal(again.status, 201);
    assert.equal(again.headers.get('Location'), '/made');
    assert.equal(again.headers.get('Idempotency-Replayed'), 'true');
    assert.deepEqual(await again.json(), { run: 1 });
    assert.equal(runs(), 1);
  });

  it('is refused for another request, whatever differs', async () => {
    const { send } = setUp();
    await send({});
    await assert.rejects(send({ body: 'other' }), refuses('idempotency_key_reused'));
    await assert.rejects(send({ path: '/v2' }), refuses('idempotency_key_reused'));
    await assert.rejects(send({ path: '/v1?x=1' }), refuses('idempotency_key_reused'));
    for (const name of ['If-Match', 'If-None-Match'])
      await assert.rejects(send({ headers: { [name]: '*' } }), refuses('idempotency_key_reused'));
  });

  it("is each caller's own", async () => {
    const { send, runs } = setUp();
    await send({ caller: 'a' });
    await send({ caller: 'b' });
    await send({ caller: 'a|k', key: 'x' });
    await send({ caller: 'a', key: 'k|x' });
    assert.equal(runs(), 4);
  });

  it('lets one of several requests at once work and tells the others to come back', async () => {
    const { send, runs } = setUp();
    const settled = await Promise.allSettled(Array.from({ length: 5 }, () => send({})));
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of settled)
      if (result.status === 'rejected') assert.ok(isAppError(result.reason, 'request_in_progress'));
    assert.equal(runs(), 1);
  });

  it('is forgotten after a day', async () => {
    const { send, clock, runs } = setUp();
    await send({});
    await clock.advance(24 * HOUR - 1);
    await send({});
    assert.equal(runs(), 1);
    await clock.advance(1);
    await send({ body: 'other' });
    assert.equal(runs(), 2);
  });

  it('is taken over, by one request, from a process that died while working', async () => {
    const { send, clock, runs } = setUp();
    void send({}, () => new Promise<never>(() => {}));
    await new Promise(setImmediate);
    await clock.advance(119_999);
    await assert.rejects(send({}), refuses('request_in_progress'));
    await clock.advance(1);
    const settled = await Promise.allSettled([send({}), send({})]);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal(runs(), 1);
  });

  it('still answers a request whose record was taken over meanwhile', async () => {
    const { send, clock } = setUp();
    let finish: (answer: Response) => void = () => {};
    const slow = send({}, () => new Promise((resolve) => (finish = resolve)));
    await new Promise(setImmediate);
    await clock.advance(120_000);
    await send({});
    finish(new Response('late'));
    assert.equal(await (await slow).text(), 'late');
    assert.deepEqual(await (await send({})).json(), { run: 1 });
  });

  it('keeps a refusal that another try would not change', async () => {
    const { send, runs } = setUp();
    const refuse = () =>
      Promise.reject(new AppError('already_exists', 'taken', { errors: [{ pointer: '/slug', detail: 'is taken' }] }));
    await assert.rejects(send({}, refuse), refuses('already_exists'));
    await assert.rejects(send({}), (error) => {
      assert.ok(isAppError(error, 'already_exists'));
      assert.deepEqual((error as AppError).errors, [{ pointer: '/slug', detail: 'is taken' }]);
      return true;
    });
    assert.equal(runs(), 0);
  });

  it('keeps no answer that invites another try', async () => {
    const { send, runs } = setUp();
    const passing: ErrorCode[] = ['unavailable', 'conflict', 'google_unauthenticated'];
    for (const error of [...passing.map((code) => new AppError(code, '')), new Error('bug')])
      await assert.rejects(
        send({}, () => Promise.reject(error)),
        (thrown) => thrown === error,
      );
    await send({});
    assert.equal(runs(), 1);
  });

  it('leaves out of the record what is shown once', async () => {
    const { send, store } = setUp();
    const secret = () => Promise.resolve(Response.json({ id: 'i', key: 'the secret' }, { status: 201 }));
    assert.deepEqual(await (await send({ omit: ['key'] }, secret)).json(), { id: 'i', key: 'the secret' });
    assert.deepEqual(await (await send({ omit: ['key'] }, secret)).json(), { id: 'i' });
    const { docs } = await store.list('idempotency', { limit: 10 });
    assert.doesNotMatch(JSON.stringify(docs), /the secret/);
  });

  it('repeats an empty answer', async () => {
    const { send } = setUp();
    const nothing = () => Promise.resolve(new Response(null, { status: 204 }));
    await send({}, nothing);
    assert.equal((await send({}, nothing)).status, 204);
  });

  it('must be visible ASCII of a bounded length', async () => {
    const { send } = setUp();
    for (const key of ['', 'a b', 'ä', 'x'.repeat(256)]) await assert.rejects(send({ key }), refuses('bad_request'));
    await send({ key: 'x'.repeat(255) });
    await send({ key: '../%/|"' });
  });
});
