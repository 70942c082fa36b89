import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Boards } from '#shared/bus/boards.ts';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { directAnswer } from './answers.ts';
import { createStopsApp, NOON, networkOf, routeOver, stopAt } from './testing.ts';

guardAgainstLeaks();

const STOPS = ['10001', '10002', '10003', '10004'].map((code) => stopAt(code, `Stop ${code}`));
const network = networkOf({
  stops: STOPS,
  routes: [
    routeOver('5', ['10001', '10002', '10003']),
    routeOver('5', ['10003', '10002', '10001'], { direction: 2 }),
    routeOver('12', ['10001', '10002', '10004', '10003']),
    routeOver('8', ['10003', '10001', '10002', '10001', '10003'], { loop: 'Some Rd' }),
  ],
});
const at = (minutes: number) => new Date(NOON + minutes * 60_000);
type Item = {
  service: string;
  visit: number;
  stops: number;
  buses: { minutes: number }[];
  status: string;
  reason: string;
};

describe('GET /v2/direct', () => {
  it('tells every service that goes there with its next buses, the soonest first', async () => {
    await using app = await createStopsApp(network, { withLta: true });
    app.lta.setArrivals(
      '10001',
      arrivalBody('10001', [
        { service: '12', etas: [{ eta: at(3), destination: '10003', lat: 1.35, lon: 103.8 }] },
        {
          service: '5',
          etas: [
            { eta: at(9), destination: '10003', monitored: 0 },
            { eta: at(20), destination: '10003' },
          ],
        },
        {
          service: '8',
          etas: [
            { eta: at(1), destination: '10003', visit: 1 },
            { eta: at(15), destination: '10003', visit: 2 },
          ],
        },
      ]),
    );
    const { status, body } = await app.ask('GET /v2/direct?from=10001&to=10003');
    assert.equal(status, 200);
    directAnswer.parse(body);
    assert.deepEqual(
      body.items.map(({ service, visit, stops, buses, status: row }: Item) => [
        service,
        visit,
        stops,
        buses.map(({ minutes }) => minutes),
        row,
      ]),
      [
        ['12', 1, 3, [3], 'live'],
        ['5', 1, 2, [9, 20], 'scheduled'],
        ['8', 2, 1, [15], 'live'],
      ],
    );
    const [first] = body.items;
    assert.deepEqual(first.from, { code: '10001', name: 'Stop 10001', sequence: 1 });
    assert.deepEqual(first.to, { code: '10003', name: 'Stop 10003', sequence: 4 });
    assert.deepEqual([first.direction, first.distanceKm, first.destination.code], [1, 3, '10003']);
    assert.deepEqual([body.meta.source, body.meta.upstream.status], ['live', 'ok']);
    assert.deepEqual([body.from.name, body.to.name], ['Stop 10001', 'Stop 10003']);
    assert.equal(app.lta.calls.length, 1);
  });

  it('tells a service without a bus as well, and why it has none', async () => {
    await using app = await createStopsApp(network, { withLta: true });
    const { body } = await app.ask('GET /v2/direct?from=10001&to=10004');
    assert.deepEqual(
      body.items.map(({ service, status }: Item) => [service, status]),
      [['12', 'no_estimate']],
    );
    assert.match(body.items[0].reason, /LTA gives no estimate/);
  });

  it('tells the rides where LTA fails, without buses, and says what is wrong', async () => {
    await using app = await createStopsApp(network, { withLta: true });
    app.lta.fail({ kind: 'answer', status: 500 });
    const { status, body, headers } = await app.ask('GET /v2/direct?from=10001&to=10003');
    assert.equal(status, 200);
    directAnswer.parse(body);
    assert.deepEqual(
      body.items.map(({ service, buses, status: row }: Item) => [service, buses, row]),
      [
        ['8', [], 'unknown'],
        ['5', [], 'unknown'],
        ['12', [], 'unknown'],
      ],
    );
    assert.match(body.items[0].reason, /LTA does not tell/);
    assert.deepEqual(body.meta.upstream, { status: 'failing', reason: 'bad_status', httpStatus: 500 });
    assert.equal(headers.get('Cache-Control'), 'no-store');
  });

  it('without a key says that LTA is not asked', async () => {
    await using app = await createStopsApp(network);
    const { status, body } = await app.ask('GET /v2/direct?from=10001&to=10003');
    assert.equal(status, 200);
    assert.deepEqual([body.meta.source, body.meta.upstream], ['list', { status: 'none' }]);
    assert.match(body.items[0].reason, /key is not set/);
  });

  it('answers what nobody foresaw as a failure, not as a ride without buses', async () => {
    const boards: Boards = { read: () => Promise.reject(new Error('a mistake of ours')), dueInMs: () => 1_000 };
    await using app = await createStopsApp(network, { boards });
    assert.equal((await app.ask('GET /v2/direct?from=10001&to=10003')).status, 500);
  });

  it('asks LTA nothing where no service goes there', async () => {
    await using app = await createStopsApp(network, { withLta: true });
    const { status, body } = await app.ask('GET /v2/direct?from=10004&to=10002');
    assert.deepEqual([status, body.items], [200, []]);
    assert.match(body.note, /without a change/);
    assert.equal(app.lta.calls.length, 0);
  });

  it('says so where the routes are not loaded', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS }));
    const { status, body } = await app.ask('GET /v2/direct?from=10001&to=10003');
    assert.deepEqual([status, body.items], [200, []]);
    assert.match(body.note, /routes are not loaded/);
  });

  it('works between the demo stops beside any list', async () => {
    await using app = await createStopsApp(network);
    const { body } = await app.ask('GET /v2/direct?from=99997&to=99999');
    assert.deepEqual(
      body.items.map(({ service }: Item) => service),
      ['44', '55'],
    );
    assert.ok(body.items.every(({ buses }: Item) => buses.length === 3));
    assert.equal(body.meta.source, 'demo');
    const mixed = (await app.ask('GET /v2/direct?from=99997&to=10001')).body;
    assert.deepEqual([mixed.items, mixed.meta.source], [[], 'list']);
  });

  it('names the stop that is unknown, or both', async () => {
    await using app = await createStopsApp(network);
    const unknown = async (query: string) => {
      const { status, body } = await app.ask(`GET /v2/direct?${query}`);
      assert.equal(status, 404);
      return [body.detail, body.errors.map(({ pointer }: { pointer: string }) => pointer).join()];
    };
    assert.deepEqual(await unknown('from=55555&to=10001'), ['There is no stop 55555', '?from']);
    assert.deepEqual(await unknown('from=10001&to=55556'), ['There is no stop 55556', '?to']);
    assert.deepEqual(await unknown('from=55555&to=55556'), ['There is no stop 55555 and no stop 55556', '?from,?to']);
  });

  it('refuses a ride to where one is, and what is no stop', async () => {
    await using app = await createStopsApp(network);
    for (const [query, pointer] of [
      ['from=10001&to=10001', '?to'],
      ['from=1&to=10001', '?from'],
      ['from=10001', '?to'],
      ['from=10001&to=abcde', '?to'],
    ] as const) {
      const { status, body } = await app.ask(`GET /v2/direct?${query}`);
      assert.deepEqual([status, body.errors[0].pointer], [422, pointer], query);
    }
  });
});
