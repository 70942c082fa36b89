import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createFakeClock } from '../testing/fake-clock.ts';
import { type FakeLta, startFakeLta } from '../testing/fake-lta.ts';
import type { LtaFault } from '../testing/fake-lta-faults.ts';
import { arrivalBody } from '../testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createLtaClient } from './client.ts';
import { LtaError, type LtaTrouble } from './lta.ts';

guardAgainstLeaks();

const clock = createFakeClock(Date.parse('2026-11-23T01:00:00Z'));
const clientOf = ({ url, key }: FakeLta) => createLtaClient({ baseUrl: url, key, clock });

async function troubleOf(attempt: Promise<unknown>): Promise<LtaError> {
  const error = await attempt.then(
    (answer) => assert.fail(`it was answered: ${inspect(answer)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LtaError, inspect(error));
  return error;
}

/** What nobody may find in an error. */
const SECRET_BODY = 'a piece of the answer';

function assertTellsNothing(error: LtaError, { url, key }: FakeLta): void {
  const all = `${inspect(error, { depth: 9, showHidden: true })} ${error.stack}`;
  for (const secret of [key, new URL(url).host, '83139', 'BusStopCode', 'piece of', 'Access Denied', 'Maintenance'])
    assert.ok(!all.includes(secret), `it tells ${secret}: ${all}`);
}

const answer = (status: number, body = SECRET_BODY, headers: Record<string, string> = {}): LtaFault => ({
  kind: 'answer',
  status,
  headers,
  body,
});

const refusals: [LtaFault, LtaTrouble, number | undefined][] = [
  [answer(401, ''), 'key_refused', 401],
  [answer(403, '<H1>Access Denied</H1>'), 'key_refused', 403],
  [answer(404, 'The requested API was not found'), 'not_found', 404],
  [answer(404, '{"fault":{"faultstring":"a piece of the answer"}}'), 'not_found', 404],
  [answer(429), 'rate_limited', 429],
  [answer(500, '{"BusStopCode":"ABC"}'), 'bad_status', 500],
  [answer(503), 'bad_status', 503],
  [answer(418), 'bad_status', 418],
  // A status speaks before the body does, however right that looks.
  [answer(500, JSON.stringify(arrivalBody('83139', []))), 'bad_status', 500],
  [answer(300), 'redirected', 300],
  [answer(304, ''), 'redirected', 304],
  [{ kind: 'html' }, 'bad_body', 200],
  [answer(200), 'bad_body', 200],
  [answer(200, '{"BusStopCode":"83139"}'), 'bad_body', 200],
  [answer(200, '{"BusStopCode":"83139","Services":null}'), 'bad_body', 200],
  [answer(200, 'null'), 'bad_body', 200],
  [answer(200, '['.repeat(200_000)), 'bad_body', 200],
  [{ kind: 'cut' }, 'bad_body', 200],
  [{ kind: 'gzip junk' }, 'bad_body', 200],
  [{ kind: 'gzip bomb' }, 'too_large', 200],
  [{ kind: 'endless body' }, 'too_large', 200],
  [answer(200, ' '.repeat(1_048_577)), 'too_large', 200],
  [answer(200, '{}', { 'x-filler': 'x'.repeat(40_000) }), 'too_large', undefined],
  [{ kind: 'lose' }, 'unreachable', undefined],
];

for (const [fault, trouble, httpStatus] of refusals)
  test(`${inspect(fault, { maxStringLength: 40, breakLength: 200 })} is ${trouble}, asked for once, and tells no secret`, async () => {
    await using lta = await startFakeLta();
    lta.setArrivals('83139', arrivalBody('83139', [{ service: '15' }]));
    lta.fail(fault);
    const error = await troubleOf(clientOf(lta).arrivals('83139'));
    assert.deepEqual([error.trouble, error.httpStatus], [trouble, httpStatus]);
    assert.equal(lta.calls.length, 1);
    assertTellsNothing(error, lta);
    lta.heal();
    assert.equal((await clientOf(lta).arrivals('83139')).length, 1);
  });

test('a body as large as it may be is read', async () => {
  await using lta = await startFakeLta();
  const body = JSON.stringify(arrivalBody('83139', [{ service: '15' }]));
  lta.fail(answer(200, body + ' '.repeat(1_048_576 - body.length)));
  assert.equal((await clientOf(lta).arrivals('83139')).length, 1);
});

for (const status of [301, 302, 303, 307, 308])
  test(`a redirect with ${status} is not followed: the key goes nowhere`, async () => {
    await using lta = await startFakeLta();
    await using elsewhere = await startFakeLta();
    lta.fail({ kind: 'redirect', status, to: `${elsewhere.url}/v3/BusArrival?BusStopCode=83139` });
    const error = await troubleOf(clientOf(lta).arrivals('83139'));
    assert.deepEqual([error.trouble, error.httpStatus], ['redirected', status]);
    assert.deepEqual(elsewhere.calls, []);
    assertTellsNothing(error, lta);
    assertTellsNothing(error, elsewhere);
  });

test('a wrong key is refused, and not shown', async () => {
  await using lta = await startFakeLta();
  const error = await troubleOf(createLtaClient({ baseUrl: lta.url, key: 'wrong-key', clock }).arrivals('83139'));
  assert.equal(error.trouble, 'key_refused');
  assert.ok(!inspect(error).includes('wrong-key'));
});

test('a key that no header can hold is not shown either', async () => {
  await using lta = await startFakeLta();
  const error = await troubleOf(createLtaClient({ baseUrl: lta.url, key: 'wrong\nkey', clock }).arrivals('83139'));
  assert.equal(error.trouble, 'unreachable');
  assert.ok(!/wrong/.test(inspect(error, { showHidden: true })));
});

test('what an answer asks for with Retry-After is told, in milliseconds', async () => {
  await using lta = await startFakeLta();
  for (const [status, header, expected] of [
    [429, '30', 30_000],
    [503, 'Mon, 23 Nov 2026 01:00:45 GMT', 45_000],
    [429, '86400', 600_000],
    [500, 'soon', undefined],
  ] as const) {
    lta.fail(answer(status, '', { 'retry-after': header }), { times: 1 });
    assert.equal((await troubleOf(clientOf(lta).arrivals('83139'))).retryAfterMs, expected);
  }
  lta.fail(answer(429, ''));
  assert.equal((await troubleOf(clientOf(lta).arrivals('83139'))).retryAfterMs, undefined);
});

for (const body of [
  '',
  ' ',
  '{}',
  '[]',
  'null',
  '7',
  '{"value":null}',
  '{"value":{}}',
  '{"value":[{},null]}',
  '{"value":[[]]}',
  '{"value":["x"]}',
])
  test(`a page that says ${body || 'nothing'} is a bad body, never the end of the set`, async () => {
    await using lta = await startFakeLta();
    lta.fail(answer(200, body));
    const error = await troubleOf(clientOf(lta).page('BusRoutes', 0));
    assert.deepEqual([error.trouble, error.httpStatus], ['bad_body', 200]);
  });

test('a page may be larger than arrivals, up to 4 MiB', async () => {
  await using lta = await startFakeLta();
  const rows = JSON.stringify({ value: [{ Description: 'x'.repeat(4_194_000) }] });
  lta.fail(answer(200, rows), { times: 1 });
  assert.equal((await clientOf(lta).page('BusStops', 0)).length, 1);
  for (const fault of [
    answer(200, rows + ' '.repeat(1_000)),
    { kind: 'gzip bomb' },
    { kind: 'endless body' },
  ] as const) {
    lta.fail(fault, { times: 1 });
    assert.equal((await troubleOf(clientOf(lta).page('BusStops', 0))).trouble, 'too_large');
  }
});
