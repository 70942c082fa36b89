import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { splitAddress } from './request.ts';
import { keyAt, parsePath, parseSlug, restAfter, type SlugModes, slugPath } from './slug.ts';

const exact: SlugModes = { case: 'sensitive', trailingSlash: 'strict' };
const lenient: SlugModes = { case: 'insensitive', trailingSlash: 'ignore' };
const modes = fc.constantFrom(exact, lenient, { ...exact, case: 'insensitive' as const });

/** The key a request for `path` is looked up by. */
function requested(path: string, by: SlugModes): string | undefined {
  const split = splitAddress(path);
  const parsed = split && parsePath(split.path, by);
  return parsed && keyAt(parsed, parsed.segments.length);
}

test('a slug is found again however it is spelled', () => {
  const same: [string, string, SlugModes][] = [
    ['docs/admin', '/docs/admin', exact],
    ['/docs/admin', '/docs/admin', exact],
    ['caf\u00e9', '/caf%C3%A9', exact],
    ['cafe\u0301', '/caf%C3%A9', exact],
    ['caf%C3%A9', '/cafe%CC%81', exact],
    ['🍜', '/%F0%9F%8D%9C', exact],
    ['a b', '/a%20b', exact],
    ['a%2Fb', '/a%2fb', exact],
    ['100%25', '/100%25', exact],
    ['Sale', '/sALE/', lenient],
    ['Sale/', '/sale', lenient],
    ['/', '/', exact],
    ['/', '//', lenient],
    ['a//b', '/a//b', lenient],
    ['a/', '/a/', exact],
    ['//a', '//a', exact],
    ['ÄÖ', '/%C3%A4%C3%B6', lenient],
  ];
  for (const [slug, path, by] of same) assert.equal(requested(path, by), parseSlug(slug, by).key, `${slug} ${path}`);
});

test('what is not the same stays apart', () => {
  const different: [string, string, SlugModes][] = [
    ['a/b', '/a%2Fb', lenient],
    ['a%2Fb', '/a%252Fb', lenient],
    ['Sale', '/sale', exact],
    ['a', '/a/', exact],
    ['a', '/a//', lenient],
    ['a/b', '/a//b', lenient],
    ['/', '//', exact],
    ['a', '//a', exact],
    ['100%25', '/100%2525', exact],
  ];
  for (const [slug, path, by] of different)
    assert.notEqual(requested(path, by), parseSlug(slug, by).key, `${slug} ${path}`);
});

test('a saved slug is shown decoded and in its own case, and names the same slug when parsed again', () => {
  assert.deepEqual(parseSlug('/Caf%C3%A9/a%2Fb/', lenient), { key: 'café/a%2Fb', display: 'Café/a%2Fb', depth: 2 });
  assert.deepEqual(parseSlug('/', exact), { key: '/', display: '/', depth: 0 });
  assert.equal(parseSlug('docs/', exact, 'prefix').key, 'docs');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[aB%2F/.?]*$/)), modes, (text, by) => {
      const slug = tryParse(text, by);
      if (!slug) return;
      assert.equal(parseSlug(slug.display, by).key, slug.key);
      assert.equal(parseSlug(slug.key, by).key, slug.key);
      assert.equal(requested(slugPath(slug.display), by), slug.key);
    }),
  );
});

test('slugs that no request could or should reach are refused at save, with the rule', () => {
  const wrong = [
    '',
    'a\\b',
    'a?b',
    'a#b',
    '%zz',
    '%E4',
    'a%00b',
    'a\r\nb',
    'a%0Ab',
    'a/../b',
    '%2e%2e',
    './a',
    '\ud800',
  ];
  const reserved = ['robots.txt', 'Favicon.ico', '.well-known/x', '/.WELL-KNOWN', '_healthz', '%72obots.txt'];
  for (const text of [...wrong, ...reserved, 'x'.repeat(901), 'é'.repeat(451), '%2F'.repeat(200)])
    assert.throws(
      () => parseSlug(text, exact),
      (error) => isAppError(error, 'invalid') && error.message.startsWith('the slug '),
      JSON.stringify(text),
    );
  assert.throws(() => parseSlug('a//', lenient));
  assert.throws(() => parseSlug('a//', exact, 'prefix'));
  assert.equal(parseSlug('x'.repeat(900), exact).depth, 1);
});

test('a malformed path is told from an unknown one', () => {
  for (const path of ['/%', '/%zz', '/a%2', '/a%0Ab', '/%00', '/%7f'])
    assert.equal(parsePath(path, exact), undefined, path);
  assert.deepEqual(parsePath('/caf%E9/x', lenient)?.segments, ['CAF%E9', 'x']);
});

test('reading a request never throws, whatever it holds', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webPath()), modes, (text, by) => {
      const split = splitAddress(text);
      if (split) assert.match(split.path + (split.query ?? ''), /^\/[!-~]*$/);
      requested(text, by);
      requested(`/${text}`, by);
    }),
  );
});

test('an absolute address in the request line gives its authority', () => {
  assert.deepEqual(splitAddress('http://go.example:80/a?b'), { path: '/a', query: 'b', authority: 'go.example:80' });
  assert.deepEqual(splitAddress('https://go.example?b=/'), { path: '/', query: 'b=/', authority: 'go.example' });
  for (const wrong of ['*', '', 'a', 'ftp://x/', '/a\\b', '/a#b', '/a b', '/a\tb', '/\ud800'])
    assert.equal(splitAddress(wrong), undefined, wrong);
});

test('the rest of a path is kept as it was sent', () => {
  const rest = (path: string, depth: number, by: SlugModes) => {
    const parsed = parsePath(path, by);
    return parsed && restAfter(parsed, depth);
  };
  assert.equal(rest('/docs/a%2Fb/C//d%c3%a9', 1, lenient), '/a%2Fb/C//d%c3%a9');
  assert.equal(rest('/docs/a/', 1, lenient), '/a/');
  assert.equal(rest('/docs/', 1, lenient), '');
  assert.equal(rest('/docs/', 1, exact), '/');
  assert.equal(rest('/docs', 1, exact), '');
  assert.equal(rest('/', 0, exact), '');
  assert.equal(rest('/a', 0, exact), '/a');
});

function tryParse(text: string, by: SlugModes) {
  try {
    return parseSlug(text, by);
  } catch (error) {
    assert.ok(isAppError(error, 'invalid'));
    return undefined;
  }
}
