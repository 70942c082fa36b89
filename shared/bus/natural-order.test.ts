import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareServices } from './natural-order.ts';

test('numbers come in the order of their value, then by their letters, and those that begin with letters last', () => {
  const sorted = ['2', '2A', '10', '10e', '10M', '12', '170X', '225G', '225W', '851e', 'CT8', 'CT18', 'NR1', 'S37A'];
  assert.deepEqual(sorted.toReversed().sort(compareServices), sorted);
});

test('the order is total: what is equal is the same text', () => {
  const service = fc.stringMatching(/^[A-Ca-c]{0,2}0?[0-9]{0,3}[A-Ca-c]{0,2}$/);
  fc.assert(
    fc.property(service, service, service, (a, b, c) => {
      assert.equal(Math.sign(compareServices(a, b)) + Math.sign(compareServices(b, a)), 0);
      assert.equal(compareServices(a, b) === 0, a === b);
      if (compareServices(a, b) <= 0 && compareServices(b, c) <= 0) assert.ok(compareServices(a, c) <= 0);
    }),
  );
});
