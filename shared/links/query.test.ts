import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeQuery } from './query.ts';
import { QUERY_MODES, type QueryMode } from './records.ts';

test('golden cases', () => {
  const cases: [QueryMode, string | undefined, string | undefined, string | undefined, string[]?][] = [
    ['off', 'a=1', 'b=2', 'a=1'],
    ['off', undefined, 'b=2', undefined],
    ['append', 'a=1', 'a=2&a=2', 'a=1&a=2&a=2'],
    ['append', undefined, 'flag', 'flag'],
    ['append', 'a=1', '', 'a=1'],
    ['append', '', 'a=1', 'a=1'],
    ['append', '', undefined, ''],
    ['incoming-wins', 'a=1&b=2&a=3', 'c&a=9', 'b=2&c&a=9'],
    ['incoming-wins', 'q=a%20b&sig=x%2By~z', 'tag=1&tag=2', 'q=a%20b&sig=x%2By~z&tag=1&tag=2'],
    ['incoming-wins', 'na%6De=1', 'name=2', 'name=2'],
    ['incoming-wins', 'a+b=1', 'a%20b=2', 'a%20b=2'],
    ['incoming-wins', 'caf%c3%a9=1', 'caf%C3%A9=2', 'caf%C3%A9=2'],
    ['incoming-wins', 'A=1', 'a=2', 'A=1&a=2'],
    ['incoming-wins', 'a=1', 'x=%E4%F6', 'a=1&x=%E4%F6'],
    ['target-wins', 'a=1', 'a=2&b=%zz&a', 'a=1&b=%zz'],
    ['target-wins', 'a=1', 'a=2', 'a=1'],
    ['append', undefined, 'utm_source=x&gclid=1&utm_x', 'utm_source=x&utm_x', ['utm_*']],
    ['append', 'k=1', 'other=1', 'k=1', ['utm_*', 'gclid']],
    ['append', undefined, 'other=1', undefined, []],
    ['append', undefined, '%67clid=1', '%67clid=1', ['gclid']],
    ['append', undefined, 'caf%C3%A9=1', 'caf%C3%A9=1', ['café']],
  ];
  for (const [mode, target, incoming, expected, allow] of cases)
    assert.equal(mergeQuery(target, incoming, mode, allow), expected, `${mode} ${target} ${incoming}`);
});

const piece = fc
  .stringMatching(/^(?:[a-cA-C+]|%6[1-3]|%[E-F][0-9A-F])(?:=[a-z%&]?)?$/)
  .map((text) => text.replace('&', ''));
const query = fc.array(piece, { minLength: 1 }).map((pieces) => pieces.join('&'));

test('pieces are moved whole and in order, none is made up, and without a clash none is lost', () => {
  fc.assert(
    fc.property(query, query, fc.constantFrom(...QUERY_MODES), (target, incoming, mode) => {
      const pieces = mergeQuery(target, incoming, mode)?.split('&') ?? [];
      const given = [...target.split('&'), ...incoming.split('&')];
      let at = 0;
      for (const one of pieces) {
        at = given.indexOf(one, at) + 1;
        assert.ok(at > 0, `${one} is out of order or new`);
      }
      if (mode === 'append') assert.deepEqual(pieces, given);
      if (mode === 'off') assert.deepEqual(pieces, target.split('&'));
      if (mode === 'incoming-wins') assert.deepEqual(pieces.slice(-incoming.split('&').length), incoming.split('&'));
      if (mode === 'target-wins') assert.deepEqual(pieces.slice(0, target.split('&').length), target.split('&'));
    }),
  );
});
