import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cleanMessage, indexOf, isBusy, readRefusal } from './refusal.ts';

const NOW = Date.parse('2026-11-23T01:00:00Z');
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

describe('what Google refuses with', () => {
  it('is read in the form of today, of Drive, and of the token service', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'SERVICE_DISABLED' }];
    const today = { error: { code: 403, message: 'No.', status: 'PERMISSION_DENIED', details } };
    assert.deepEqual([...readRefusal(answer(403, today), NOW).reasons], ['PERMISSION_DENIED', 'SERVICE_DISABLED']);
    const drive = { error: { code: 404, message: 'No.', errors: [{ domain: 'global', reason: 'notFound' }] } };
    assert.deepEqual([...readRefusal(answer(404, drive), NOW).reasons], ['notFound']);
    const token = readRefusal(answer(400, { error: 'invalid_grant', error_description: 'Bad.' }), NOW);
    assert.deepEqual([token.message, ...token.reasons], ['Bad.', 'invalid_grant']);
  });

  it('is a refusal whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.jsonValue()), (body) => {
        for (const form of [body, { error: body }, { error: { message: body, details: body, errors: [body] } }]) {
          const refusal = readRefusal(answer(418, form), NOW);
          assert.equal(refusal.status, 418);
          assert.equal(typeof refusal.message, 'string');
        }
      }),
    );
  });

  it('tells how long to wait, in seconds or as a date', () => {
    assert.equal(readRefusal(answer(429, '', { 'retry-after': '7' }), NOW).retryAfterMs, 7_000);
    const date = 'Mon, 23 Nov 2026 01:00:09 GMT';
    assert.equal(readRefusal(answer(503, '', { 'retry-after': date }), NOW).retryAfterMs, 9_000);
    assert.equal(readRefusal(answer(503, ''), NOW).retryAfterMs, undefined);
  });

  it('is too many requests with 429, and with 403 where a rate is the reason', () => {
    assert.ok(isBusy({ status: 429, reasons: new Set() }));
    for (const reason of ['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED', 'RESOURCE_EXHAUSTED']) {
      assert.ok(isBusy({ status: 403, reasons: new Set([reason]) }), reason);
      assert.ok(!isBusy({ status: 400, reasons: new Set([reason]) }), reason);
    }
    assert.ok(!isBusy({ status: 403, reasons: new Set(['storageQuotaExceeded', 'PERMISSION_DENIED']) }));
  });
});

describe('the request that is at fault', () => {
  it('is the number with which Slides begins', () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.string(), (index, rest) => {
        assert.equal(indexOf(`Invalid requests[${index}]${rest}`), index);
      }),
    );
    assert.equal(indexOf('Invalid requests[3].createImage: The provided image should be publicly accessible'), 3);
  });

  it('is none in any other text, also where that quotes such words', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!text.trim().startsWith('Invalid requests[')) assert.equal(indexOf(`${text}`), undefined);
        assert.equal(indexOf(`The text x${text} Invalid requests[7]`), undefined);
      }),
    );
    for (const text of [
      'Invalid requests[]',
      'Invalid requests[-1]',
      'Invalid requests[1e3]',
      'Invalid requests[9999999]',
      '',
    ])
      assert.equal(indexOf(text), undefined, text);
  });
});

describe('a message', () => {
  it('loses addresses and tokens, and keeps the ids of objects', () => {
    const token = 'ya29.c.b0Aaekm1K7-_'.repeat(6);
    const secret = 'Q3vYp-_x'.repeat(12);
    for (const [said, shown] of [
      [`There was a problem at https://h.example/slides-images/${secret}.`, 'There was a problem at ...'],
      [`fetching (http://127.0.0.1:8080/x?y=1) failed`, 'fetching ... failed'],
      [`fetching h.example/${secret} failed`, 'fetching ... failed'],
      [`fetching https%3A%2F%2Fh.example%2F${secret} failed`, 'fetching ... failed'],
      ['fetching h.example/abc failed', 'fetching ... failed'],
      [`${'a'.repeat(50)} ${'b'.repeat(51)}`, `${'a'.repeat(50)} ...`],
      [`the token ${token} is bad`, 'the token ... is bad'],
      [`the url was "${secret}"`, 'the url was "..."'],
      ['The object (img_0123456789_0123456789_0123456789_0123456789abc) could not be found.', undefined],
      ['two\nlines\u2028and\u0000more\ttabs', 'two lines and more tabs'],
      ['x '.repeat(400), `${'x '.repeat(148)}x...`],
    ] as const)
      assert.equal(cleanMessage(said), shown ?? said);
  });

  it('is one short line without an address, whatever was said', () => {
    const word = fc.oneof(fc.string(), fc.webUrl(), fc.constantFrom('https://', '\n', '//', '\u202e'));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const shown = cleanMessage(words.join(' '));
        assert.ok(shown.length <= 300);
        assert.doesNotMatch(shown, /\/\/|[\p{Cc}\p{Zl}\p{Zp}]|[\w-]{51}/u);
      }),
    );
  });
});
