import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { arrivalsAnswer } from './answers.ts';
import { createTestBus, type TestBus } from './testing.ts';

guardAgainstLeaks();

const ARRIVALS = 'GET /v2/stops/83139/arrivals';

/** Services 15 and 155, minutes from the first call. */
async function startBus(): Promise<TestBus> {
  const bus = await createTestBus();
  const start = bus.clock.now();
  const at = (minutes: number) => start + minutes * 60_000 + 30_000;
  bus.lta.setArrivals(
    '83139',
    arrivalBody('83139', [
      { service: '15', etas: [at(3), { eta: at(12), monitored: 0 }, at(25)] },
      { service: '155', etas: [at(7)] },
    ]),
  );
  return bus;
}

describe('GET /v2/stops/{code}/arrivals', () => {
  it('tells the next buses, where that is from and how old it is', async () => {
    await using bus = await startBus();
    const { status, headers, body } = await bus.ask(ARRIVALS);
    assert.equal(status, 200);
    assert.deepEqual(arrivalsAnswer.strict().parse(body), body);
    assert.deepEqual(
      body.services.map((row: { service: string; buses: { minutes: number }[] }) => [
        row.service,
        row.buses.map(({ minutes }) => minutes),
      ]),
      [
        ['15', [3, 12, 25]],
        ['155', [7]],
      ],
    );
    assert.equal(body.meta.source, 'live');
    assert.equal(body.meta.age, 0);
    assert.equal(headers.get('X-Data-Age'), '0');
    assert.equal(headers.get('Last-Modified'), 'Thu, 08 Jan 2026 04:00:00 GMT');
    assert.equal(headers.get('Cache-Control'), 'public, max-age=0, s-maxage=10');
    assert.match(headers.get('Vary') ?? '', /^Accept(?:,|$)/);
  });

  it('counts down between two calls of LTA, and lets caches keep it no longer than it is fresh', async () => {
    await using bus = await startBus();
    await bus.ask(ARRIVALS);
    await bus.clock.advance(15_000);
    const later = await bus.ask(ARRIVALS);
    assert.equal(later.headers.get('Cache-Control'), 'public, max-age=0, s-maxage=5');
    assert.equal(later.headers.get('X-Data-Age'), '15');
    await bus.clock.advance(4_500);
    const last = await bus.ask(ARRIVALS);
    assert.equal(last.headers.get('Cache-Control'), 'no-store');
    assert.equal(last.body.meta.source, 'cache');
    assert.equal(bus.lta.calls.length, 1);
  });

  it('serves what is old while LTA is down, says so, and lets nobody keep it', async () => {
    await using bus = await startBus();
    await bus.ask(ARRIVALS);
    bus.lta.fail({ kind: 'answer', status: 500 });
    await bus.clock.advance(30_000);
    const { status, headers, body } = await bus.ask(ARRIVALS);
    assert.equal(status, 200);
    assert.equal(body.meta.stale, true);
    assert.equal(body.meta.upstream.status, 'failing');
    assert.equal(headers.get('Cache-Control'), 'no-store');
  });

  it('keeps to one service, in capitals or not', async () => {
    await using bus = await startBus();
    const { body } = await bus.ask(`${ARRIVALS}?service=155`);
    assert.deepEqual(
      body.services.map(({ service }: { service: string }) => service),
      ['155'],
    );
    const other = await bus.ask(`${ARRIVALS}?service=10e`);
    assert.equal(other.status, 200, 'without lists nobody can tell that it does not call here');
    assert.deepEqual(other.body.services, []);
    assert.equal(bus.lta.calls.length, 1, 'the whole stop is one call');
    const demo = await bus.ask('GET /v2/stops/99999/arrivals?service=10e');
    assert.equal(demo.status, 404);
    assert.match(demo.body.detail, /10E/);
    assert.equal((await bus.ask('GET /v2/stops/99999/arrivals?service=55')).status, 200);
  });

  it('says when to leave where it is told how far it is', async () => {
    await using bus = await startBus();
    const { body } = await bus.ask(`${ARRIVALS}?service=15&walk=5&lead=2`);
    assert.deepEqual(arrivalsAnswer.strict().parse(body), body);
    assert.equal(body.leave.bus.minutes, 12);
    assert.equal(body.leave.leaveAt, new Date(bus.clock.now() + (12 - 7) * 60_000 + 30_000).toISOString());
    const { body: near } = await bus.ask(`${ARRIVALS}?service=15&lead=1`);
    assert.equal(near.leave.bus.minutes, 3);
    assert.equal('leave' in (await bus.ask(ARRIVALS)).body, false);
  });

  it('answers lines of text to those who prefer them', async () => {
    await using bus = await startBus();
    const get = (accept: string, query = '') => bus.ask(`${ARRIVALS}${query}`, undefined, { Accept: accept });
    for (const [accept, query] of [
      ['text/plain', ''],
      ['text/*', ''],
      ['application/json;q=0.5, text/plain;q=0.8', ''],
      ['application/json', '?format=text'],
    ] as const) {
      const { headers, body } = await get(accept, query);
      assert.equal(headers.get('Content-Type'), 'text/plain; charset=utf-8', accept);
      assert.match(body, /^83139\n15 .* 3, ~12, 25 min {2}live, seats\n155 /);
      assert.match(headers.get('Vary') ?? '', /Accept/);
    }
    for (const [accept, query] of [
      ['*/*', ''],
      ['text/html,application/xhtml+xml,*/*;q=0.8', ''],
      ['application/json, text/plain', ''],
      ['text/plain;q=0', ''],
      ['text/plain', '?format=json'],
    ] as const)
      assert.match((await get(accept, query)).headers.get('Content-Type') ?? '', /json/, accept);
    assert.match((await get('text/plain', '?walk=1')).body, /\n[A-Z][^\n]+\nLTA DataMall/);
  });

  it('tells an unknown stop, a missing key and an upstream that is down apart', async () => {
    await using bare = await createTestBus({ withoutLta: true });
    const missing = await bare.ask(ARRIVALS);
    assert.deepEqual([missing.status, missing.body.code], [503, 'not_configured']);
    assert.match(missing.body.detail, /LTA_ACCOUNT_KEY/);
    await using bus = await startBus();
    bus.lta.fail({ kind: 'answer', status: 500 });
    const down = await bus.ask(ARRIVALS);
    assert.deepEqual([down.status, down.body.code], [503, 'unavailable']);
    assert.match(down.headers.get('Retry-After') ?? '', /^\d+$/);
    assert.equal(down.headers.get('Access-Control-Allow-Origin'), '*');
    assert.doesNotMatch(JSON.stringify([down.body, bus.log.lines]), new RegExp(bus.lta.key));
  });

  it('names what is wrong with a request', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    for (const [line, pointer] of [
      ['GET /v2/stops/8313/arrivals', '{code}'],
      ['GET /v2/stops/8313x/arrivals', '{code}'],
      ['GET /v2/stops/٨٣١٣٩/arrivals', '{code}'],
      [`${ARRIVALS}?service=`, '?service'],
      [`${ARRIVALS}?service=15%26x`, '?service'],
      [`${ARRIVALS}?service=15&service=16`, '?service'],
      [`${ARRIVALS}?walk=121`, '?walk'],
      [`${ARRIVALS}?walk=`, '?walk'],
      [`${ARRIVALS}?walk=1.5`, '?walk'],
      [`${ARRIVALS}?lead=-1`, '?lead'],
      [`${ARRIVALS}?lead=61`, '?lead'],
      [`${ARRIVALS}?format=xml`, '?format'],
      [`${ARRIVALS}?stop=1`, '?stop'],
    ] as const) {
      const { status, body } = await bus.ask(line);
      assert.equal(status, 422, line);
      assert.deepEqual(
        body.errors.map((error: { pointer: string }) => error.pointer),
        [pointer],
        line,
      );
      assert.doesNotMatch(body.detail, /Invalid/, line);
    }
  });

  it('counts a client that hangs up as no failure', async () => {
    await using bus = await startBus();
    const release = bus.lta.hold();
    const hangUp = new AbortController();
    const url = 'http://bus.example/v2/stops/83139/arrivals';
    const aborted = bus.instance.fetch(new Request(url, { signal: hangUp.signal }));
    const other = bus.instance.fetch(new Request(url));
    await bus.lta.called(1);
    hangUp.abort();
    assert.equal((await aborted).status, 499);
    release();
    assert.equal((await other).status, 200, 'the call goes on for the others');
    assert.equal(bus.lta.calls.length, 1);
    assert.deepEqual(
      bus.log.lines.filter(({ severity }) => severity === 'ERROR'),
      [],
    );
  });
});
