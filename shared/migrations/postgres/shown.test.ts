import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Script } from '../migration.ts';
import { headOf, shownOf } from './shown.ts';

const script = (text: string, file = '5_users.up.sql'): Script => ({
  ...{ file, text, checksum: '' },
  directives: { noTransaction: false, irreversible: false },
});
const shown = (text: string) => shownOf(`${headOf(script(text))}begin;\nselect 1;\n${text}`);

test('what is shown of a step is its file and how its script begins, without its comments', () => {
  assert.equal(
    shown('-- +job lock-timeout 5s\n\n-- who may sign in\ncreate table users (\n  id int\n);'),
    '5_users.up.sql: create table users ( id int );',
  );
  assert.equal(shown('-- nothing yet'), '5_users.up.sql:');
  assert.equal(shownOf('select 1'), 'select 1');
  assert.equal(headOf(undefined), '');
});

test('nothing is shown from the first quote on', () => {
  for (const text of [
    "alter role app password 'hunter2'",
    "alter role app password 'it''s hunter2' valid until 'tomorrow'",
    "alter role app password 'hunter2",
    'do $$ begin execute hunter2; end $$',
    'do $body$ select $$hunter2$$ $body$',
    'do $$ hunter2',
    "select E'it\\'s' || 'hunter2'",
    "select 'C:\\' || 'hunter2'",
  ])
    assert.doesNotMatch(shown(text), /hunter2/, text);
  assert.equal(shown("update a set b = 'x' where c = 'y'"), '5_users.up.sql: update a set b = ...');
});

test('whatever a script and its name are, the head is one comment of a bounded length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.string({ unit: 'binary' }), (text, file) => {
      const head = headOf(script(text, file));
      assert.match(head, /^-- hawker: [^\n\r]*\n$/);
      assert.ok(head.length < 330 && head.isWellFormed());
      assert.ok(!head.includes('\0'));
    }),
  );
});
