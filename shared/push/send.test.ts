import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { PushTarget } from '../bus/alerts.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { type FakePushService, startFakePushService } from '../testing/fake-push-service.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createPushKeys } from './keys.ts';
import { createSendPush } from './send.ts';

guardAgainstLeaks();

const clock = createFakeClock();
const keys = createPushKeys({ store: withShorthands(createMemoryDriver()), ids: systemIds, clock });

let service: FakePushService;

const send = (target: PushTarget, services = [service.host], signal?: AbortSignal) =>
  createSendPush({ keys, contact: 'mailto:ops@hawker.test', services, clock })(
    { target, text: JSON.stringify({ title: '该出发了' }), ttl: 90, topic: 'a-topic' },
    signal,
  );

/** What is thrown, and that nothing of it tells the endpoint. */
async function thrown(sending: Promise<unknown>, { endpoint }: PushTarget): Promise<AppError> {
  const error = await sending.then(
    () => assert.fail('it was sent'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError);
  const secret = new URL(endpoint).pathname.slice(1);
  assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(secret), 'the endpoint is not told');
  return error;
}

describe('a push message', () => {
  before(async () => {
    service = await startFakePushService({ clock });
  });
  after(() => service[Symbol.asyncDispose]());

  it('reaches its browser, encrypted for it, and signed for the push service by the keys of the store', async () => {
    const target = service.subscribe();
    assert.deepEqual(await send(target), { outcome: 'sent' });
    const pushed = service.messages.at(-1);
    assert.deepEqual(pushed, {
      endpoint: target.endpoint,
      data: { title: '该出发了' },
      ttl: 90,
      urgency: 'high',
      topic: 'a-topic',
      subject: 'mailto:ops@hawker.test',
      key: (await keys()).publicKey,
    });
    assert.deepEqual(service.refusals, []);
  });

  it('cannot be read with the keys of another browser', async () => {
    const target = service.subscribe();
    const other = service.subscribe();
    const told = service.messages.length;
    await assert.rejects(send({ ...target, keys: other.keys }), { code: 'unavailable' });
    assert.equal(service.messages.length, told);
    assert.match(service.refusals.at(-1) ?? '', /unable to authenticate/i);
  });

  it('is over where the subscription is gone, and where the push service will never take it', async () => {
    const target = service.subscribe();
    for (const status of [404, 410]) {
      service.fail({ status });
      assert.deepEqual(await send(target), { outcome: 'gone' });
    }
    for (const status of [400, 401, 403, 413]) {
      service.fail({ status });
      assert.deepEqual(await send(target), { outcome: 'refused', reason: `The push service answered ${status}` });
    }
  });

  it('follows no redirect, which could lead anywhere', async () => {
    const [target, elsewhere] = [service.subscribe(), service.subscribe()];
    const before = service.requests;
    service.fail({ status: 307, headers: { Location: elsewhere.endpoint } });
    assert.deepEqual(await send(target), { outcome: 'refused', reason: 'The push service answered 307' });
    assert.equal(service.requests, before + 1);
  });

  it('may be sent again where the push service is busy, hangs up or is not there', async () => {
    const target = service.subscribe();
    for (const status of [408, 429, 500, 503]) {
      service.fail({ status, body: target.endpoint });
      const error = await thrown(send(target), target);
      assert.deepEqual([error.code, error.message], ['unavailable', `The push service answered ${status}`]);
    }
    service.fail('hang up');
    assert.equal((await thrown(send(target), target)).code, 'unavailable');
    const gone = await startFakePushService({ clock });
    const lost = gone.subscribe();
    await gone[Symbol.asyncDispose]();
    const error = await thrown(send(lost, [gone.host]), lost);
    assert.deepEqual([error.code, error.message], ['unavailable', 'The push service cannot be reached (ECONNREFUSED)']);
  });

  it('is given up after ten seconds without an answer, and when there is no time left', async () => {
    const target = service.subscribe();
    const before = service.requests;
    service.fail('stall', 'stall');
    const slow = thrown(send(target), target);
    await service.arrived(before + 1);
    await clock.advance(10_000);
    assert.match((await slow).message, /within 10 s/);
    const ending = new AbortController();
    const cut = thrown(send(target, [service.host], ending.signal), target);
    await service.arrived(before + 2);
    ending.abort(new Error('the process must go'));
    assert.match((await cut).message, /no time left/);
    assert.equal(clock.sleepers, 0);
  });

  it('is not held up by an answer without an end', async () => {
    const target = service.subscribe();
    service.fail('endless answer');
    assert.deepEqual(await send(target), { outcome: 'sent' });
  });

  it('is refused for keys that nobody can encrypt for', async () => {
    const target = service.subscribe();
    const before = service.requests;
    for (const p256dh of ['', 'AAAA', `B${'A'.repeat(86)}`]) {
      const { outcome } = await send({ ...target, keys: { ...target.keys, p256dh } });
      assert.equal(outcome, 'refused', p256dh);
    }
    assert.equal(service.requests, before);
  });

  it('goes to no host that is not in the list', async () => {
    const target = service.subscribe();
    const before = service.requests;
    const { outcome } = await send(target, []);
    assert.equal(outcome, 'refused');
    assert.equal(service.requests, before);
  });
});
