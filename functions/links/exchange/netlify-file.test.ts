import assert from 'node:assert/strict';
import test from 'node:test';
import { readNetlifyFile } from './netlify-file.ts';

const read = (text: string) => readNetlifyFile(text).map(({ text: _text, ...rule }) => rule);
const plain = { query: [], conditions: [], unknown: [] };

test('columns may stand apart by any blanks, and lines end in any way', () => {
  assert.deepEqual(read('\uFEFF/a\t \t/b   301\r\n\r\n  /c /d\r/e https://x.example/#top 302!\n'), [
    { line: 1, from: '/a', to: '/b', status: 301, ...plain },
    { line: 3, from: '/c', to: '/d', ...plain },
    { line: 4, from: '/e', to: 'https://x.example/#top', status: 302, ...plain },
  ]);
});

test('a comment begins a line or a column; a # within a column is text', () => {
  assert.deepEqual(read('# all\n   # indented\n/a /b#c 301 # why\n/d #/e\n'), [
    { line: 3, from: '/a', to: '/b#c', status: 301, ...plain },
    { line: 4, from: '/d', ...plain },
  ]);
});

test('query parameters stand before the target, conditions after the status or in its place', () => {
  assert.deepEqual(read('/a id=:id x=1 /b/:id 301 Country=sg,my Language=en\n/c /d Role=admin\n/e/* 200\n'), [
    {
      line: 1,
      from: '/a',
      to: '/b/:id',
      status: 301,
      query: ['id', 'x'],
      conditions: ['Country', 'Language'],
      unknown: [],
    },
    { line: 2, from: '/c', to: '/d', query: [], conditions: ['Role'], unknown: [] },
    { line: 3, from: '/e/*', status: 200, ...plain },
  ]);
});

test('a long line is shown cut, on one line', () => {
  const [rule] = readNetlifyFile(`/a\t/${'b'.repeat(300)}`);
  assert.equal(rule?.text, `/a /${'b'.repeat(195)}…`);
});
