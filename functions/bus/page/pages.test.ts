/** The pages as they leave the server: what a browser without JavaScript shows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { publish } from '#shared/bus/publish.ts';
import { routeRows, serviceRow, stopRow } from '#shared/testing/datamall-rows.ts';
import { arrivalBody, type ShortService } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createTestBus, type TestBus, type TestBusOptions } from '../testing.ts';

guardAgainstLeaks();

const CODES = Array.from({ length: 10 }, (_, index) => String(10_001 + index));
const SERVICES = ['2', '10', '10e'];

async function createBus(given: TestBusOptions & { services?: ShortService[]; stopName?: string } = {}) {
  const bus = await createTestBus(given);
  const stops = CODES.map((_, index) =>
    stopRow(index, index === 3 && given.stopName ? { Description: given.stopName } : {}),
  );
  const rows = {
    stops,
    services: SERVICES.map((service) => serviceRow(service)),
    routes: SERVICES.flatMap((service) => routeRows(service, CODES)),
  };
  await publish({ store: bus.store, clock: bus.clock, from: 'file', rows, allowShrink: true });
  if (!given.withoutLta) bus.lta.setArrivals('10004', arrivalBody('10004', given.services ?? []));
  return bus;
}

async function get(bus: TestBus, path: string, headers: Record<string, string> = {}) {
  const answer = await bus.instance.fetch(new Request(`http://console.example${path}`, { headers }));
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    words: text.replaceAll(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' '),
  };
}

const inMinutes = (bus: TestBus, minutes: number, more = {}) => ({
  eta: bus.clock.now() + minutes * 60_000,
  destination: '10010',
  ...more,
});

describe('a stop', () => {
  it('shows each service with its next three buses, how sure they are, and the reason where there is none', async () => {
    await using bus = await createBus();
    bus.lta.setArrivals(
      '10004',
      arrivalBody('10004', [
        {
          service: '10',
          etas: [
            inMinutes(bus, 0.5),
            inMinutes(bus, 12, { load: 'LSD', type: 'DD' }),
            inMinutes(bus, 30, { monitored: 0 }),
          ],
        },
        { service: '2', etas: [inMinutes(bus, 5, { monitored: 0, load: 'SDA', feature: '' })] },
      ]),
    );
    const { status, words, headers } = await get(bus, '/stops/10004');
    assert.equal(status, 200);
    assert.match(words, /Blk 3 Stop 10004 · Test Rd 3/);
    assert.match(words, /2 to Blk 9 5 min Timetable Standing No wheelchair Single deck/);
    assert.match(words, /10 to Blk 9 Arr Live Seats Wheelchair Single deck 12 min Live Nearly full 30 min Timetable/);
    assert.match(words, /10e to Blk 9 No estimate\. Buses run until 00:00\./);
    assert.match(words, /0 s old · from LTA/);
    assert.match(words, /Contains information from LTA DataMall accessed on 2026-01-08/);
    assert.match(
      headers.get('Content-Security-Policy') ?? '',
      /default-src 'none'; img-src 'self' data:; style-src 'sha256-[^ ]+ 'sha256-[^ ]+; script-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'/,
    );
  });

  it('sorts by time when asked, those without a bus last, and keeps to one service', async () => {
    await using bus = await createBus();
    bus.lta.setArrivals(
      '10004',
      arrivalBody('10004', [
        { service: '2', etas: [inMinutes(bus, 9)] },
        { service: '10e', etas: [inMinutes(bus, 4)] },
      ]),
    );
    const order = async (query: string) =>
      [...(await get(bus, `/stops/10004${query}`)).text.matchAll(/data-row="([^~]+)/g)].map(([, service]) => service);
    assert.deepEqual(await order(''), ['2', '10', '10e']);
    assert.deepEqual(await order('?sort=time'), ['10e', '2', '10']);
    assert.deepEqual(await order('?sort=nonsense'), ['2', '10', '10e']);
    assert.deepEqual(await order('?service=10E'), ['10e']);
    assert.match((await get(bus, '/stops/10004?service=999')).words, /Service 999 is not told at this stop/);
  });

  it('gives the part that changes alone to scripts, the same as in the page', async () => {
    await using bus = await createBus();
    const page = (await get(bus, '/stops/10004?sort=time')).text;
    const part = (await get(bus, '/stops/10004?sort=time&fragment=board')).text;
    assert.ok(part.startsWith('<!--board-->') && part.endsWith('<!--/board-->'));
    assert.ok(page.includes(part));
    assert.doesNotMatch(part, /fragment/);
  });

  it('is a page with 404 where no such stop is, and says what a number looks like', async () => {
    await using bus = await createBus();
    for (const path of ['/stops/99000', '/stops/abc', '/stops/1000', '/stops/%3Cb%3E']) {
      const { status, text, words } = await get(bus, path);
      assert.equal(status, 404, path);
      assert.match(words, /No stop .*five digits.*Search/);
      assert.doesNotMatch(text, /<b>/);
    }
  });

  it('still tells its services and their hours with 503 where LTA does not answer, and recovers', async () => {
    await using bus = await createBus();
    const heal = bus.lta.fail({ kind: 'answer', status: 500 });
    const { status, words, headers } = await get(bus, '/stops/10004');
    assert.equal(status, 503);
    assert.ok(Number(headers.get('Retry-After')) > 0);
    assert.match(words, /LTA does not answer/);
    assert.match(words, /10e to Blk 9 No estimate\. .*First 05:30, last 00:00/);
    assert.equal((await get(bus, '/stops/10004?fragment=board')).status, 503);
    heal();
    await bus.clock.advance(60_000);
    assert.equal((await get(bus, '/stops/10004')).status, 200);
  });

  it('says so where what it shows is older, since LTA fails', async () => {
    await using bus = await createBus();
    bus.lta.setArrivals('10004', arrivalBody('10004', [{ service: '2', etas: [inMinutes(bus, 9)] }]));
    await get(bus, '/stops/10004');
    bus.lta.fail({ kind: 'answer', status: 500 });
    await bus.clock.advance(65_000);
    const { status, words } = await get(bus, '/stops/10004');
    assert.equal(status, 200);
    assert.match(words, /1 min old · from LTA · 12:00 LTA does not answer at the moment: these times are older/);
    assert.match(words, /2 to Blk 9 7 min/);
  });

  it('says with 503 what a key adds where none is set, and leads to the demo', async () => {
    await using bus = await createBus({ withoutLta: true });
    const { status, text, words } = await get(bus, '/stops/10004');
    assert.equal(status, 503);
    assert.match(words, /Not set up for real stops.*LTA_ACCOUNT_KEY/);
    assert.match(text, /href="https:\/\/datamall\.lta\.gov\.sg"/);
    assert.match(text, /href="\/bus\/stops\/99999"/);
    assert.doesNotMatch(text, /id="alert"|id="refresh"/, 'nothing is offered that cannot work');
    assert.match((await get(bus, '/direct?from=10001&to=10004')).words, /10e 3 stops/);
    assert.match((await get(bus, '/direct?from=10001&to=10004')).words, /Not set up for real stops\./);
    const demo = await get(bus, '/stops/99999');
    assert.equal(demo.status, 200);
    assert.match(demo.words, /Demo: these buses are made up/);
  });

  it('offers those demo stops alone that it shows, the same as the API names, with lists and without', async () => {
    const offered = (text: string) => [...text.matchAll(/href="\/bus\/stops\/(9999\d)"/g)].map(([, code = '']) => code);
    const namesOf = async (bus: TestBus) => {
      const { status, body } = await bus.ask('GET /v2/stops/10004/arrivals');
      assert.equal(status, 503);
      return String(body.detail).match(/9999\d/g);
    };
    await using listed = await createBus({ withoutLta: true });
    await using bare = await createTestBus({ withoutLta: true });
    for (const [bus, codes] of [
      [listed, ['99999', '99998', '99997']],
      [bare, Array.from({ length: 10 }, (_, n) => String(99_999 - n))],
    ] as const) {
      for (const path of ['/', '/stops/10004']) assert.deepEqual(offered((await get(bus, path)).text), codes, path);
      assert.deepEqual(await namesOf(bus), codes);
      for (const code of codes) {
        assert.equal((await get(bus, `/stops/${code}`)).status, 200, code);
        assert.equal((await get(bus, `/?q=${code}`)).headers.get('Location'), `/bus/stops/${code}`);
      }
    }
  });

  it('does not say that no service calls at a stop where the routes are not loaded', async () => {
    await using bus = await createTestBus();
    const stops = CODES.map((_, index) => stopRow(index));
    await publish({ store: bus.store, clock: bus.clock, from: 'file', rows: { stops }, allowShrink: true });
    const unknown = /No bus is told here, and the list of services is not loaded\./;
    assert.match((await get(bus, '/stops/10005')).words, unknown);
    bus.lta.fail({ kind: 'answer', status: 500 });
    const { status, words } = await get(bus, '/stops/10006');
    assert.equal(status, 503);
    assert.match(words, unknown);
    await using demo = await createTestBus({ withoutLta: true });
    const { words: other } = await get(demo, '/stops/00000');
    assert.match(other, unknown);
    assert.doesNotMatch(other, /real stop,/, 'nobody knows whether there is such a stop');
  });

  it('makes no markup of names, numbers or what was typed', async () => {
    await using bus = await createBus({
      stopName: '<img src=x> & "Co"',
      services: [{ service: '<i>9</i>', etas: [Date.parse('2026-01-08T04:05:00Z')] }],
    });
    for (const path of [
      '/stops/10004',
      '/?q=<img src=x>',
      '/?near=<img src=x>',
      '/stops/10004?service=<img src=x>',
      '/services/<img src=x>',
      '/direct?from=<img src=x>&to=10001',
    ]) {
      const { text } = await get(bus, path);
      assert.doesNotMatch(text, /<img|<i>/, path);
      const data = /<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(text)?.[1] ?? '';
      assert.ok(JSON.parse(data));
      assert.doesNotMatch(data, /</);
    }
  });

  it('weighs little, also with fifteen services and in every language', async () => {
    await using bus = await createBus();
    // With the three of the lists.
    const services = Array.from({ length: 12 }, (_, index) => ({
      service: String(100 + index),
      etas: [inMinutes(bus, index), inMinutes(bus, index + 9, { monitored: 0 }), inMinutes(bus, index + 20)],
    }));
    bus.lta.setArrivals('10004', arrivalBody('10004', services));
    for (const lang of ['en', 'zh', 'ms', 'ta']) {
      const plain = await get(bus, `/stops/10004?lang=${lang}`);
      const kib = Buffer.byteLength(plain.text) / 1024;
      assert.ok(kib < 40, `${lang}: ${kib}`);
      const packed = await bus.instance.fetch(
        new Request(`http://console.example/stops/10004?lang=${lang}`, { headers: { 'Accept-Encoding': 'gzip' } }),
      );
      assert.equal(packed.headers.get('Content-Encoding'), 'gzip');
      const bytes = (await packed.arrayBuffer()).byteLength;
      assert.ok(bytes < 14 * 1024, `${lang}: ${bytes}`);
    }
  });

  it('names those who make the tiles as they ask for it', async () => {
    for (const [tiles, credit] of [
      [
        'https://www.onemap.gov.sg/maps/tiles/Default/{z}/{x}/{y}.png',
        /OneMap<\/a> © contributors \| <a[^>]*>Singapore/,
      ],
      ['https://tile.openstreetmap.org/{z}/{x}/{y}.png', /© <a[^>]*copyright">OpenStreetMap<\/a> contributors/],
    ] as const) {
      await using bus = await createBus({ settings: { HAWKER_BUS_MAP_TILES: tiles } });
      assert.match((await get(bus, '/stops/10004')).text, credit);
    }
  });

  it('has a map only where the settings name tiles, and allows images from there alone', async () => {
    await using without = await createBus();
    assert.doesNotMatch((await get(without, '/stops/10004')).text, /<details class="map"/);
    await using bus = await createBus({ settings: { HAWKER_BUS_MAP_TILES: 'https://tiles.example/{z}/{x}/{y}.png' } });
    bus.lta.setArrivals(
      '10004',
      arrivalBody('10004', [{ service: '2', etas: [inMinutes(bus, 9, { lat: 1.306, lon: 103.8 })] }]),
    );
    const { text, headers } = await get(bus, '/stops/10004');
    assert.equal(text.match(/<img src="https:\/\/tiles\.example\/16\/\d+\/\d+\.png"/g)?.length, 9);
    assert.match(text, /<circle[^>]*><title>Bus 2<\/title>/);
    assert.match(text, /Map from <a href="https:\/\/tiles\.example\/">tiles\.example<\/a>/);
    const part = (await get(bus, '/stops/10004?fragment=board')).text;
    assert.match(part, /<title>Bus 2<\/title>/, 'buses on it move with the board');
    assert.match(headers.get('Content-Security-Policy') ?? '', /img-src 'self' data: https:\/\/tiles\.example;/);
  });
});
