import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { ConfigError } from '../config.ts';
import { isAppError } from '../errors.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createGoogleTokenVerifier } from './google-token.ts';

const AUDIENCE = 'https://clicks.example/push';
const EMAIL = 'push@p-1.iam.gserviceaccount.com';
const clock = createFakeClock();
const NOW = clock.now() / 1000;

const ours = await generateKeyPair('RS256');
const theirs = await generateKeyPair('RS256');

let server: Server;
let keysUrl: URL;
let fetches = 0;
let status = 200;

before(async () => {
  const keys = [{ ...(await exportJWK(ours.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }];
  server = createServer((_, response) => {
    fetches++;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keysUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`);
});

after(() => new Promise((resolve) => server.close(resolve)));

const CLAIMS: JWTPayload = {
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  sub: '1',
  email: EMAIL,
  email_verified: true,
  iat: NOW - 10,
  exp: NOW + 3590,
};

const sign = (claims: JWTPayload, { key = ours.privateKey, kid = 'k1' } = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(key);

const without = (name: string) => Object.fromEntries(Object.entries(CLAIMS).filter(([claim]) => claim !== name));

const verifier = (given: { audience?: string; emails?: string[]; keysUrl?: URL } = {}) =>
  createGoogleTokenVerifier({ audience: AUDIENCE, emails: [EMAIL], clock, keysUrl, ...given });

describe('a token of ours is let in', () => {
  test('with either spelling of the issuer and any case of the address', async () => {
    assert.deepEqual(await verifier()(await sign(CLAIMS)), { email: EMAIL });
    assert.deepEqual(await verifier()(await sign({ ...CLAIMS, iss: 'accounts.google.com' })), { email: EMAIL });
    assert.deepEqual(await verifier({ emails: ['Push@P-1.iam.gserviceaccount.com'] })(await sign(CLAIMS)), {
      email: EMAIL,
    });
  });

  test('with clocks up to a minute apart', async () => {
    await verifier()(await sign({ ...CLAIMS, exp: NOW - 59 }));
    await verifier()(await sign({ ...CLAIMS, iat: NOW + 59 }));
  });

  test('with one look at the keys for many tokens', async () => {
    const verify = verifier();
    const before = fetches;
    const token = await sign(CLAIMS);
    await Promise.all([verify(token), verify(token)]);
    await verify(token);
    assert.equal(fetches - before, 1);
  });
});

describe('a token is refused, and nobody is told why,', () => {
  const hs256 = async () => {
    const secret = Buffer.from(await exportSPKI(ours.publicKey));
    return new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret);
  };
  const cases: [string, () => string | Promise<string>][] = [
    ['without a signature (alg none)', () => new UnsecuredJWT(CLAIMS).encode()],
    ['signed with the public key as a secret (HS256)', hs256],
    ['signed with another key under the same name', () => sign(CLAIMS, { key: theirs.privateKey })],
    ['signed with a key nobody published', () => sign(CLAIMS, { key: theirs.privateKey, kid: 'k2' })],
    [
      'changed after it was signed',
      async () => (await sign(CLAIMS)).replace(/\.([^.]+)\./, (_, body: string) => `.${body.slice(0, -2)}x.`),
    ],
    ['of another issuer', () => sign({ ...CLAIMS, iss: 'https://accounts.example' })],
    ['without an issuer', () => sign(without('iss'))],
    ['for another audience', () => sign({ ...CLAIMS, aud: `${AUDIENCE}/` })],
    ['without an audience', () => sign(without('aud'))],
    ['of another account', () => sign({ ...CLAIMS, email: `x${EMAIL}` })],
    ['without an account', () => sign(without('email'))],
    ['of an account that is no text', () => sign({ ...CLAIMS, email: [EMAIL] })],
    ['of an account that is not verified', () => sign({ ...CLAIMS, email_verified: false })],
    ['of an account verified as text only', () => sign({ ...CLAIMS, email_verified: 'true' })],
    ['without saying that the account is verified', () => sign(without('email_verified'))],
    ['expired', () => sign({ ...CLAIMS, exp: NOW - 61 })],
    ['without an expiry', () => sign(without('exp'))],
    ['issued in the future', () => sign({ ...CLAIMS, iat: NOW + 61 })],
    ['without a time of issue', () => sign(without('iat'))],
    ['not valid yet', () => sign({ ...CLAIMS, nbf: NOW + 61 })],
    ['empty', () => ''],
  ];
  for (const [name, make] of cases)
    test(name, async () => {
      const token = await make();
      await assert.rejects(
        verifier()(token),
        (error) => isAppError(error, 'unauthenticated') && error.message === 'The token is not valid here',
      );
    });

  test('whatever it is made of', () => {
    const verify = verifier();
    const part = fc.oneof(
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.string(),
      fc.base64String(),
    );
    return fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), (parts) =>
        assert.rejects(verify(parts.join('.')), (error) => isAppError(error, 'unauthenticated')),
      ),
    );
  });
});

describe('a verifier', () => {
  test('says unavailable, not unauthenticated, where the keys cannot be had', async () => {
    status = 500;
    const token = await sign(CLAIMS);
    const verify = verifier();
    try {
      await assert.rejects(verify(token), (error) => isAppError(error, 'unavailable'));
      await assert.rejects(verifier({ keysUrl: new URL('http://127.0.0.1:1/') })(token), (error) =>
        isAppError(error, 'unavailable'),
      );
    } finally {
      status = 200;
    }
    await verify(token);
  });

  test('cannot be made without an audience and an account', () => {
    assert.throws(() => verifier({ audience: '' }), ConfigError);
    assert.throws(() => verifier({ emails: [] }), ConfigError);
    assert.throws(() => verifier({ emails: [''] }), ConfigError);
  });
});
