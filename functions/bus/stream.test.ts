import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { readEvents } from './event-reader.ts';
import { createTestBus, type TestBus } from './testing.ts';

guardAgainstLeaks();

const DEMO = '/v2/stops/99999/stream';

/** Without a socket: what is not read stays with the stream. */
async function open({ instance }: TestBus, path = DEMO, init: RequestInit = {}) {
  return readEvents(await instance.fetch(new Request(`http://bus.example${path}`, init)));
}

describe('GET /v2/stops/{code}/stream', () => {
  it('is an event stream that nothing keeps, holds back or compresses, and that pages of any origin may read', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const events = await open(bus, DEMO, { headers: { 'Accept-Encoding': 'gzip' } });
    const { headers } = events.response;
    assert.equal(headers.get('Content-Type'), 'text/event-stream');
    assert.equal(headers.get('Cache-Control'), 'no-store');
    assert.equal(headers.get('X-Accel-Buffering'), 'no');
    assert.equal(headers.get('Content-Encoding'), null);
    assert.equal(headers.get('Access-Control-Allow-Origin'), '*');
    const reset = await events.next();
    assert.equal(reset?.event, 'reset');
    assert.equal(reset?.data.stop.code, '99999');
    assert.equal(events.retry(), 3_000);
    await bus.clock.advance(20_000);
    const update = await events.next();
    assert.equal(update?.event, 'update');
    assert.equal(update?.data.changed.length, 2);
    assert.deepEqual(events.comments, ['hb']);
    await events.close();
    assert.equal(bus.clock.sleepers, 0, 'nothing goes on for a client that has gone');
  });

  it('keeps to one service', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const events = await open(bus, `${DEMO}?service=55`);
    assert.deepEqual(
      (await events.next())?.data.services.map(({ service }: { service: string }) => service),
      ['55'],
    );
    await events.close();
  });

  it('goes on where it was left, by header or by query', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const events = await open(bus);
    await events.next();
    await events.close();
    await bus.clock.advance(40_000);
    const headers = { 'Last-Event-ID': events.lastId() };
    for (const [path, init] of [
      [DEMO, { headers }],
      [`${DEMO}?lastEventId=${events.lastId()}`, {}],
    ] as const) {
      const again = await open(bus, path, init);
      assert.equal((await again.next())?.event, 'update');
      await again.close();
    }
  });

  it('ends by itself well before the platform would cut it, not all at once', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const streams = await Promise.all(Array.from({ length: 40 }, () => open(bus)));
    const ended: number[] = [];
    const reading = streams.map(async (events) => {
      for (let event = await events.next(); event; event = await events.next())
        if (event.event === 'end') {
          assert.deepEqual(event.data, { reason: 'time' });
          ended.push(bus.clock.mono());
        }
    });
    for (let second = 0; second < 285; second++) await bus.clock.advance(1_000);
    await Promise.all(reading);
    assert.equal(ended.length, 40);
    assert.ok(Math.min(...ended) >= 225_000 && Math.max(...ended) <= 285_000, ended.join());
    assert.ok(new Set(ended).size > 10);
    assert.equal(bus.clock.sleepers, 0);
  });

  it('tells all that the process ends, and takes no new ones', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const streams = await Promise.all([open(bus), open(bus, '/v2/stops/99998/stream')]);
    for (const events of streams) await events.next();
    bus.instance.endStreams?.();
    for (const events of streams) {
      const end = await events.next();
      assert.deepEqual([end?.event, end?.data], ['end', { reason: 'restart' }]);
      assert.equal(await events.next(), undefined);
    }
    assert.equal(bus.clock.sleepers, 0);
    const late = await bus.ask(`GET ${DEMO}`);
    assert.deepEqual([late.status, late.headers.get('Retry-After')], [503, '10']);
  });

  it('has room for 1,000, and then again when one leaves', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const all = await Promise.all(Array.from({ length: 1_001 }, () => open(bus)));
    const [full, ...others] = all.filter(({ response }) => response.status !== 200);
    assert.equal(others.length, 0, 'also where all come at once');
    assert.equal(full?.response.status, 503);
    assert.match(full?.response.headers.get('Retry-After') ?? '', /^\d+$/);
    const streams = all.filter(({ response }) => response.status === 200);
    await streams[0]?.close();
    const next = await open(bus);
    assert.equal((await next.next())?.event, 'reset');
    await Promise.all([next, ...streams.slice(1)].map((events) => events.close()));
    assert.equal(bus.clock.sleepers, 0);
  });

  it('lets a client go that does not read, and keeps the others', async () => {
    await using bus = await createTestBus();
    const path = '/v2/stops/83139/stream';
    const services = Array.from({ length: 150 }, (_, index) => ({ service: `${100 + index}` }));
    bus.lta.setArrivals('83139', (now: number) => {
      const etas = [1, 2, 3].map((minutes) => now + minutes * 60_000);
      return arrivalBody(
        '83139',
        services.map(({ service }) => ({ service, etas })),
      );
    });
    const [idle, busy] = [await open(bus, path), await open(bus, path)];
    await busy.next();
    for (let n = 0; n < 5; n++) {
      await bus.clock.advance(20_000);
      assert.equal((await busy.next())?.event, 'update');
    }
    await assert.rejects(async () => {
      while (await idle.next());
    }, /too slowly/);
    await busy.close();
  });

  it('opens nothing for HEAD', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const { status, headers } = await bus.instance.fetch(new Request(`http://bus.example${DEMO}`, { method: 'HEAD' }));
    assert.deepEqual([status, headers.get('Content-Type')], [200, 'text/event-stream']);
    assert.equal(bus.clock.sleepers, 0);
    const unknown = new Request('http://bus.example/v2/stops/83139/stream', { method: 'HEAD' });
    assert.equal((await bus.instance.fetch(unknown)).status, 503);
  });

  it('refuses before the first byte what cannot become a stream', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    for (const [path, status, code] of [
      ['/v2/stops/83139/stream', 503, 'not_configured'],
      ['/v2/stops/8313/stream', 422, 'invalid'],
      [`${DEMO}?service=-`, 422, 'invalid'],
      [`${DEMO}?lastEventId=${'x'.repeat(101)}`, 422, 'invalid'],
      [`${DEMO}?x=1`, 422, 'invalid'],
      [`${DEMO}?service=10`, 404, 'not_found'],
    ] as const) {
      const answer = await bus.ask(`GET ${path}`);
      assert.deepEqual([answer.status, answer.body.code], [status, code], path);
    }
    assert.equal(bus.clock.sleepers, 0);
  });

  it('begins while LTA is down, says so, and recovers by itself', async () => {
    await using bus = await createTestBus();
    const heal = bus.lta.fail({ kind: 'answer', status: 500 });
    const events = await open(bus, '/v2/stops/83139/stream?service=15');
    const trouble = await events.next();
    assert.equal(trouble?.event, 'trouble');
    assert.equal(trouble?.data.code, 'unavailable');
    heal();
    await bus.clock.advance(20_000);
    assert.equal((await events.next())?.event, 'reset');
    await events.close();
  });

  it('leaves nothing behind where the client hangs up before the first byte', async () => {
    await using bus = await createTestBus();
    const release = bus.lta.hold();
    const hangUp = new AbortController();
    const request = new Request('http://bus.example/v2/stops/83139/stream', { signal: hangUp.signal });
    const answer = bus.instance.fetch(request);
    await bus.lta.called(1);
    hangUp.abort();
    assert.equal((await answer).status, 499);
    release();
    const other = await open(bus, '/v2/stops/83139/stream');
    assert.equal((await other.next())?.event, 'reset');
    assert.equal(bus.lta.calls.length, 1);
    await other.close();
  });
});
