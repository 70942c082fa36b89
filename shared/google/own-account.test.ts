import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, beforeEach, describe, it } from 'node:test';
import { jwtVerify } from 'jose';
import { type AppError, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { SCOPES } from './identity.ts';
import { createOwnAccount } from './own-account.ts';
import { ample, serve, skipping, startRig, told } from './rig.ts';

guardAgainstLeaks();

const folder = mkdtempSync(join(tmpdir(), 'hawker-credentials-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = ample;
const SUBJECT = { HAWKER_GOOGLE_SUBJECT: 'ann@example.com' };
const TOKEN = /^\/token$/;

beforeEach(() => {
  delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  // So that no sign-in of whoever runs this is found.
  process.env['CLOUDSDK_CONFIG'] = folder;
});

const start = (settings: Record<string, string> = {}) => startRig(process.env, { settings });

function useFile(content: unknown): void {
  const file = join(folder, 'credentials.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
}

describe('the account of the place this runs in', () => {
  it('gets a token of one scope for each API, once', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const file = rig.server.drive.addFile({ bytes: Buffer.from('x') });
    await Promise.all([1, 2, 3].map(() => rig.own.slides.presentation(deck, ample)));
    await rig.own.drive.file(file, ample);
    await rig.own.drive.file(file, ample);
    const asked = rig.server.requestsTo(/service-accounts\/default\/token$/).map(({ query }) => query['scopes']);
    assert.deepEqual(asked, [SCOPES.slides, SCOPES.drive]);
    assert.equal(await rig.own.account(), rig.server.account);
    assert.equal(rig.clock.sleepers, 0);
  });

  it('is not known while the metadata server does not tell, and is later', async () => {
    await using rig = await start();
    const heal = rig.server.fail({ kind: 'status', status: 404, path: /email$/ });
    assert.equal(await rig.own.account(), undefined);
    heal();
    assert.equal(await rig.own.account(), rig.server.account);
  });

  it('has no service account where the metadata server knows none', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'status', status: 404, path: /token$/ });
    await assert.rejects(rig.own.slides.presentation('1deck', ample), { code: 'not_configured' });
  });

  it('is unavailable where there is no token within 20 seconds', async () => {
    await using rig = await start();
    const heal = rig.server.fail({ kind: 'hang', path: /token$/ });
    const read = assert.rejects(rig.own.slides.presentation('1deck', ample), { code: 'unavailable' });
    await rig.server.arrived(/token$/);
    await rig.clock.advance(20_000);
    await read;
    heal();
    await assert.rejects(rig.own.slides.presentation('1deck', ample), { code: 'not_found' });
  });

  it('is waited for no longer than the caller has time', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'hang', path: /token$/, times: 1 });
    const impatient = new AbortController();
    const read = assert.rejects(rig.own.slides.presentation('1deck', { signal: impatient.signal }), {
      code: 'unavailable',
    });
    await rig.server.arrived(/token$/);
    impatient.abort();
    await read;
    await rig.clock.advance(20_000);
  });
});

