import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { docId } from './store.ts';
import { idProblem } from './validate.ts';

it('docId joins parts so that they never run together', () => {
  const parts = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      assert.equal(docId(...a) === docId(...b), JSON.stringify(a) === JSON.stringify(b));
      assert.deepEqual(
        docId(...a)
          .split('|')
          .map(decodeURIComponent),
        a,
      );
    }),
  );
});

it('docId makes an id of whatever a path may hold', () => {
  assert.equal(docId('go.example', 'a/b|c%20\n', 'exact'), 'go.example|a%2Fb%7Cc%2520%0A|exact');
  assert.equal(idProblem(docId('go.example', '../..', 'prefix')), undefined);
});
