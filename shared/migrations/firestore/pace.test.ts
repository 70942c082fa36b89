import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { durationOf, rateAt } from './pace.ts';

describe('the pace of documents', () => {
  it('is 500 a second at first, and half as many more every five minutes', () => {
    assert.deepEqual(
      [0, 299_999, 300_000, 600_000, 3_000_000].map((ms) => rateAt(ms, 1_200, true)),
      [500, 500, 750, 1_125, 1_200],
    );
    assert.equal(rateAt(0, 1_200, false), 1_200);
    assert.equal(rateAt(0, 20, true), 20);
  });

  it('tells how long a million takes: 18 minutes', () => {
    assert.equal(Math.round(durationOf(1_000_000, 10_000, true) / 60_000), 18);
  });

  it('takes as many documents in that time as were asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000_000 }), fc.integer({ min: 1, max: 10_000 }), (rows, perSecond) => {
        const ms = durationOf(rows, perSecond, true);
        let taken = 0;
        for (let at = 0; at < ms; at += 300_000)
          taken += (rateAt(at, perSecond, true) * Math.min(300_000, ms - at)) / 1_000;
        assert.ok(Math.abs(taken - rows) <= 6 + rows * 1e-6, `${taken} of ${rows}`);
      }),
    );
  });
});
