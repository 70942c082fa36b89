import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { createLog, type LogOptions } from '../log.ts';
import { makeToken } from '../slides/token.ts';
import { debugHeader } from './debug-header.ts';
import { forgetSecrets, isSecretName, keepSecret, redact, redactWithin } from './redact.ts';

afterEach(forgetSecrets);

const chars = (alphabet: string, minLength: number, maxLength = minLength) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const word = chars(BASE64URL, 16, 43);
/** What may stand in an address or be typed as a password. */
const visible = chars(`${BASE64URL}!$%&()*+.:;=@^~|'\`#?/\\`, 16, 40);

/** Credentials in the forms in which they may come by, and the part of each that must not be told. */
const credential: fc.Arbitrary<{ text: string; secret: string }> = fc.oneof(
  word.map((secret) => ({ text: `Bearer ${secret}`, secret })),
  word.map((secret) => ({ text: `authorization: basic ${secret}==`, secret })),
  word.map((secret) => ({ text: `{"Cookie":"a=b; session=${secret}"}`, secret })),
  word.map((secret) => ({ text: `set-cookie=${secret}`, secret })),
  word.map((secret) => ({ text: `https://link.example/a/b?utm=${secret}`, secret })),
  word.map((secret) => ({ text: `https://link.example/?${secret}`, secret })),
  word.map((secret) => ({ text: `https://link.example/a#token=${secret}`, secret })),
  word.map((secret) => ({ text: `/a/b?x=${secret}&y=1`, secret })),
  word.map((secret) => ({ text: `/a/b?${secret}`, secret })),
  visible
    .filter((secret) => !/^\d*\//.test(secret))
    .map((secret) => ({ text: `postgres://user:${secret}@db.example/app`, secret })),
  word.map((secret) => ({ text: `https://storage.googleapis.com/b/o?X-Goog-Signature=${secret}`, secret })),
  word.map((secret) => ({ text: `x-goog-signature=${secret}`, secret })),
  word.map((secret) => ({ text: `password=${secret}`, secret })),
  word.map((secret) => ({ text: `{"apiKey": "${secret} and more"}`, secret })),
  word.map((secret) => ({ text: `{\\"client_secret\\":\\"${secret}\\"}`, secret })),
  chars(BASE64URL, 43).map((secret) => ({ text: `hwk_first_${secret}`, secret })),
  word.map((secret) => ({ text: `eyJhbGciOi.${secret}.${secret}`, secret })),
  word.map((secret) => ({ text: `ya29.${secret}`, secret })),
  chars(BASE64URL, 35).map((secret) => ({ text: `AIza${secret}`, secret })),
  word.map((secret) => ({
    text: `-----BEGIN RSA PRIVATE KEY-----\nMIIE${secret}\n-----END RSA PRIVATE KEY-----`,
    secret,
  })),
  word.map((secret) => ({ text: `-----BEGIN PRIVATE KEY-----\\nMIIE${secret}\\n`, secret })),
  word.map((key) => {
    const token = makeToken(key, {
      grant: 'AAAAAAAAAAAAAAAAAAAAAA',
      expiresAt: 1e12,
      job: 'j',
      image: 'i',
      sha256: 'x',
    });
    return { text: token, secret: token };
  }),
  word.map((secret) => ({ text: `https://images.example/slides-images/${secret}`, secret })),
  word.map((key) => {
    const secret = debugHeader(key, 1_900_000_000);
    return { text: secret, secret };
  }),
  visible
    .filter((secret) => secret.trim() === secret)
    .map((secret) => {
      keepSecret(secret);
      return { text: secret, secret };
    }),
);

/** Text that the credential stands in; what is around it must not join with it. */
const around = fc.tuple(
  fc.constantFrom('', 'could not read ', 'a\n', '"', '(', 'at <'),
  fc.constantFrom('', ' and so on', '\nb', '"', ') x', '>'),
);

function line(format: LogOptions['format'], log: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  log(createLog({ format, now: () => 0, write: (text) => void lines.push(text) }));
  return lines.join('');
}

/** Places of a line in which a text may be. */
const PLACES: Record<string, (text: string) => [message: string, fields?: Record<string, unknown>]> = {
  'the message': (text) => [text],
  'a field': (text) => ['m', { field: text }],
  'a nested field': (text) => ['m', { a: { b: [{ c: text }] } }],
  'the name of a field': (text) => ['m', { a: { [text]: 1 } }],
  'a map': (text) => ['m', { a: new Map([[text, new Set([text])]]) }],
  'an address': (text) => ['m', { url: { toJSON: () => text } }],
  "an error's message and stack": (text) => ['m', { error: new Error(text) }],
  'a cause': (text) => ['m', { error: new Error('x', { cause: new Error('y', { cause: text }) }) }],
  'one of several errors': (text) => ['m', { error: new AggregateError([new Error(text)], 'x') }],
  "an error's name": (text) => ['m', { error: Object.assign(new Error('x'), { name: text }) }],
  'a nested error': (text) => ['m', { a: [new TypeError(text)] }],
};

describe('what a line tells', () => {
  for (const [place, made] of Object.entries(PLACES))
    it(`never holds a secret that was planted in ${place}, in neither form`, () => {
      fc.assert(
        fc.property(credential, around, ({ text, secret }, [before, after]) => {
          const [message, fields] = made(`${before}${text}${after}`);
          for (const format of ['json', 'text'] as const)
            for (const level of ['info', 'error'] as const) {
              const told = line(format, (log) => log[level](message, fields));
              assert.ok(told.length > 10);
              assert.ok(!told.includes(secret), told);
              assert.ok(!told.includes(JSON.stringify(secret).slice(1, -1)), told);
            }
        }),
        { numRuns: 150 },
      );
    });

  it('never holds the half of a secret, where a long text is cut', () => {
    fc.assert(
      fc.property(credential, fc.nat(60), ({ text, secret }, back) => {
        const before = 'word '.repeat(40).slice(0, 200 - back);
        const long = `${before} ${text} ${'z'.repeat(300)}`;
        const told = redactWithin(long, 200 + (back % 7));
        for (let length = 8; length <= secret.length; length += 4)
          assert.ok(!told.includes(secret.slice(0, length)), told);
      }),
      { numRuns: 1_000 },
    );
  });

  it('has no value of a field whose name says that it is secret', () => {
    const fields = {
      password: 'p1p1p1p1',
      dbPassword: 'p2p2p2p2',
      'X-Api-Key': 'p3p3p3p3',
      Authorization: ['p4p4p4p4'],
      headers: { Cookie: { a: 'p5p5p5p5' } },
      client_secret: 12345678,
    };
    assert.doesNotMatch(
      line('json', (log) => log.info('m', fields)),
      /p\dp\d|12345678/,
    );
    for (const name of ['token', 'key', 'secretary', 'passwordless', 'cookieBanner', 'fencingToken'])
      assert.equal(isSecretName(name), false, name);
  });
});

describe('a value that was told to be secret', () => {
  it('is found in the spellings of addresses, headers and JSON', () => {
    keepSecret('p@ss "wörd"/1');
    for (const text of [
      encodeURIComponent('p@ss "wörd"/1'),
      JSON.stringify('p@ss "wörd"/1'),
      Buffer.from('p@ss "wörd"/1').toString('base64'),
    ])
      assert.doesNotMatch(redact(`x ${text} y`), /ss|cEBz/, text);
  });

  it('is also the password of an address', () => {
    keepSecret('mysql://root:s3cr%2Fet99@db/app');
    assert.equal(redact('access denied for s3cr/et99'), 'access denied for [redacted]');
    keepSecret('app:c0rrect-horse@tcp(db)/app');
    assert.equal(redact('access denied for c0rrect-horse'), 'access denied for [redacted]');
    keepSecret('postgres://postgres:postgres@db/app');
    assert.equal(redact('the database is a postgres'), 'the database is a postgres');
  });

  it('is taken out of an address whole, though it begins with what ends one and holds what follows', () => {
    assert.equal(redact('postgres://ann:@half/whole@db.example/app'), 'postgres://[redacted]@db.example/app');
  });

  it('is not looked for where it is too short to be one', () => {
    keepSecret('abc');
    assert.equal(redact('abc'), 'abc');
  });
});

describe('what is no secret', () => {
  for (const text of [
    'http://localhost:8080/',
    'at receive (file:///srv/app/node_modules/@hono/node-server/index.ts:12:3)',
    'GET /slides-images/:token 200',
    '2026-01-02T03:04:05.678Z',
    'the lease schedule.bus-sync is held under token 42',
    'what? no',
    'projects/p-12345/subscriptions/clicks',
    'a trace 4bf92f3577b34da6a3ce929d0e0e4736',
  ])
    it(`is left as it is: ${text}`, () => assert.equal(redact(text), text));

  it('stays around what is taken out', () => {
    assert.equal(
      redact('fetching https://u:p@a.example/x?y=1 failed'),
      'fetching https://[redacted]@a.example/x?[redacted] failed',
    );
    assert.equal(redact('key hwk_abc34679abcd_AAAAAAAAAAAAAAAA is gone'), 'key hwk_abc34679abcd_[redacted] is gone');
  });
});
