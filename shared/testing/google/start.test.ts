import assert from 'node:assert/strict';
import test from 'node:test';
import { createFakeClock } from '../fake-clock.ts';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { driveError } from './answers.ts';
import { ask, startDeck } from './checking.ts';
import { startFakeGoogle } from './start.ts';

guardAgainstLeaks();

const FLAVOR = { 'metadata-flavor': 'Google' };
const TOKEN = '/computeMetadata/v1/instance/service-accounts/default/token';

test('the metadata server tells who the service is, to whoever says the flavor', async () => {
  await using google = await startFakeGoogle({ project: 'demo' });
  const look = (path: string, headers: Record<string, string> = FLAVOR) =>
    ask(google, 'GET', `/computeMetadata/v1/${path}`, { headers });
  const email = await look('instance/service-accounts/default/email');
  assert.deepEqual(
    [email.text, email.headers.get('metadata-flavor')],
    ['hawker@demo.iam.gserviceaccount.com', 'Google'],
  );
  assert.equal((await look('project/project-id')).text, 'demo');
  assert.equal((await look('project/project-id', {})).status, 403);
  assert.equal((await look('project/project-id', { ...FLAVOR, 'x-forwarded-for': '10.0.0.1' })).status, 403);
  const { text } = await look('instance/service-accounts/default/identity?audience=https://a.example');
  assert.equal(google.signer.opened(text)?.['aud'], 'https://a.example');
  assert.deepEqual(google.forbidden(), []);
});

test('a token has the scopes that were asked for, and ends by time or when it is taken back', async () => {
  const clock = createFakeClock();
  await using google = await startFakeGoogle({ clock });
  const deck = google.slides.addDeck();
  const take = async (scopes: string) =>
    (await ask(google, 'GET', `${TOKEN}?scopes=${scopes}`, { headers: FLAVOR })).json;
  const read = async (token: string) => (await ask(google, 'GET', `/v1/presentations/${deck}`, { token })).status;
  const scope = 'https://www.googleapis.com/auth/presentations';
  const one = await take(scope);
  const other = await take(`${scope},https://www.googleapis.com/auth/drive.readonly`);
  assert.notEqual(one.access_token, other.access_token);
  assert.equal(await read(one.access_token), 200);
  assert.equal(await read((await take('https://www.googleapis.com/auth/cloud-platform')).access_token), 403);
  google.tokens.revoke(one.access_token);
  assert.equal(await read(one.access_token), 401);
  assert.equal(await read(other.access_token), 200);
  await clock.advance(one.expires_in * 1_000);
  assert.equal(await read(other.access_token), 401);
});

test('a person is spoken for by an assertion that IAM credentials signed, within what the domain allows', async () => {
  const clock = createFakeClock();
  await using google = await startFakeGoogle({ clock });
  const deck = google.slides.addDeck({ sharedWith: ['ann@example.com'] });
  const now = Math.floor(clock.now() / 1_000);
  const good = {
    iss: google.account,
    sub: 'ann@example.com',
    scope: 'https://www.googleapis.com/auth/presentations',
    aud: 'https://oauth2.googleapis.com/token',
    iat: now,
    exp: now + 3_600,
  };
  const sign = async (payload: object, scopes = ['cloud-platform'], account = google.account) =>
    ask(google, 'POST', `/v1/projects/-/serviceAccounts/${encodeURIComponent(google.account)}:signJwt`, {
      token: google.issueToken({ account, scopes }),
      json: { payload: JSON.stringify(payload) },
    });
  const exchange = async (assertion: string) => {
    const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    const response = await fetch(`${google.url}/token`, { method: 'POST', body, headers: { connection: 'close' } });
    return (await response.json()) as { access_token?: string; error?: string };
  };
  assert.equal((await sign(good, ['presentations'])).status, 403);
  assert.equal((await sign(good, ['cloud-platform'], 'else@demo.iam.gserviceaccount.com')).status, 403);
  const signed = (await sign(good)).json.signedJwt as string;
  const { access_token: token } = await exchange(signed);
  assert.equal((await ask(google, 'GET', `/v1/presentations/${deck}`, { token })).status, 200);
  assert.equal(google.requests.at(-1)?.account, 'ann@example.com');
  const bad: [object, string][] = [
    [{ sub: 'ann@elsewhere.com' }, 'invalid_grant'],
    [{ scope: 'https://www.googleapis.com/auth/drive' }, 'unauthorized_client'],
    [{ scope: '' }, 'invalid_scope'],
    [{ iss: 'else@demo' }, 'invalid_grant'],
    [{ aud: 'https://slides.googleapis.com/' }, 'invalid_grant'],
    [{ exp: now }, 'invalid_grant'],
    [{ exp: now + 3_601 }, 'invalid_grant'],
  ];
  for (const [part, error] of bad) {
    const { signedJwt } = (await sign({ ...good, ...part })).json;
    assert.equal((await exchange(signedJwt)).error, error, JSON.stringify(part));
  }
  const [header, , signature] = signed.split('.');
  const forged = Buffer.from(JSON.stringify({ ...good, sub: 'bob@example.com' })).toString('base64url');
  assert.equal((await exchange(`${header}.${forged}.${signature}`)).error, 'invalid_grant');
});

