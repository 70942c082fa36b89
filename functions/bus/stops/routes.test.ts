import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sampleNetwork } from '#shared/bus/sample.ts';
import { stopAnswer, stopsAnswer } from './answers.ts';
import { createStopsApp, FETCHED, networkOf, routeOver, stopAt } from './testing.ts';

const STOPS = [
  stopAt('10001', 'Bt Merah Int', 'Bt Merah Ctrl', 1.2817, 103.8172),
  stopAt('10009', 'Opp Bt Merah Int', 'Bt Merah Ctrl', 1.2821, 103.8175),
  stopAt('20009', 'Far Away', 'Lor Asrama', 1.41, 103.78),
];
const ROUTES = [
  routeOver('10', ['10001', '20009']),
  routeOver('2', ['10001', '10009', '20009', '10009']),
  routeOver('10e', ['20009', '10001'], { direction: 2 }),
];
const network = networkOf({ stops: STOPS, routes: ROUTES });

describe('GET /v2/stops', () => {
  it('tells the nearest first, with whole metres, their services in natural order, and where that is from', async () => {
    await using app = await createStopsApp(network);
    const { status, body } = await app.ask('GET /v2/stops?near=1.2817,103.8172');
    assert.equal(status, 200);
    stopsAnswer.parse(body);
    assert.deepEqual(body.items[0], {
      code: '10001',
      name: 'Bt Merah Int',
      road: 'Bt Merah Ctrl',
      position: { lat: 1.2817, lon: 103.8172 },
      distance: 0,
      services: ['2', '10', '10e'],
    });
    assert.deepEqual([body.items[1].code, body.items[1].distance], ['10009', 56]);
    assert.equal(body.items.length, 2);
    const { source, fetchedAt, upstream, lists } = body.meta;
    assert.deepEqual([source, fetchedAt, upstream.status, lists.version], ['list', FETCHED, 'none', 'v1']);
  });

  it('looks as far as the radius says and answers as many as the limit says', async () => {
    await using app = await createStopsApp(network);
    const codes = async (query: string) =>
      (await app.ask(`GET /v2/stops?${query}`)).body.items.map(({ code }: { code: string }) => code);
    assert.deepEqual(await codes('near=1.2817,103.8172&radius=10'), ['10001']);
    assert.deepEqual(await codes('near=1.2817,%20103.8172&limit=1'), ['10001']);
    assert.deepEqual(await codes('q=bukit+merah&limit=1'), ['10001']);
    assert.deepEqual(await codes('q=bukit+merah&near=1.2821,103.8175'), ['10009', '10001']);
  });

  it('says why there is none', async () => {
    await using app = await createStopsApp(network);
    const note = async (query: string) => {
      const { status, body } = await app.ask(`GET /v2/stops?${query}`);
      assert.equal(status, 200);
      assert.deepEqual(body.items, []);
      return body.note;
    };
    assert.equal(await note('near=48.86,2.35'), 'This position is not in Singapore');
    assert.equal(await note('near=1.35,103.9'), 'There is no stop within 500 m');
    assert.equal(await note('q=zzzz'), 'No stop has any of these words');
    assert.equal(await note('q=merah&near=1.41,103.78&radius=100'), 'No stop within 100 m has any of these words');
    assert.equal((await app.ask('GET /v2/stops?q=merah')).body.note, undefined);
  });

  it('refuses what it cannot understand by name', async () => {
    await using app = await createStopsApp(network);
    const pointers = async (query: string) => {
      const { status, body } = await app.ask(`GET /v2/stops${query}`);
      assert.equal(status, 422, query);
      return body.errors.map(({ pointer }: { pointer: string }) => pointer).join();
    };
    assert.equal(await pointers(''), '?near,?q');
    for (const near of ['', 'here', '1.35', '1.35,103.8,5', '91,103.8', '1.35,181', 'NaN,103', '1e3,2', '1,,2'])
      assert.equal(await pointers(`?near=${near}`), '?near', near);
    for (const radius of ['0', '5001', '-1', '1.5', 'far', ''])
      assert.equal(await pointers(`?near=1.35,103.8&radius=${radius}`), '?radius', radius);
    for (const limit of ['0', '501', 'all']) assert.equal(await pointers(`?q=a&limit=${limit}`), '?limit', limit);
    assert.equal(await pointers('?q=%20%20'), '?q');
    assert.equal(await pointers(`?q=${'a'.repeat(101)}`), '?q');
    assert.equal(await pointers('?q=a&radius=100'), '?radius');
    assert.equal(await pointers('?q=a&near=1,2&near=3,4'), '?near');
    assert.equal(await pointers('?q=a&colour=red'), '?colour');
  });

  it('searches the new list once another is published', async () => {
    await using app = await createStopsApp(network);
    assert.equal((await app.ask('GET /v2/stops?q=merah')).body.items.length, 2);
    app.publish(networkOf({ stops: [stopAt('30001', 'New Merah')], version: 'v2' }));
    const { body } = await app.ask('GET /v2/stops?q=merah');
    assert.deepEqual([body.items[0].code, body.items.length, body.meta.lists.version], ['30001', 1, 'v2']);
    assert.deepEqual(body.items[0].services, []);
  });

  it('answers 304 to who has it already', async () => {
    await using app = await createStopsApp(network);
    const { headers } = await app.ask('GET /v2/stops?q=merah');
    const again = await app.ask('GET /v2/stops?q=merah', undefined, { 'If-None-Match': headers.get('ETag') ?? '' });
    assert.equal(again.status, 304);
  });
});

