import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MANIFEST } from '#functions/manifest.ts';
import { pairsOf } from './fake-things.ts';
import { accountName, pairs } from './names.ts';

describe('names', () => {
  it('of accounts are 6 to 30 characters and differ', () => {
    const names = [...MANIFEST.map(({ name }) => name), 'push', 'scheduler'].map(accountName);
    assert.equal(new Set(names).size, names.length);
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,60}[a-z0-9]$/), (name) => {
        assert.match(accountName(name), /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
        assert.notEqual(accountName(name), accountName(`${name}0`));
      }),
    );
  });

  it('pairs come back as they were, whatever is in them', () => {
    const value = fc.stringMatching(/^[\x21-\x7e]{0,30}$/);
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), value, { minKeys: 1 }), (given) => {
        assert.deepEqual(pairsOf(pairs(given)), { ...given });
      }),
    );
  });
});
