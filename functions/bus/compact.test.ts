import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Lists, Network } from '#shared/bus/lists.ts';
import { sampleNetwork } from '#shared/bus/sample.ts';
import { createCalendar } from '#shared/bus/singapore-calendar.ts';
import { loadConfig } from '#shared/config.ts';
import { AppError } from '#shared/errors.ts';
import { createApp } from '#shared/http/app.ts';
import { systemIds } from '#shared/ids.ts';
import { openLta } from '#shared/lta/index.ts';
import { createAsk } from '#shared/testing/api-client.ts';
import { aNetwork, aRoute } from '#shared/testing/boards.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { type FakeLta, startFakeLta } from '#shared/testing/fake-lta.ts';
import { arrivalBody, type ShortService } from '#shared/testing/fake-lta-replies.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { compactRoutes } from './compact.ts';

guardAgainstLeaks();

const NOON = Date.parse('2026-01-08T12:00:00+08:00');
const PATH = '/api/lta-datamall/v1/bus-arrival';
const BAD_ID = '{"status":"bad bus stop id"}';
const FAILED = '{"status":"unable to retrieve results"}';
const listsOf = (current: () => Promise<Network>): Lists => ({ current });
const sample = listsOf(() => Promise.resolve(sampleNetwork()));
const real = listsOf(() => Promise.resolve(aNetwork([aRoute('15', 1, ['77009', '83139', '77008'])])));
const broken = listsOf(() => Promise.reject(new AppError('unavailable', 'the store does not answer')));

/** The routes over a real feed; without `fake` there is no key. */
function open(lists: Lists, fake?: FakeLta) {
  const clock = createFakeClock(NOON);
  const log = createKeptLog();
  const config = loadConfig(fake ? { LTA_ACCOUNT_KEY: fake.key, LTA_BASE_URL: fake.url } : {});
  const lta = openLta(config, { clock, ids: systemIds, log });
  const app = createApp({ log, ids: systemIds, clock });
  compactRoutes(app, { lists, lta: () => Promise.resolve(lta), clock, calendar: createCalendar([]), log });
  const ask = createAsk((request) => app.fetch(request));
  return { ask, clock, log, stop: (query: string, method = 'GET') => ask(`${method} ${PATH}?${query}`) };
}

async function withReply(services: readonly ShortService[]) {
  const fake = await startFakeLta();
  fake.setArrivals('83139', arrivalBody('83139', services));
  return fake;
}

describe('the demo', () => {
  const demo = (code: string) =>
    `{"services":[{"service_no":"55","next_bus":5,"next_bus_2":10,"next_bus_3":15},{"service_no":"44","next_bus":3,"next_bus_2":6,"next_bus_3":9}],"bus_stop_id":"${code}"}`;

  it('answers to any method, with or without a key, whatever the lists are', async () => {
    await using fake = await startFakeLta();
    for (const { stop, clock } of [open(sample), open(real, fake), open(broken)])
      for (const code of ['99999', '99998', '99997'])
        for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
          const { status, body, headers } = await stop(`bus-stop-id=${code}`, method);
          assert.deepEqual([status, body], [200, demo(code)], method);
          assert.equal(headers.get('Content-Type'), 'text/plain; charset=utf-8');
          assert.equal(headers.get('Access-Control-Allow-Origin'), '*');
          await clock.advance(777);
        }
    assert.equal(fake.calls.length, 0);
  });

  it('has no body for HEAD', async () => {
    const { status, body, headers } = await open(sample).stop('bus-stop-id=99999', 'HEAD');
    assert.deepEqual([status, body, headers.get('Content-Type')], [200, '', 'text/plain; charset=utf-8']);
  });

  it('has the other stops of the sample while there are no lists', async () => {
    const { body } = await open(sample).stop('bus-stop-id=99992');
    assert.match(
      body,
      /^\{"services":\[\{"service_no":"8","next_bus":-?\d+,"next_bus_2":\d+,"next_bus_3":\d+\}\],"bus_stop_id":"99992"\}$/,
    );
    assert.equal((await open(real).stop('bus-stop-id=99992')).body, '{"services":null,"bus_stop_id":"99992"}');
  });
});

it('is healthy', async () => {
  const { status, body, headers } = await open(broken).ask('GET /api/lta-datamall/v1/healthz');
  assert.deepEqual([status, body, headers.get('Content-Type')], [200, 'ok', 'text/plain; charset=utf-8']);
});