test('what was asked is kept without its token, and what must never be asked is told', async () => {
  await using google = await startFakeGoogle();
  const token = google.issueToken({ account: 'ann@example.com', scopes: ['drive'] });
  const file = google.drive.addFile({ sharedWith: ['ann@example.com'], bytes: Buffer.from('x') });
  assert.equal((await ask(google, 'GET', `/drive/v3/files/${file}?fields=id`, { token })).status, 200);
  const [call] = google.requests;
  assert.deepEqual(
    [call?.account, call?.scopes, call?.query],
    ['ann@example.com', ['https://www.googleapis.com/auth/drive'], { fields: 'id' }],
  );
  assert.equal(JSON.stringify(google.requests).includes(token), false);
  assert.deepEqual(google.forbidden(), []);
  const never: [method: string, path: string][] = [
    ['POST', `/drive/v3/files/${file}/permissions`],
    ['POST', '/drive/v3/files'],
    ['POST', '/upload/drive/v3/files?uploadType=media'],
    ['PATCH', `/drive/v3/files/${file}`],
    ['DELETE', `/drive/v3/files/${file}`],
    ['GET', '/drive/v3/files'],
    ['POST', '/v1/presentations'],
    ['GET', `/drive/v3/files/${file}?fields=id&access_token=any`],
    ['GET', `/drive/v3/files/${file}?fields=id&key=${token}`],
    ['GET', '/drive/v3/about/storageQuota'],
    ['GET', '/'],
  ];
  for (const [index, [method, path]] of never.entries()) {
    await ask(google, method, path, { token, ...(method === 'POST' && { json: { role: 'reader', type: 'anyone' } }) });
    assert.equal(google.forbidden().length, index + 1, `${method} ${path}`);
  }
  assert.equal(google.forbidden().join().includes(token), false);
});

test('writes beyond the quota of a minute are refused with 429', async () => {
  const clock = createFakeClock();
  await using deck = await startDeck({}, { clock, writesPerMinute: 2 });
  const write = async () => (await deck.batch([{ deleteObject: { objectId: 'nothing' } }])).status;
  assert.deepEqual([await write(), await write(), await write()], [400, 400, 429]);
  await clock.advance(60_000);
  assert.equal(await write(), 400);
});

test('a fault before the work leaves everything as it is, one after it does not', async () => {
  for (const [kind, done] of [
    ['status', false],
    ['lose', false],
    ['late status', true],
    ['lost answer', true],
    ['garbage', true],
    ['half', true],
    ['cut', true],
  ] as const) {
    await using deck = await startDeck();
    deck.google.fail({ kind, status: 503, method: 'POST', path: /:batchUpdate$/, times: 1 });
    const outcome = await deck.batch([{ deleteObject: { objectId: 'slide_1' } }]).catch(() => undefined);
    assert.equal(deck.slides.batches.length, done ? 1 : 0, kind);
    if (kind === 'status' || kind === 'late status')
      assert.deepEqual([outcome?.status, outcome?.json.error.status], [503, 'UNAVAILABLE']);
    else if (kind === 'half') assert.throws(() => JSON.parse(outcome?.text ?? ''));
    else if (kind === 'garbage') assert.match(outcome?.text ?? '', /^<!DOCTYPE/);
    else assert.equal(outcome, undefined, kind);
    assert.equal((await deck.get()).status, 200);
  }
});

test('a fault is for some requests, after some, for so many, and until it is healed', async () => {
  await using deck = await startDeck();
  const { google } = deck;
  const statuses = async (count: number) => {
    const all: number[] = [];
    for (let at = 0; at < count; at++) all.push((await deck.get()).status);
    return all;
  };
  google.fail({ kind: 'status', status: 500, method: 'POST' });
  google.fail({ kind: 'status', status: 429, retryAfter: '7', path: /^\/v1\/presentations/, after: 1, times: 2 });
  assert.deepEqual(await statuses(4), [200, 429, 429, 200]);
  const stop = google.fail({ kind: 'status', status: 429, retryAfter: '7' });
  assert.equal((await deck.get()).headers.get('retry-after'), '7');
  stop();
  google.fail({ kind: 'status', status: 403, body: driveError(403, 'userRateLimitExceeded', 'Slow') });
  assert.equal((await deck.get()).json.error.errors[0].domain, 'usageLimits');
  google.heal();
  assert.deepEqual(await statuses(1), [200]);
});

test('requests can be held before the work and before the answer, and hang', async () => {
  await using deck = await startDeck();
  const gate = Promise.withResolvers<void>();
  deck.google.fail({ kind: 'hold', until: gate.promise, times: 1 });
  const held = deck.batch([{ deleteObject: { objectId: 'slide_1' } }]);
  await deck.google.arrived(/batchUpdate/);
  assert.equal(deck.slides.batches.length, 0);
  gate.resolve();
  assert.equal((await held).status, 200);
  const answer = Promise.withResolvers<void>();
  deck.google.fail({ kind: 'hold answer', until: answer.promise, times: 1 });
  const late = deck.get();
  await deck.google.arrived(/presentations/, 2);
  answer.resolve();
  assert.equal((await late).json.presentationId, deck.id);
  for (const kind of ['hang', 'late hang', 'stall', 'endless'] as const) {
    deck.google.fail({ kind, times: 1 });
    const signal = new AbortController();
    const before = deck.google.requestsTo(/^\/$/).length;
    const asked = fetch(deck.google.url, { signal: signal.signal }).then((response) => response.text());
    await deck.google.arrived(/^\/$/, before + 1);
    signal.abort();
    await assert.rejects(asked);
  }
});
