import assert from 'node:assert/strict';
import test from 'node:test';
import { isAppError } from '#shared/errors.ts';
import { readNetlifyToml } from './netlify-toml.ts';

const read = (text: string) => readNetlifyToml(text).map(({ text: _text, ...rule }) => rule);
const plain = { query: [], conditions: [], unknown: [] };

test('each [[redirects]] table is a rule with the line it begins on', () => {
  const text = `# build
[build]
  command = "make"

[[redirects]]
  from = "/a"
  to = '/b' # quotes of either kind
  status = 302
  force = true

[[headers]]
  for = "/*"

[[redirects]]
  from = "/c/*"
  to = " https://x.example/:splat"
`;
  assert.deepEqual(read(text), [
    { line: 5, from: '/a', to: '/b', status: 302, ...plain },
    { line: 14, from: '/c/*', to: 'https://x.example/:splat', ...plain },
  ]);
});

test('older names of keys, inline tables and a status in quotes are understood', () => {
  assert.deepEqual(
    read('redirects = [\n  { origin = "/a", destination = "/b", status = "301" },\n  { from = "/c", to = "/d" },\n]\n'),
    [
      { line: 2, from: '/a', to: '/b', status: 301, ...plain },
      { line: 3, from: '/c', to: '/d', ...plain },
    ],
  );
});

test('conditions, query parameters, signatures and what is not known stay with their rule', () => {
  const text = `[[redirects]]
from = "/a"
to = "/b"
query = { id = ":id" }
signed = "KEY"
[redirects.conditions]
Country = ["sg"]

[[redirects]]
from = "/c"
to = "/d"
[redirects.headers]
X-From = "here"
`;
  assert.deepEqual(read(text), [
    { line: 1, from: '/a', to: '/b', query: ['id'], conditions: ['Country', 'signed'], unknown: [] },
    { line: 9, from: '/c', to: '/d', query: [], conditions: [], unknown: ['headers has no counterpart in a link'] },
  ]);
});

test('values of a wrong kind are named, not thrown at', () => {
  const [first, second] = readNetlifyToml('redirects = [1, { from = 2, to = ["/x"], status = 30.5 }]');
  assert.deepEqual(first?.unknown, ['a redirect must be a table']);
  assert.deepEqual(second?.unknown, [
    'from must be a string',
    'to must be a string',
    'status must be a number of three digits',
  ]);
  assert.deepEqual(read('[redirects]\nfrom = "/a"\nto = "/b"\n'), [{ line: 1, from: '/a', to: '/b', ...plain }]);
  assert.deepEqual(read('[build]\n'), []);
});

test('a file that is no TOML gives one error with the line', () => {
  const broken = {
    '[[redirects]]\nfrom = "/a"\nto = \n': 3,
    '[[redirects]\n': 1,
    'a = 1\na = 2\n': 2,
    '\n\nfrom "/a"': 3,
  };
  for (const [text, line] of Object.entries(broken))
    assert.throws(
      () => readNetlifyToml(text),
      (error) => isAppError(error, 'invalid') && error.message.startsWith(`The file is not TOML: line ${line}: `),
      text,
    );
});

test('a file nested deeper than can be read is refused, not thrown at', () => {
  for (const text of [
    `a = ${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    `a = ${'{b='.repeat(20_000)}1${'}'.repeat(20_000)}`,
  ])
    assert.throws(
      () => readNetlifyToml(text),
      (error) => isAppError(error, 'invalid'),
    );
});
