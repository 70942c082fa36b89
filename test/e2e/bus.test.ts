/** Bus arrivals as a whole: a real Hawker, an LTA on loopback, lists that it fetches by itself, and everything that may go wrong with them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { aCity, stopCode } from '#shared/testing/datamall-rows.ts';
import { type FakeLta, startFakeLta } from '#shared/testing/fake-lta.ts';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { type Hawker, startHawker, until } from '../support/hawker.ts';

guardAgainstLeaks();

/** The server's own zone is far away from Singapore; nothing may show it. */
const FAR_AWAY = { TZ: 'America/Los_Angeles' };
const STOP = stopCode(3);
const QUIET = stopCode(5);
const MINUTE = 60_000;

const settingsFor = (lta: FakeLta) => ({ LTA_BASE_URL: lta.url, LTA_ACCOUNT_KEY: lta.key, ...FAR_AWAY });

async function aWorkingLta(): Promise<FakeLta> {
  const lta = await startFakeLta();
  const { stops, services, routes } = aCity();
  lta.setSet('BusStops', stops);
  lta.setSet('BusServices', services);
  lta.setSet('BusRoutes', routes);
  lta.setArrivals(STOP, (now: number) =>
    arrivalBody(STOP, [
      {
        service: '1',
        etas: [
          { eta: now + 3 * MINUTE + 40_000, destination: stopCode(9) },
          { eta: now + 12 * MINUTE + 40_000, monitored: 0, destination: stopCode(9) },
        ],
      },
    ]),
  );
  return lta;
}

const listsOf = async (hawker: Hawker) =>
  (await hawker.ask('/bus/v2/stops?q=10004')).json<{ meta: { lists: { source: string } } }>().meta.lists.source;

describe('without a key', () => {
  let hawker: Hawker;
  before(async () => {
    hawker = await startHawker({ env: FAR_AWAY });
  });
  after(() => hawker[Symbol.asyncDispose]());

  it('shows buses at the demo stop, on the page, in both forms and as text', async () => {
    const page = await hawker.ask('/bus/stops/99999', { anonymous: true });
    assert.equal(page.status, 200);
    assert.match(page.text, /Demo Mkt/);
    const compact = await hawker.ask('/api/lta-datamall/v1/bus-arrival?bus-stop-id=99999', { anonymous: true });
    assert.equal(
      compact.text,
      '{"services":[{"service_no":"55","next_bus":5,"next_bus_2":10,"next_bus_3":15},{"service_no":"44","next_bus":3,"next_bus_2":6,"next_bus_3":9}],"bus_stop_id":"99999"}',
    );
    const board = await hawker.ask('/bus/v2/stops/99999/arrivals', { anonymous: true });
    assert.equal(board.json<{ meta: { source: string } }>().meta.source, 'demo');
    const text = await hawker.ask('/bus/v2/stops/99999/arrivals', { headers: { Accept: 'text/plain' } });
    assert.match(text.text, /^99999 Demo Mkt/);
  });

  it('says of a real stop what is missing', async () => {
    const { status, text } = await hawker.ask('/bus/v2/stops/83139/arrivals', { anonymous: true });
    assert.equal(status, 503);
    assert.match(text, /"code":"not_configured"/);
    assert.match(text, /LTA_ACCOUNT_KEY/);
  });
});

