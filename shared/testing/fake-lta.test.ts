import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from './fake-clock.ts';
import { type FakeLta, startFakeLta } from './fake-lta.ts';
import { arrivalBody, BLANK_SLOT } from './fake-lta-replies.ts';
import { guardAgainstLeaks } from './leak-guard.ts';

guardAgainstLeaks();

const ask = (lta: FakeLta, path: string, options: RequestInit = {}) =>
  fetch(`${lta.url}${path}`, { headers: { AccountKey: lta.key }, redirect: 'manual', ...options });

test('it answers what was recorded of the real one', async () => {
  await using lta = await startFakeLta();
  const cases: [string, RequestInit, number, RegExp, RegExp][] = [
    ['/v3/BusArrival?BusStopCode=83139', { headers: {} }, 401, /^text\/plain/, /^$/],
    ['/v3/BusArrival?BusStopCode=83139', { headers: { AccountKey: 'other' } }, 401, /^text\/plain/, /^$/],
    ['/v3/BusArrival', {}, 403, /^text\/html/, /Access Denied/],
    ['/v3/BusArrival?BusStopCode=00000', {}, 200, /^application\/json/, /"BusStopCode":"00000","Services":\[\]/],
    ['/BusArrivalv2?BusStopCode=83139', {}, 404, /^text\/plain/, /^The requested API was not found$/],
    ['/v3/BusArrival?BusStopCode=83139', { method: 'POST' }, 404, /^text\/plain/, /not found/],
    ['/BusRoutes?$skip=500', {}, 200, /^application\/json/, /"odata.metadata":".*","value":\[\]/],
  ];
  for (const [path, options, status, type, body] of cases) {
    const response = await ask(lta, path, options);
    assert.equal(response.status, status, path);
    assert.match(response.headers.get('content-type') ?? '', type);
    assert.match(await response.text(), body);
  }
  assert.equal(lta.calls.length, cases.length);
  const outside = await fetch(new URL('/v3/BusArrival?BusStopCode=83139', lta.url), {
    headers: { AccountKey: lta.key },
  });
  assert.equal(outside.status, 404);
});

test('a set is served in pages of 500', async () => {
  await using lta = await startFakeLta();
  lta.setSet('BusStops', [...Array(501).keys()]);
  const page = async (query: string) =>
    ((await (await ask(lta, `/BusStops${query}`)).json()) as { value: unknown[] }).value;
  assert.equal((await page('')).length, 500);
  assert.deepEqual(await page('?$skip=500'), [500]);
  assert.deepEqual(await page('?%24skip=501'), []);
  lta.fail({ kind: 'endless pages' });
  assert.equal((await page('?$skip=501')).length, 500);
});

test('a reply may be made anew for every call', async () => {
  const clock = createFakeClock();
  await using lta = await startFakeLta({ clock });
  lta.setArrivals('83139', (now: number) => arrivalBody('83139', [{ service: '15', etas: [now + 60_000] }]));
  const text = async () => (await ask(lta, '/v3/BusArrival?BusStopCode=83139')).text();
  assert.match(await text(), /"EstimatedArrival":"2026-01-01T08:01:00\+08:00"/);
  await clock.advance(20_000);
  assert.match(await text(), /"EstimatedArrival":"2026-01-01T08:01:20\+08:00"/);
  assert.deepEqual(
    lta.callsOf('83139').map(({ at }) => at),
    [0, 20_000],
  );
  assert.deepEqual(lta.callsOf('83049'), []);
});

test('a fault meets the requests it is meant for, as often as it is meant to', async () => {
  await using lta = await startFakeLta();
  const statuses = async (...paths: string[]) => {
    const found: number[] = [];
    for (const path of paths) found.push((await ask(lta, path)).status);
    return found;
  };
  const stop = '/v3/BusArrival?BusStopCode=83139';
  const other = '/v3/BusArrival?BusStopCode=83049';
  lta.fail({ kind: 'answer', status: 503 }, { stop: '83139', times: 1 });
  assert.deepEqual(await statuses(other, stop, stop), [200, 503, 200]);
  const clear = lta.fail({ kind: 'answer', status: 429 }, { path: '/BusStops', skip: 500 });
  assert.deepEqual(await statuses(stop, '/BusStops', '/BusStops?$skip=500'), [200, 200, 429]);
  clear();
  assert.deepEqual(await statuses('/BusStops?$skip=500'), [200]);
  lta.fail({ kind: 'answer', status: 500 });
  assert.deepEqual(await statuses(stop, '/BusStops'), [500, 500]);
  lta.heal();
  assert.deepEqual(await statuses(stop, '/BusStops'), [200, 200]);
});

test('held requests are answered when they are let go', async () => {
  await using lta = await startFakeLta();
  const release = lta.hold({ stop: '83139' });
  let answered = false;
  const held = ask(lta, '/v3/BusArrival?BusStopCode=83139').then((response) => {
    answered = true;
    return response.text();
  });
  await lta.called(1);
  await (await ask(lta, '/v3/BusArrival?BusStopCode=83049')).text();
  assert.equal(answered, false);
  release();
  await held;
});

test('it ends with requests of every kind still open', async () => {
  const lta = await startFakeLta();
  const kinds = ['stall headers', 'stall body', 'endless body'] as const;
  for (const [n, kind] of kinds.entries()) lta.fail({ kind }, { stop: String(n) });
  lta.hold({ stop: '9' });
  const open = [0, 1, 2, 9].map((stop) =>
    ask(lta, `/v3/BusArrival?BusStopCode=${stop}`).then((response) => response.body?.pipeTo(new WritableStream())),
  );
  await lta.called(4);
  await lta.close();
  for (const { status } of await Promise.allSettled(open)) assert.equal(status, 'rejected');
});

test('a short form becomes what LTA writes', () => {
  const eta = Date.parse('2026-11-23T01:41:48.900Z');
  assert.deepEqual(
    arrivalBody('83139', [
      {
        service: '15',
        operator: 'GAS',
        etas: [new Date(eta), { eta, monitored: 0, visit: 2, type: 'DD', load: 'LSD' }],
      },
    ]),
    {
      'odata.metadata': 'https://datamall2.mytransport.sg/ltaodataservice/v3/BusArrival',
      BusStopCode: '83139',
      Services: [
        {
          ServiceNo: '15',
          Operator: 'GAS',
          NextBus: {
            OriginCode: '77009',
            DestinationCode: '77009',
            EstimatedArrival: '2026-11-23T09:41:48+08:00',
            Monitored: 1,
            Latitude: '1.3154918333333334',
            Longitude: '103.9059125',
            VisitNumber: '1',
            Load: 'SEA',
            Feature: 'WAB',
            Type: 'SD',
          },
          NextBus2: {
            OriginCode: '77009',
            DestinationCode: '77009',
            EstimatedArrival: '2026-11-23T09:41:48+08:00',
            Monitored: 0,
            Latitude: '0.0',
            Longitude: '0.0',
            VisitNumber: '2',
            Load: 'LSD',
            Feature: 'WAB',
            Type: 'DD',
          },
          NextBus3: BLANK_SLOT,
        },
      ],
    },
  );
});