describe('no credentials', () => {
  it('are told with what to do about it, and looked for again', async () => {
    await using rig = await start();
    const heal = rig.server.fail({ kind: 'status', status: 404, path: /^\/computeMetadata/ });
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    const deck = rig.server.slides.addDeck();
    await assert.rejects(rig.own.slides.presentation(deck, ample), { code: 'not_configured' });
    process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
    heal();
    assert.equal((await rig.own.slides.presentation(deck, ample)).presentationId, deck);
  });

  it('are nobody, until there are some', async () => {
    await using rig = await start();
    const heal = rig.server.fail({ kind: 'status', status: 404, path: /^\/computeMetadata/ });
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    assert.equal(await rig.own.account(), undefined);
    process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
    heal();
    assert.equal(await rig.own.account(), rig.server.account);
  });

  it('are told after five seconds where nothing answers', async () => {
    await using rig = await start();
    process.env['METADATA_SERVER_DETECTION'] = 'ping-only';
    rig.server.fail({ kind: 'hang', path: /^\/computeMetadata/ });
    const read = assert.rejects(rig.own.slides.presentation('1deck', ample), {
      code: 'not_configured',
      message: /gcloud auth application-default login/,
    });
    await rig.server.arrived(/^\/computeMetadata/);
    let told = false;
    void read.then(() => {
      told = true;
    });
    await rig.clock.advance(5_000);
    await new Promise(setImmediate);
    assert.ok(told);
    await read;
  });

  it('are a file that cannot be read, of which nothing is told', async () => {
    await using rig = await start();
    for (const content of ['{"private_key": "c2VjcmV0', { type: 'service_account', private_key: 'c2VjcmV0' }]) {
      useFile(content);
      await assert.rejects(rig.own.slides.presentation('1deck', ample), (error: AppError) => {
        assert.equal(error.code, 'not_configured');
        assert.match(error.message, /GOOGLE_APPLICATION_CREDENTIALS/);
        assert.doesNotMatch(told(error), /c2VjcmV0/);
        return true;
      });
    }
  });
});

describe('a person in whose name the service account speaks', () => {
  it('is whom Slides and Drive see, by a scope each', async () => {
    await using rig = await start(SUBJECT);
    const deck = rig.server.slides.addDeck({ sharedWith: ['ann@example.com'] });
    const file = rig.server.drive.addFile({ bytes: Buffer.from('x'), sharedWith: ['ann@example.com'] });
    await Promise.all([1, 2, 3].map(() => rig.own.slides.presentation(deck, ample)));
    await rig.own.drive.file(file, ample);
    const seen = (path: RegExp) => rig.server.requestsTo(path).map(({ account, scopes }) => `${account} ${scopes}`);
    assert.deepEqual([...new Set(seen(/presentations/))], [`ann@example.com ${SCOPES.slides}`]);
    assert.deepEqual(seen(/drive/), [`ann@example.com ${SCOPES.drive}`]);
    assert.deepEqual([...new Set(seen(/signJwt$/))], [`${rig.server.account} ${SCOPES.iam}`]);
    assert.equal(rig.server.requestsTo(TOKEN).length, 2);
    assert.equal(await rig.own.account(), 'ann@example.com');
    assert.deepEqual(rig.server.forbidden(), []);
  });

  it('has a new token two minutes before the old one ends', async () => {
    await using rig = await start(SUBJECT);
    const deck = rig.server.slides.addDeck({ sharedWith: ['ann@example.com'] });
    for (const [ms, tokens] of [
      [0, 1],
      [3_599_000 - 120_001, 1],
      [1, 2],
    ] as const) {
      await rig.clock.advance(ms);
      await rig.own.slides.presentation(deck, ample);
      assert.equal(rig.server.requestsTo(TOKEN).length, tokens);
    }
  });

  it('is forbidden where the domain does not allow it, with what to do', async () => {
    await using rig = await start({ HAWKER_GOOGLE_SUBJECT: 'bob@elsewhere.example' });
    await assert.rejects(rig.own.slides.presentation('1deck', ample), {
      code: 'google_forbidden',
      message: /may not act for bob@elsewhere\.example: .*domain-wide delegation in the Admin console: Invalid email/,
    });
  });

  it('is forbidden where the service account may not sign for itself, with what to do', async () => {
    await using rig = await start(SUBJECT);
    rig.server.fail({ kind: 'status', status: 403, path: /signJwt$/ });
    await assert.rejects(rig.own.slides.presentation('1deck', ample), {
      code: 'google_forbidden',
      message: /roles\/iam\.serviceAccountTokenCreator on itself/,
    });
  });

  it('is tried again where signing or the token service fails', async () => {
    await using rig = await start(SUBJECT);
    const deck = rig.server.slides.addDeck({ sharedWith: ['ann@example.com'] });
    rig.server.fail({ kind: 'status', status: 503, path: /signJwt$/, times: 2 });
    rig.server.fail({ kind: 'lose', path: TOKEN, times: 1 });
    rig.server.fail({ kind: 'garbage', path: TOKEN, times: 1 });
    const { error } = await skipping(rig, rig.own.slides.presentation(deck, ample));
    assert.ok(isAppError(error, 'unavailable'));
    assert.equal((await rig.own.slides.presentation(deck, ample)).presentationId, deck);
  });

  it('has no token without a signature', async () => {
    await using rig = await start(SUBJECT);
    rig.server.fail({ kind: 'garbage', path: /signJwt$/ });
    await assert.rejects(rig.own.slides.presentation('1deck', ample), {
      code: 'unavailable',
      message: /without a signature/,
    });
    assert.equal(rig.server.requestsTo(TOKEN).length, 0);
  });

  it('needs a service account', async () => {
    await using rig = await start(SUBJECT);
    useFile({ type: 'authorized_user', client_id: 'a', client_secret: 'b', refresh_token: 'c' });
    await assert.rejects(rig.own.slides.presentation('1deck', ample), {
      code: 'not_configured',
      message: /HAWKER_GOOGLE_SUBJECT needs a service account/,
    });
  });
});

