import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareServices } from '#shared/bus/natural-order.ts';
import { sampleNetwork } from '#shared/bus/sample.ts';
import { encodeCursor } from '#shared/http/paging.ts';
import { serviceAnswer, servicesAnswer } from './answers.ts';
import { createStopsApp, networkOf, routeOver, type StopsApp, stopAt } from './testing.ts';

const STOPS = [stopAt('10001', 'Start', 'A Rd', 1.3, 103.8), stopAt('10002', 'Middle'), stopAt('10003', 'End')];

async function walk(app: StopsApp, limit: number): Promise<string[]> {
  const seen: string[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await app.ask(`GET /v2/services?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    assert.equal(status, 200);
    assert.ok(body.items.length <= limit);
    seen.push(...body.items.map(({ service }: { service: string }) => service));
    assert.ok(body.items.length > 0 || cursor === '');
    if (body.nextCursor === undefined) return seen;
    cursor = body.nextCursor;
  }
}

describe('GET /v2/services', () => {
  it('tells all services in natural order, each with its directions', async () => {
    const routes = [
      routeOver('225G', ['10001', '10002', '10001'], { loop: 'B Rd', category: 'FEEDER' }),
      routeOver('10', ['10001', '10003']),
      routeOver('10', ['10003', '10001'], { direction: 2 }),
      routeOver('2', ['10001', '99111'], { operator: '', category: '' }),
      routeOver('10e', ['10001', '10003']),
    ];
    await using app = await createStopsApp(networkOf({ stops: STOPS, routes }));
    const { body } = await app.ask('GET /v2/services');
    servicesAnswer.parse(body);
    assert.deepEqual(
      body.items.map(({ service }: { service: string }) => service),
      ['2', '10', '10e', '225G'],
    );
    assert.deepEqual(body.items[0], {
      service: '2',
      operator: null,
      category: null,
      directions: [
        {
          direction: 1,
          origin: { code: '10001', name: 'Start' },
          destination: { code: '99111', name: null },
          loop: null,
        },
      ],
    });
    assert.deepEqual(
      body.items[1].directions.map(
        ({ direction, destination }: { direction: number; destination: { name: string } }) => [
          direction,
          destination.name,
        ],
      ),
      [
        [1, 'End'],
        [2, 'Start'],
      ],
    );
    assert.equal(body.items[3].directions[0].loop, 'B Rd');
    assert.equal(body.nextCursor, undefined);
    assert.equal(body.note, undefined);
  });

  it('is walked by its cursors so that each service comes once, in order, whatever the pages', async () => {
    const name = fc.stringMatching(/^[A-Z]{0,2}[0-9]{1,3}[A-Za-z]?$/);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { selector: (one) => one.toUpperCase(), maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (names, limit) => {
          const routes = names.flatMap((one) => [
            routeOver(one, ['10001', '10003']),
            routeOver(one, ['10003', '10001'], { direction: 2 }),
          ]);
          await using app = await createStopsApp(networkOf({ stops: STOPS, routes }));
          assert.deepEqual(await walk(app, limit), [...names].sort(compareServices));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('goes on after a service that has gone meanwhile', async () => {
    const routes = ['1', '2', '3'].map((service) => routeOver(service, ['10001', '10003']));
    await using app = await createStopsApp(networkOf({ stops: STOPS, routes }));
    const { nextCursor } = (await app.ask('GET /v2/services?limit=2')).body;
    app.publish(networkOf({ stops: STOPS, routes: routes.slice(2), version: 'v2' }));
    const { body } = await app.ask(`GET /v2/services?limit=2&cursor=${nextCursor}`);
    assert.deepEqual(
      body.items.map(({ service }: { service: string }) => service),
      ['3'],
    );
  });

  it('tells those whose number begins as asked, in any case', async () => {
    const routes = ['1', '10', '10e', '2', '110'].map((service) => routeOver(service, ['10001', '10003']));
    await using app = await createStopsApp(networkOf({ stops: STOPS, routes }));
    const of = async (q: string) =>
      (await app.ask(`GET /v2/services?q=${q}`)).body.items.map(({ service }: { service: string }) => service).join();
    assert.equal(await of('10'), '10,10e');
    assert.equal(await of('10E'), '10e');
    assert.equal(await of('9'), '');
  });

  it('refuses cursors of other lists and texts that are no number of a service', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS, routes: [] }));
    for (const query of ['cursor=x', `cursor=${encodeCursor('links/x')}`, 'q=-', 'limit=0', 'limit=501'])
      assert.equal((await app.ask(`GET /v2/services?${query}`)).status, 422, query);
  });

  it('says so where no services are loaded, or invented ones', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS }));
    const { body } = await app.ask('GET /v2/services');
    assert.deepEqual(body.items, []);
    assert.match(body.note, /loaded/);
    app.publish(sampleNetwork());
    const sample = (await app.ask('GET /v2/services')).body;
    assert.deepEqual([sample.items.length, sample.meta.source], [6, 'demo']);
    assert.match(sample.note, /invented/);
  });
});

describe('GET /v2/services/{number}', () => {
  const frequency = { amPeak: '5-08', amOffpeak: '9', pmPeak: '-', pmOffpeak: '10-12' };
  const routes = [
    routeOver('851e', ['10001', '10002', '10003'], { frequency }),
    routeOver('851e', ['10003', '10001'], { direction: 2, stops: [] }),
  ];

  it('tells its stops in order with distance, first and last bus of today and of each kind of day', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS.slice(0, 2), routes }));
    const { status, body } = await app.ask('GET /v2/services/851E');
    assert.equal(status, 200);
    serviceAnswer.parse(body);
    assert.equal(body.service, '851e');
    const [there, back] = body.directions;
    assert.deepEqual(there.frequency, frequency);
    assert.equal(back.frequency, null);
    const hours = { first: '05:30', last: '00:00' };
    assert.deepEqual(there.stops[0], {
      code: '10001',
      name: 'Start',
      road: 'A Rd',
      position: { lat: 1.3, lon: 103.8 },
      sequence: 1,
      distanceKm: 0,
      firstBus: '05:30',
      lastBus: '00:00',
      times: { weekday: hours, saturday: hours, sunday: hours },
    });
    assert.deepEqual([there.stops[1].sequence, there.stops[1].distanceKm], [2, 1]);
    assert.deepEqual([there.stops[2].code, there.stops[2].name, there.stops[2].position], ['10003', null, null]);
    assert.deepEqual(back.stops, []);
  });

  it('names the holiday whose timetable applies, and keeps it until four in the morning', async () => {
    const times = { weekday: { first: '0600', last: '0012' } };
    const weekdays = [routeOver('7', [], { stops: [{ code: '10001', sequence: 1, times }] })];
    const day = async (iso: string) => {
      await using app = await createStopsApp(networkOf({ stops: STOPS, routes: weekdays }), { now: Date.parse(iso) });
      const { body } = await app.ask('GET /v2/services/7');
      const [stop] = body.directions[0].stops;
      return [
        body.serviceDay.kind,
        body.serviceDay.holiday !== undefined,
        stop.firstBus,
        stop.lastBus,
        stop.times.sunday,
      ];
    };
    assert.deepEqual(await day('2026-01-01T12:00:00+08:00'), ['sunday', true, null, null, null]);
    assert.deepEqual(await day('2026-01-02T03:59:00+08:00'), ['sunday', true, null, null, null]);
    assert.deepEqual(await day('2026-01-02T04:00:00+08:00'), ['weekday', false, '06:00', '00:12', null]);
  });

  it('answers anew on the next service day', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS, routes }));
    const { headers } = await app.ask('GET /v2/services/851e');
    const ask = () => app.ask('GET /v2/services/851e', undefined, { 'If-None-Match': headers.get('ETag') ?? '' });
    assert.equal((await ask()).status, 304);
    await app.clock.advance(24 * 3_600_000);
    assert.equal((await ask()).status, 200);
  });

  it('is told without stops where the routes are not loaded, and says so', async () => {
    const { sources, ...rest } = networkOf({
      stops: STOPS,
      routes: [routeOver('7', ['10001', '10003'], { stops: [] })],
    });
    const { routes: _, ...others } = sources;
    await using app = await createStopsApp({ ...rest, sources: others });
    const { body } = await app.ask('GET /v2/services/7');
    assert.deepEqual(body.directions[0].stops, []);
    assert.match(body.note, /routes are not loaded/);
  });

  it('does not know others, and says where no list is loaded that could', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS, routes }));
    const known = await app.ask('GET /v2/services/999');
    assert.deepEqual([known.status, known.body.detail], [404, 'There is no service 999']);
    app.publish(networkOf({ stops: STOPS }));
    assert.match((await app.ask('GET /v2/services/999')).body.detail, /not? .*loaded|loaded/);
    assert.equal((await app.ask('GET /v2/services/12345678')).status, 422);
  });
});
