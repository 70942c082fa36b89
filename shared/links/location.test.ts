import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildLocation } from './location.ts';
import { QUERY_MODES } from './records.ts';
import { splitAddress } from './request.ts';
import { parsePath, restAfter } from './slug.ts';
import { checkTarget } from './target.ts';

test('golden cases', () => {
  const cases: [target: string, rest: string, query: string | undefined, expected: string | undefined][] = [
    ['https://t.example/', '', undefined, 'https://t.example/'],
    ['https://t.example/a?x=1#f', '', 'y=2', 'https://t.example/a?x=1&y=2#f'],
    ['https://t.example/a#f', '', undefined, 'https://t.example/a#f'],
    ['https://t.example/a#f', '', '', 'https://t.example/a#f'],
    ['https://t.example/a?', '', undefined, 'https://t.example/a?'],
    ['https://t.example/#a?b', '', 'y', 'https://t.example/?y#a?b'],
    ['https://t.example/a', '/b%2Fc/d%20e', 'q', 'https://t.example/a/b%2Fc/d%20e?q'],
    ['https://t.example/a/', '/b', undefined, 'https://t.example/a/b'],
    ['https://t.example/a/', '/', undefined, 'https://t.example/a/'],
    ['https://t.example/a', '/', undefined, 'https://t.example/a/'],
    ['https://t.example/a?x#f', '/b', undefined, 'https://t.example/a/b?x#f'],
    ['https://t.example/', '//evil.example/x', undefined, 'https://t.example/evil.example/x'],
    ['https://t.example/', '/.evil.example', undefined, 'https://t.example/.evil.example'],
    ['https://t.example/', '/@evil.example', undefined, 'https://t.example/@evil.example'],
    ['https://t.example/a', '/...', undefined, 'https://t.example/a/...'],
    ['https://t.example/a', '/%252e%252e/x', undefined, 'https://t.example/a/%252e%252e/x'],
    ...[
      '/..',
      '/../x',
      '/b/../../x',
      '/%2e%2e/x',
      '/%2E./x',
      '/.%2e',
      '/.',
      '/%2e',
      '/..%2fx',
      '/..%5Cx',
      '/b%5c..',
      '/..;a/x',
      '//../x',
    ].map((rest) => ['https://t.example/a', rest, undefined, undefined] as [string, string, undefined, undefined]),
  ];
  for (const [target, rest, query, expected] of cases)
    assert.equal(
      buildLocation({ target, query: 'incoming-wins' }, rest, query),
      expected,
      `${target} ${rest} ${query}`,
    );
});

test('a link that ignores the rest leads to its target alone', () => {
  const link = { target: 'https://t.example/a', query: 'off', rest: 'ignore' } as const;
  assert.equal(buildLocation(link, '/b/../..', 'q'), 'https://t.example/a');
});

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '..',
        '.',
        '%2e',
        '%2E%2e',
        '%2f',
        '%5c',
        '%5C',
        '@',
        ':',
        ';',
        '%0d%0a',
        '%',
        '?',
        '&',
        '#',
        '\\',
        '\r\n',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.webSegment(),
    ),
  )
  .map((parts) => `/${parts.join('')}`);
const target = fc
  .webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true, withFragments: true })
  .map((text) => {
    try {
      return checkTarget(text);
    } catch {
      return 'https://t.example/base/path?x=1#f';
    }
  });

test('no request moves a Location out of its origin or above its path, or puts anything but visible ASCII into it', () => {
  fc.assert(
    fc.property(target, nasty, fc.constantFrom(...QUERY_MODES), (to, url, query) => {
      const request = splitAddress(url);
      const path = request && parsePath(request.path, { case: 'sensitive', trailingSlash: 'strict' });
      if (!request || !path) return;
      const location = buildLocation({ target: to, query }, restAfter(path, 0), request.query);
      if (location === undefined) return;
      assert.match(location, /^https?:\/\/[!-~]+$/);
      const [got, base] = [new URL(location), new URL(to)];
      assert.equal(got.origin, base.origin);
      assert.ok(got.pathname.startsWith(base.pathname), `${got.pathname} under ${base.pathname}`);
      assert.equal(got.hash, base.hash);
      assert.ok(location.includes(restAfter(path, 0).replace(/^\/+/, '')));
    }),
    { numRuns: 2_000 },
  );
});