describe('GET /v2/stops/{code}', () => {
  it('tells each call there: where it goes, whether it runs, first and last bus, and where nobody gets on', async () => {
    await using app = await createStopsApp(network);
    const { status, body } = await app.ask('GET /v2/stops/10009');
    assert.equal(status, 200);
    stopAnswer.parse(body);
    assert.deepEqual(body.stop.position, { lat: 1.2821, lon: 103.8175 });
    assert.deepEqual(body.serviceDay, { date: '2026-01-08', kind: 'weekday' });
    const hours = { first: '05:30', last: '00:00' };
    const call = {
      service: '2',
      operator: 'SBST',
      direction: 1,
      origin: { code: '10001', name: 'Bt Merah Int' },
      destination: { code: '10009', name: 'Opp Bt Merah Int' },
      loop: null,
      operating: 'running',
      firstBus: '05:30',
      lastBus: '00:00',
      times: { weekday: hours, saturday: hours, sunday: hours },
    };
    assert.deepEqual(body.services, [
      { ...call, visit: 1, ends: false },
      { ...call, visit: 2, ends: true },
    ]);
  });

  it('knows before the first bus, after the last one and days without any', async () => {
    const night = { first: '2330', last: '0200' };
    const stops = ['10001', '20009'].map((code, i) => ({ code, sequence: i, times: { weekday: night } }));
    const routes = [
      routeOver('1', ['10001', '20009']),
      routeOver('2N', [], { stops }),
      routeOver('3', [], { stops: stops.map((stop) => ({ ...stop, times: {} })) }),
    ];
    const given = networkOf({ stops: STOPS, routes });
    const states = async (iso: string) => {
      await using app = await createStopsApp(given, { now: Date.parse(iso) });
      const { body } = await app.ask('GET /v2/stops/10001');
      return body.services.map(({ operating }: { operating: string }) => operating).join(' ');
    };
    assert.equal(await states('2026-01-08T04:30:00+08:00'), 'before_first before_first none');
    assert.equal(await states('2026-01-08T12:00:00+08:00'), 'running before_first none');
    assert.equal(await states('2026-01-09T01:00:00+08:00'), 'after_last running none');
    assert.equal(await states('2026-01-11T12:00:00+08:00'), 'running none none');
  });

  it('does not hand on what has changed since', async () => {
    await using app = await createStopsApp(network, { now: Date.parse('2026-01-08T04:30:00+08:00') });
    const { headers } = await app.ask('GET /v2/stops/10001');
    assert.equal(headers.get('Cache-Control'), 'public, max-age=30');
    const ask = () => app.ask('GET /v2/stops/10001', undefined, { 'If-None-Match': headers.get('ETag') ?? '' });
    assert.equal((await ask()).status, 304);
    await app.clock.advance(2 * 3_600_000);
    assert.equal((await ask()).status, 200);
  });

  it('says so where the routes are not loaded', async () => {
    await using app = await createStopsApp(networkOf({ stops: STOPS }));
    const { body } = await app.ask('GET /v2/stops/10001');
    assert.deepEqual(body.services, []);
    assert.match(body.note, /not loaded/);
  });

  it('does not know what the list does not have, except the demo stops', async () => {
    await using app = await createStopsApp(network);
    const { status, body } = await app.ask('GET /v2/stops/55555');
    assert.deepEqual([status, body.code, body.errors[0].pointer], [404, 'not_found', '{code}']);
    assert.doesNotMatch(body.detail, /sample/);
    for (const code of ['99999', '99998', '99997']) {
      const demo = await app.ask(`GET /v2/stops/${code}`);
      assert.equal(demo.status, 200);
      assert.equal(demo.body.meta.source, 'demo');
      assert.deepEqual(
        demo.body.services.map(({ service }: { service: string }) => service),
        ['44', '55'],
      );
    }
    assert.equal((await app.ask('GET /v2/stops/99990')).status, 404);
  });

  it('tells at any hour that services run at the demo stops that always have buses', async () => {
    for (const day of ['2026-01-08', '2026-01-10', '2026-01-11'])
      for (const time of ['03:11', '03:59', '04:00', '04:01', '12:00', '23:59']) {
        await using app = await createStopsApp(network, { now: Date.parse(`${day}T${time}:00+08:00`) });
        for (const code of ['99999', '99998', '99997']) {
          const { body } = await app.ask(`GET /v2/stops/${code}`);
          const states = body.services.map(({ operating }: { operating: string }) => operating);
          assert.deepEqual(states, ['running', 'running'], `${code} on ${day} at ${time}`);
        }
      }
  });

  it('on the sample alone says that it cannot know', async () => {
    await using app = await createStopsApp(sampleNetwork());
    const { status, body } = await app.ask('GET /v2/stops/83139');
    assert.equal(status, 404);
    assert.match(body.detail, /not loaded here, only a small sample/);
    assert.equal((await app.ask('GET /v2/stops/99990')).body.meta.source, 'demo');
  });

  it('refuses what is no code', async () => {
    await using app = await createStopsApp(network);
    for (const code of ['1000', '100011', 'abcde', '1000%201'])
      assert.equal((await app.ask(`GET /v2/stops/${code}`)).body.errors[0].pointer, '{code}');
  });
});
