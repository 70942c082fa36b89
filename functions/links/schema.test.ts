import assert from 'node:assert/strict';
import test from 'node:test';
import { linkPatch } from './schema.ts';

const CONTROLS = ['\u0000', '\u001b', '\u007f', '\u0085'];
const offences = (patch: object) => linkPatch.safeParse(patch).error?.issues.map(({ path }) => path.join('/'));

test('a link has each tag once, however it was spelled', () => {
  assert.deepEqual(linkPatch.parse({ tags: ['b', 'a', ' b ', 'B'] }).tags, ['b', 'a', 'B']);
});

test('tags and note hold no control characters, but a note may have several lines and tabs', () => {
  const note = 'one\n\ttwo\r\n\u00e9';
  assert.equal(linkPatch.parse({ note }).note, note);
  for (const control of CONTROLS)
    assert.deepEqual(offences({ tags: ['x', `a${control}b`], note: `a${control}b` }), ['tags/1', 'note']);
  for (const tag of ['a\tb', 'a\nb']) assert.deepEqual(offences({ tags: [tag] }), ['tags/0']);
});

test('what is missing or wrong is said in words', () => {
  const messages = (patch: object) => linkPatch.safeParse(patch).error?.issues.map(({ message }) => message);
  assert.deepEqual(messages({ clickLimit: 'many' }), ['must be a whole number from 1']);
  assert.deepEqual(messages({ target: 1 }), ['must be a text']);
  assert.deepEqual(messages({ status: 303 }), ['must be one of 301, 302, 307, 308']);
});