describe('a real stop', () => {
  it("has LTA's services in LTA's order, minutes cut off towards zero, 0 where no bus is told", async () => {
    await using fake = await withReply([
      { service: '51', etas: [NOON + 119_000, NOON + 59_000, NOON] },
      { service: '195', etas: [NOON - 90_000, NOON - 59_000, NOON + 3_600_000] },
      { service: '9', etas: [] },
      { service: '10e', etas: [undefined, undefined, NOON + 600_000] },
      { service: '51', etas: [NOON + 180_000] },
    ]);
    const { status, body } = await open(real, fake).stop('bus-stop-id=83139');
    assert.equal(status, 200);
    assert.equal(
      body,
      '{"services":[{"service_no":"51","next_bus":1,"next_bus_2":0,"next_bus_3":0},' +
        '{"service_no":"195","next_bus":-1,"next_bus_2":0,"next_bus_3":60},' +
        '{"service_no":"10e","next_bus":0,"next_bus_2":0,"next_bus_3":10},' +
        '{"service_no":"51","next_bus":3,"next_bus_2":0,"next_bus_3":0}],"bus_stop_id":"83139"}',
    );
  });

  it('has null where no bus is told at all', async () => {
    for (const services of [[], [{ service: '15' }]]) {
      await using fake = await withReply(services);
      assert.equal((await open(real, fake).stop('bus-stop-id=83139')).body, '{"services":null,"bus_stop_id":"83139"}');
    }
  });

  it('is told from a reply up to two minutes old, with minutes of now', async () => {
    await using fake = await withReply([{ service: '15', etas: [NOON + 300_000] }]);
    const { stop, clock } = open(real, fake);
    await stop('bus-stop-id=83139');
    fake.fail({ kind: 'answer', status: 500 });
    await clock.advance(90_000);
    assert.match((await stop('bus-stop-id=83139')).body, /"next_bus":3,/);
    await clock.advance(60_000);
    assert.deepEqual([(await stop('bus-stop-id=83139')).status, (await stop('bus-stop-id=83139')).body], [500, FAILED]);
  });

  it('is asked for without lists, and where only the sample could name it', async () => {
    await using fake = await withReply([{ service: '15', etas: [NOON + 300_000] }]);
    for (const lists of [broken, sample])
      assert.match((await open(lists, fake).stop('bus-stop-id=83139')).body, /"15"/);
  });

  it('costs no call where the list does not have it or it is no number', async () => {
    await using fake = await startFakeLta();
    const { stop } = open(real, fake);
    assert.deepEqual((await stop('bus-stop-id=12345')).body, '{"services":null,"bus_stop_id":"12345"}');
    assert.deepEqual((await stop('bus-stop-id=abcde')).body, '{"services":null,"bus_stop_id":"abcde"}');
    assert.equal(fake.calls.length, 0);
  });
});

describe('trouble', () => {
  it('is 500 in one shape, and in the log without the key', async () => {
    const { stop, log } = open(real);
    const { status, body, headers } = await stop('bus-stop-id=83139');
    assert.deepEqual([status, body, headers.get('Content-Type')], [500, FAILED, 'text/plain; charset=utf-8']);
    assert.equal(headers.get('Access-Control-Allow-Origin'), '*');
    assert.ok(log.lines.some((line) => JSON.stringify(line).includes('LTA_ACCOUNT_KEY')));
    for (const fault of [
      { kind: 'answer', status: 401 },
      { kind: 'html' },
      { kind: 'cut' },
      { kind: 'lose' },
    ] as const) {
      await using fake = await startFakeLta();
      fake.fail(fault);
      const failing = open(real, fake);
      assert.deepEqual([(await failing.stop('bus-stop-id=83139')).status], [500], fault.kind);
      assert.ok(!JSON.stringify(failing.log.lines).includes(fake.key));
    }
  });

  it('is 400 for an id that is not five bytes', async () => {
    const { stop } = open(real);
    const bad = [
      '',
      'bus-stop-id',
      'bus-stop-id=',
      'bus-stop-id=8313',
      'bus-stop-id=831399',
      'bus-stop-id=%F0%9F%9A%8C5x',
      'id=83139',
      'BUS-STOP-ID=83139',
    ];
    for (const query of bad) {
      const { status, body, headers } = await stop(query);
      assert.deepEqual([status, body, headers.get('Content-Type')], [400, BAD_ID, 'text/plain; charset=utf-8'], query);
    }
  });
});