describe('a key file', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const file = {
    type: 'service_account',
    client_email: 'key@demo.iam.gserviceaccount.com',
    private_key_id: 'k1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };

  for (const [status, body, code] of [
    [200, '{"access_token":7,"expires_in":3599}', 'unavailable'],
    [200, '{"access_token":"t"}', 'unavailable'],
    [200, '{"access_token":"t","expires_in":0}', 'unavailable'],
    [302, '', 'unavailable'],
    [400, '{"error":"invalid_grant","error_description":"Invalid JWT Signature."}', 'google_unauthenticated'],
  ] as const) {
    it(`is ${code} where the token service answers ${status} ${body}`, async () => {
      useFile(file);
      await using served = await serve((_, response) => response.writeHead(status).end(body));
      const rig = { clock: createFakeClock(), ids: { ...systemIds, random: () => 0 }, log: createKeptLog() };
      const { origin: GOOGLE_APIS_ROOT_URL } = new URL(served.url);
      const account = createOwnAccount({ GOOGLE_APIS_ROOT_URL, GOOGLE_CLOUD_PROJECT: undefined }, undefined, rig);
      const { error } = await skipping(rig, account.headers(SCOPES.slides, signal));
      assert.ok(isAppError(error, code));
    });
  }

  for (const subject of [undefined, 'ann@example.com']) {
    it(`signs by itself for ${subject ?? 'its own account'}`, async () => {
      useFile(file);
      const asked: URLSearchParams[] = [];
      await using served = await serve((request, response) => {
        void text(request).then((body) => {
          asked.push(new URLSearchParams(body));
          response.end('{"access_token":"t","expires_in":3599}');
        });
      });
      const rig = { clock: createFakeClock(), ids: systemIds, log: createKeptLog() };
      const { origin: GOOGLE_APIS_ROOT_URL } = new URL(served.url);
      const account = createOwnAccount({ GOOGLE_APIS_ROOT_URL, GOOGLE_CLOUD_PROJECT: undefined }, subject, rig);
      assert.deepEqual(await account.headers(SCOPES.slides, signal), { authorization: 'Bearer t' });
      assert.equal(await account.email(), subject ?? file.client_email);
      const { payload, protectedHeader } = await jwtVerify(asked[0]?.get('assertion') ?? '', publicKey, {
        audience: 'https://oauth2.googleapis.com/token',
        currentDate: new Date(rig.clock.now()),
      });
      assert.deepEqual([payload.iss, payload.sub, payload['scope']], [file.client_email, subject, SCOPES.slides]);
      assert.deepEqual([protectedHeader.kid, asked.length], ['k1', 1]);
    });
  }

  it('is not configured where its key is none', async () => {
    await using rig = await start();
    useFile({ ...file, private_key: 'c2VjcmV0' });
    await assert.rejects(rig.own.slides.presentation('1deck', ample), (error: AppError) => {
      return error.code === 'not_configured' && !told(error).includes('c2VjcmV0');
    });
  });
});
