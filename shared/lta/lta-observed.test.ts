/** What is measured and traced of LTA DataMall. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { startFakeLta } from '../testing/fake-lta.ts';
import { arrivalBody } from '../testing/fake-lta-replies.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { watchTelemetry } from '../testing/watched-telemetry.ts';
import { openLta } from './index.ts';
import { STALE_MS, TTL_MS } from './lta.ts';

guardAgainstLeaks();

async function start() {
  const telemetry = await watchTelemetry();
  const lta = await startFakeLta();
  lta.setArrivals('83139', arrivalBody('83139', [{ service: '15' }]));
  const clock = createFakeClock();
  const settings = { LTA_ACCOUNT_KEY: lta.key, LTA_BASE_URL: lta.url };
  const { client, feed } = openLta(loadConfig(settings), { clock, ids: systemIds, log: createKeptLog() });
  assert.ok(client && feed);
  return {
    ...{ telemetry, lta, clock, client, feed },
    async [Symbol.asyncDispose]() {
      telemetry[Symbol.dispose]();
      await lta[Symbol.asyncDispose]();
    },
  };
}

test('a call is a span and a measurement of its operation, and takes no trace to LTA', async () => {
  await using rig = await start();
  const { telemetry, lta, client } = rig;
  const line = await telemetry.invoke(async () => {
    await client.arrivals('83139');
    await client.page('BusStops', 0);
  });
  assert.deepEqual(Object.keys(line['steps'] as object), ['lta.arrivals', 'lta.list']);
  assert.equal(line['upstreamError'], undefined);
  assert.deepEqual(telemetry.span('lta.arrivals').attributes, {
    'http.request.method': 'GET',
    'server.address': '127.0.0.1',
    'http.response.status_code': 200,
  });
  assert.deepEqual(telemetry.series('hawker.upstream.duration'), { 'lta arrivals': 1, 'lta list': 1 });
  for (const { headers } of lta.calls) assert.equal(headers['traceparent'], undefined);
});

test('a failed call says what was wrong with the answer, not with which stop or key', async () => {
  await using rig = await start();
  const { telemetry, lta, client } = rig;
  for (const fault of [
    { kind: 'answer', status: 429 },
    { kind: 'answer', status: 200, body: '{"no": "arrivals"}' },
  ] as const) {
    lta.fail(fault, { times: 1 });
    const line = await telemetry.invoke(() => client.arrivals('83139'));
    assert.match(String(line['upstreamError']), /^lta\.arrivals (rate_limited|bad_body)$/);
  }
  assert.deepEqual(telemetry.series('hawker.upstream.duration'), {
    'lta arrivals rate_limited': 1,
    'lta arrivals bad_body': 1,
  });
  const told = JSON.stringify(telemetry.spans.map(({ name, attributes, status }) => [name, attributes, status]));
  assert.ok(!told.includes(lta.key) && !told.includes('83139'), told);
});

test('readings are counted by how fresh they were when they were given out', async () => {
  await using rig = await start();
  const { telemetry, lta, clock, feed } = rig;
  const given = () => telemetry.series('hawker.bus.readings');
  await feed.read('83139');
  await feed.read('83139');
  assert.deepEqual(given(), { live: 1, cached: 1 });
  await clock.advance(TTL_MS);
  lta.fail({ kind: 'answer', status: 503 });
  await feed.read('83139');
  assert.deepEqual(given(), { live: 1, cached: 1, stale: 1 });
  await clock.advance(STALE_MS);
  await assert.rejects(feed.read('83139'));
  assert.deepEqual(given(), { live: 1, cached: 1, stale: 1, none: 1 });
});

test('the budget that is left and the open breaker are told as they are', async () => {
  await using rig = await start();
  const { telemetry, lta, clock, feed } = rig;
  const left = () => telemetry.series('hawker.upstream.budget_left')['lta'];
  const full = feed.state().callsLeft;
  assert.equal(left(), full);
  assert.deepEqual(telemetry.series('hawker.upstream.breaker_open'), { lta: 0 });
  await feed.read('83139');
  assert.equal(left(), full - 1);
  lta.fail({ kind: 'answer', status: 401 });
  await assert.rejects(feed.read('01012'));
  assert.deepEqual(telemetry.series('hawker.upstream.breaker_open'), { lta: 1 });
  await clock.advance(60_000);
  assert.deepEqual(telemetry.series('hawker.upstream.breaker_open'), { lta: 0 }, 'it may be asked again');
});
