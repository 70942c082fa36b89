import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatMicroTime, parseMicroTime } from './micro-time.ts';

describe('a MicroTime', () => {
  it('has exactly six digits of a second, whatever they are', () => {
    const whole = Date.parse('2026-01-02T03:04:05Z') * 1_000;
    assert.equal(formatMicroTime(whole), '2026-01-02T03:04:05.000000Z');
    assert.equal(formatMicroTime(whole + 1), '2026-01-02T03:04:05.000001Z');
    assert.equal(formatMicroTime(whole + 123_456), '2026-01-02T03:04:05.123456Z');
    assert.equal(formatMicroTime(-1), '1969-12-31T23:59:59.999999Z');
  });

  it('comes back from its text', () => {
    const micros = fc.maxSafeInteger();
    fc.assert(
      fc.property(micros, (at) => {
        const text = formatMicroTime(at);
        assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        assert.equal(parseMicroTime(text), at);
      }),
    );
  });

  it('is read with any number of digits and any offset, since people edit it', () => {
    const at = Date.parse('2026-01-02T03:04:05Z') * 1_000;
    for (const [text, micros] of [
      ['2026-01-02T03:04:05Z', 0],
      ['2026-01-02t03:04:05z', 0],
      ['2026-01-02T05:04:05+02:00', 0],
      ['2026-01-02T03:04:05.5Z', 500_000],
      ['2026-01-02T03:04:05.123Z', 123_000],
      ['2026-01-02T02:34:05.123456789-00:30', 123_456],
    ] as const)
      assert.equal(parseMicroTime(text), at + micros, text);
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'now',
      '2026-01-02',
      '2026-01-02 03:04:05Z',
      '2026-13-02T03:04:05Z',
      '2026-01-02T03:04:05',
      '0001-01-01T00:00:00Z',
    ])
      assert.equal(parseMicroTime(text), undefined, text);
    for (const value of [undefined, null, 0, {}, ['2026-01-02T03:04:05Z']])
      assert.equal(parseMicroTime(value), undefined);
    fc.assert(fc.property(fc.string(), (text) => Number.isSafeInteger(parseMicroTime(text) ?? 0)));
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, 1e18])
      assert.throws(() => formatMicroTime(at), RangeError);
  });
});
