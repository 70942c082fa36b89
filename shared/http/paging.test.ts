import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AppError, isAppError } from '../errors.ts';
import { decodeCursor, encodeCursor } from './paging.ts';

describe('a cursor', () => {
  it('comes back as what went in', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (id) => {
        assert.equal(decodeCursor(encodeCursor(`p|${id}`), 'p|'), `p|${id}`);
      }),
    );
  });

  it('is nothing where there is none', () => {
    assert.equal(decodeCursor(undefined, 'p|'), undefined);
  });

  it('is refused where this list cannot have given it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const after = decodeCursor(text, 'p|');
          assert.ok(after?.startsWith('p|'));
        } catch (error) {
          assert.ok(isAppError(error, 'invalid'));
          assert.equal((error as AppError).errors?.[0]?.pointer, '?cursor');
        }
      }),
    );
    for (const text of ['', '%', encodeCursor('q|x'), `${encodeCursor('p|x')}=`, `${encodeCursor('p|x')} `])
      assert.throws(
        () => decodeCursor(text, 'p|'),
        (error) => isAppError(error, 'invalid'),
        text,
      );
  });
});
