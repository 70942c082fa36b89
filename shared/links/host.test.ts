import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normaliseHost } from './host.ts';

const cases: [string, string | undefined][] = [
  ['Go.Example', 'go.example'],
  ['go.example:8080', 'go.example'],
  ['go.example:', 'go.example'],
  ['go.example.', 'go.example'],
  ['GO.EXAMPLE.:443', 'go.example'],
  ['münchen.example', 'xn--mnchen-3ya.example'],
  ['MÜNCHEN.example', 'xn--mnchen-3ya.example'],
  ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
  ['go。example', 'go.example'],
  ['links.localhost', 'links.localhost'],
  ['go', 'go'],
  ['go.example..', undefined],
  ['.go.example', undefined],
  ['go..example', undefined],
  ['', undefined],
  ['.', undefined],
  ['127.0.0.1', undefined],
  ['127.1', undefined],
  ['2130706433', undefined],
  ['0x7f.1', undefined],
  ['go.0x', undefined],
  ['[::1]', undefined],
  ['[::1]:80', undefined],
  ['::1', undefined],
  ['go.example:80.', undefined],
  ['go.example:x', undefined],
  ['go_example.test', undefined],
  ['-go.example', undefined],
  ['go example', undefined],
  ['user@go.example', undefined],
  ['go.example/x', undefined],
  ['go%2eexample', undefined],
  ['xn--ü.example', undefined],
  [`${'a'.repeat(64)}.example`, undefined],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  [Array(50).fill('abcde').join('.'), undefined],
];

test('a host has one spelling, and what cannot be a domain has none', () => {
  for (const [raw, expected] of cases) assert.equal(normaliseHost(raw), expected, raw);
});

test('normalising never throws and its result normalises to itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.ipV6()), (raw) => {
      const host = normaliseHost(raw);
      if (host !== undefined) assert.equal(normaliseHost(host), host);
    }),
  );
});
