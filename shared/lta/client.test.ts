import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createFakeClock } from '../testing/fake-clock.ts';
import { startFakeLta } from '../testing/fake-lta.ts';
import { arrivalBody } from '../testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createLtaClient } from './client.ts';

guardAgainstLeaks();

async function start() {
  const lta = await startFakeLta();
  const clock = createFakeClock();
  const client = createLtaClient({ baseUrl: lta.url, key: lta.key, clock });
  return { lta, clock, client, [Symbol.asyncDispose]: lta.close };
}

test('arrivals are one GET with the key, and the services of the reply', async () => {
  await using rig = await start();
  const eta = Date.parse('2026-11-23T01:41:48Z');
  rig.lta.setArrivals('01012', arrivalBody('01012', [{ service: '10e', operator: 'SMRT', etas: [eta] }]));
  const services = await rig.client.arrivals('01012');
  assert.equal(services.length, 1);
  assert.equal(services[0]?.slots[0]?.eta, eta);
  const [call, ...more] = rig.lta.calls;
  assert.deepEqual(more, []);
  assert.deepEqual([call?.method, call?.path, call?.stop], ['GET', '/v3/BusArrival', '01012']);
  assert.equal(call?.headers['accountkey'], rig.lta.key);
  assert.equal(call?.headers['accept'], 'application/json');
});

test('a stop cannot bring a parameter of its own along', async () => {
  await using rig = await start();
  await rig.client.arrivals('83139&ServiceNo=15#/../BusStops?');
  assert.equal(rig.lta.calls[0]?.stop, '83139&ServiceNo=15#/../BusStops?');
  assert.equal(rig.lta.calls[0]?.path, '/v3/BusArrival');
});

test('an empty list, no body at all and a body of blanks are all a quiet stop', async () => {
  await using rig = await start();
  assert.deepEqual(await rig.client.arrivals('00000'), []);
  for (const fault of [
    { kind: 'empty' },
    { kind: 'answer', status: 204 },
    { kind: 'answer', status: 200, body: ' \r\n' },
  ] as const) {
    rig.lta.fail(fault, { times: 1 });
    assert.deepEqual(await rig.client.arrivals('83139'), []);
  }
});

test('the content type is not asked; packed replies and a byte order mark are read', async () => {
  await using rig = await start();
  const body = JSON.stringify(arrivalBody('83139', [{ service: '15' }]));
  const answers = [
    { headers: { 'content-type': 'text/html' }, body },
    { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) },
    { body: `\ufeff${body}` },
  ];
  for (const answer of answers) {
    rig.lta.fail({ kind: 'answer', status: 200, ...answer }, { times: 1 });
    assert.equal((await rig.client.arrivals('83139'))[0]?.service, '15');
  }
});

test('a page is the rows after those that are skipped, as they came', async () => {
  await using rig = await start();
  const rows = Array.from({ length: 501 }, (_, n) => ({ BusStopCode: String(n), Latitude: 1.3, odd: [null] }));
  rig.lta.setSet('BusStops', rows);
  assert.deepEqual(await rig.client.page('BusStops', 0), rows.slice(0, 500));
  assert.deepEqual(await rig.client.page('BusStops', 500), rows.slice(500));
  assert.deepEqual(await rig.client.page('BusStops', 1_000), []);
  assert.deepEqual(
    rig.lta.calls.map(({ set, skip }) => [set, skip]),
    [
      ['BusStops', 0],
      ['BusStops', 500],
      ['BusStops', 1_000],
    ],
  );
});

test('calls that follow one another share connections', async () => {
  await using rig = await start();
  for (let n = 0; n < 6; n++) await rig.client.arrivals('83139');
  // fetch takes turns between two of them.
  assert.ok(new Set(rig.lta.calls.map(({ port }) => port)).size <= 2);
});

test('calls do not wait for one another', async () => {
  await using rig = await start();
  const release = rig.lta.hold({ stop: '83139' });
  const held = rig.client.arrivals('83139');
  await rig.client.arrivals('83049');
  release();
  await held;
});

test('an answer leaves no timer and no listener behind', async () => {
  await using rig = await start();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  await rig.client.arrivals('83139', signal);
  rig.lta.fail({ kind: 'answer', status: 500 });
  await assert.rejects(rig.client.arrivals('83139', signal));
  assert.equal(listeners, 0);
  assert.equal(rig.clock.sleepers, 0);
});
