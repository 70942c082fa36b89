import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { compareIds, upperBound } from './order.ts';

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'b', '\u{d7ff}', '\u{e000}', '\u{10ffff}'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 4,
});

it('the upper bound of a prefix lies above all that starts with it and below all that comes later', () => {
  fc.assert(
    fc.property(text, text, text, (prefix, rest, other) => {
      const bound = upperBound(prefix);
      if (bound !== undefined) {
        assert.ok(bound.isWellFormed());
        assert.ok(compareIds(prefix + rest, bound) < 0);
      }
      if (compareIds(other, prefix) > 0 && !other.startsWith(prefix))
        assert.ok(bound !== undefined && compareIds(other, bound) >= 0);
    }),
    { numRuns: 5_000 },
  );
});