describe('with a key', () => {
  let lta: FakeLta;
  let hawker: Hawker;
  before(async () => {
    lta = await aWorkingLta();
    hawker = await startHawker({ env: settingsFor(lta) });
    await until(
      () => listsOf(hawker),
      (source) => source === 'datamall',
      40_000,
    );
  });
  after(async () => {
    await hawker[Symbol.asyncDispose]();
    await lta.close();
  });

  it('has fetched the lists by itself and finds stops in them', async () => {
    const { items } = (await hawker.ask('/bus/v2/stops?q=blk%203')).json<{ items: { code: string }[] }>();
    assert.ok(items.some(({ code }) => code === STOP));
    const near = (await hawker.ask('/bus/v2/stops?near=1.306,103.8&limit=1')).json<{ items: { code: string }[] }>();
    assert.equal(near.items[0]?.code, STOP);
  });

  it('tells an unknown stop, a quiet stop and a failing LTA apart', async () => {
    const unknown = await hawker.ask('/bus/v2/stops/55555/arrivals');
    assert.deepEqual([unknown.status, unknown.json()['code']], [404, 'not_found']);
    const quiet = await hawker.ask(`/bus/v2/stops/${QUIET}/arrivals`);
    assert.equal(quiet.status, 200);
    const services = quiet.json<{ services: { status: string; buses: [] }[] }>().services;
    assert.ok(services.length > 0 && services.every(({ buses }) => buses.length === 0));
    const heal = lta.fail({ kind: 'answer', status: 500, body: '{}' }, { stop: stopCode(6) });
    const failing = await hawker.ask(`/bus/v2/stops/${stopCode(6)}/arrivals`);
    heal();
    assert.deepEqual([failing.status, failing.json()['code']], [503, 'unavailable']);
    assert.ok(Number(failing.headers['retry-after']) >= 1);
    assert.equal(new Set([unknown, quiet, failing].map(({ text }) => text)).size, 3);
  });

  it('asks LTA once for a hundred readers and fifty streams, of whom half hang up', async () => {
    const before = lta.callsOf(STOP).length;
    const release = lta.hold({ stop: STOP });
    const leaving = Array.from({ length: 50 }, () => openStream(hawker.port, `/bus/v2/stops/${STOP}/arrivals`));
    const readers = Array.from({ length: 100 }, () => hawker.ask(`/bus/v2/stops/${STOP}/arrivals`));
    const streams = Array.from({ length: 50 }, () => openStream(hawker.port, `/bus/v2/stops/${STOP}/stream`));
    await until(
      async () => lta.callsOf(STOP).length,
      (calls) => calls > before,
    );
    for (const { request } of leaving) request.destroy();
    release();
    for (const { status, text } of await Promise.all(readers)) {
      assert.equal(status, 200);
      assert.match(text, /"status":"live"/);
    }
    for (const { response } of streams) assert.equal((await response).statusCode, 200);
    for (const { request } of streams) request.destroy();
    assert.equal(lta.callsOf(STOP).length - before, 1);
  });

  it('serves the compact form under the address that others rely on', async () => {
    const { headers, text } = await hawker.ask(`/api/lta-datamall/v1/bus-arrival?bus-stop-id=${STOP}`);
    assert.equal(
      text,
      `{"services":[{"service_no":"1","next_bus":3,"next_bus_2":12,"next_bus_3":0}],"bus_stop_id":"${STOP}"}`,
    );
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  });

  it('ends streams at once when it is told to stop, and never told anybody the key', async () => {
    const stream = openStream(hawker.port, `/bus/v2/stops/${STOP}/stream`);
    const response = await stream.response;
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = once(response, 'end');
    assert.equal(await hawker.stop('SIGTERM'), 0);
    await ended;
    assert.match(text, /event: reset/);
    assert.match(text, /event: end\ndata: \{"reason":"restart"\}/);
    assert.ok(!hawker.output().includes(lta.key));
    assert.match(hawker.output(), /new bus lists were fetched/);
  });
});

describe('lists that are in doubt', () => {
  it('leave the old ones as they are, over a restart as well', async () => {
    await using lta = await aWorkingLta();
    const first = await startHawker({ env: settingsFor(lta) });
    try {
      await until(
        () => listsOf(first),
        (source) => source === 'datamall',
        40_000,
      );
      await first.stop('SIGKILL');
      lta.setSet('BusStops', aCity({ stops: 20 }).stops);
      await using second = await startHawker({ data: first.data, env: settingsFor(lta) });
      const { status } = await second.ask(`/bus/v2/stops/${stopCode(100)}`);
      assert.equal(status, 200);
    } finally {
      await first[Symbol.asyncDispose]();
    }
  });
});

function openStream(port: number, path: string) {
  const request = get({ port, host: '127.0.0.1', path, agent: false, headers: { Host: `localhost:${port}` } });
  const response = once(request, 'response').then(([answer]) => answer as IncomingMessage);
  request.on('error', () => undefined);
  response.catch(() => undefined);
  return { request, response };
}
