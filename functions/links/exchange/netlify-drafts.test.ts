import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Domain, type Link, linkDocId } from '#shared/links/records.ts';
import { parseSlug } from '#shared/links/slug.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import type { Draft, Parsed } from './draft.ts';
import { firstMatch, type ModelRule } from './first-match-model.ts';
import { visiting } from './imported.ts';
import { netlifyDrafts } from './netlify-drafts.ts';
import { readNetlifyFile } from './netlify-file.ts';

const BASE = 'https://www.example.com';

const sensitive = (given: Partial<Domain> = {}) => aDomain({ case: 'sensitive', ...given });
const imported = (file: string, modes?: Partial<Domain>): Parsed =>
  netlifyDrafts(readNetlifyFile(file), sensitive(modes), BASE);
const reasons = (parsed: Parsed) => Object.fromEntries(parsed.problems.map(({ line, reason }) => [line, reason]));
const targets = (parsed: Parsed) =>
  Object.fromEntries(parsed.drafts.map(({ row }) => [`${row.slug} ${row.match}`, row.target]));

/** The links as they would be stored; the first of two with one key stays, as in an import. */
function linksOf(drafts: readonly Draft[], domain: Domain): Link[] {
  const links = new Map<string, Link>();
  for (const { row, forwarded } of drafts) {
    const id = linkDocId(domain.host, parseSlug(row.slug, domain, row.match).key, row.match);
    if (links.has(id)) continue;
    const { slug, match, target, query = 'incoming-wins', status, rest } = row;
    const given = { slug, match, target, ...(status && { status }), ...(rest && { rest }) };
    links.set(id, aLink({ ...given, query: forwarded ? 'append' : (query ?? 'append') }));
  }
  return [...links.values()];
}

test('a rule becomes a link with its status, its query passed on, and the relative target resolved', () => {
  const { drafts, problems } = imported(
    '/docs/old /docs/new 302!\n/plain https://other.example/x#part\n/own /there?from=old 301\n',
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    drafts.map(({ line, row, forwarded }) => ({ line, row, forwarded })),
    [
      {
        line: 1,
        row: { slug: 'docs/old', match: 'exact', target: `${BASE}/docs/new`, status: 302, queryAllow: null },
        forwarded: true,
      },
      {
        line: 2,
        row: { slug: 'plain', match: 'exact', target: 'https://other.example/x#part', status: 301, queryAllow: null },
        forwarded: true,
      },
      {
        line: 3,
        row: {
          slug: 'own',
          match: 'exact',
          target: `${BASE}/there?from=old`,
          status: 301,
          queryAllow: null,
          query: 'off',
        },
        forwarded: undefined,
      },
    ],
  );
});

test('a wildcard becomes a prefix that appends with :splat and ignores the rest without', () => {
  const { drafts } = imported('/a/* /x/:splat\n/b/* /y\n/c/* /z/:splat?q=1#f\n');
  assert.deepEqual(
    drafts.map(({ row }) => [row.slug, row.match, row.target, row.rest]),
    [
      ['a', 'prefix', `${BASE}/x/`, null],
      ['b', 'prefix', `${BASE}/y`, 'ignore'],
      ['c', 'prefix', `${BASE}/z/?q=1#f`, null],
    ],
  );
});

test('what a link cannot say is named by line, and everything else goes in', () => {
  const parsed = imported(
    [
      '/app/* /app/index.html 200',
      '/gone /404.html 404',
      '/lang /de 302 Language=de',
      '/pkg/* go-get=:go-get /pkg.html 301',
      '/news/:year/x /archive/:year',
      '/k/kubectl_*.md /kubectl#:splat',
      '/mid/*/end /x',
      '/q/* /x?path=:splat',
      '/deep/* /x/:splat/more',
      '/e /x/:splat',
      'https://other.example/* /x',
      'https://GO.example/here /there',
      '/self/ /self',
      '/see https://go.example/see 301',
      '/half',
      '/.well-known/x /y',
      '/bad%zz /y',
      '//double /y',
      '/scheme //evil.example',
      '/y?x=1 /z',
      '/odd /z 303',
      '# a comment',
      '/ok /z # another',
      '/code /x 30',
    ].join('\n'),
  );
  assert.deepEqual(
    parsed.drafts.map(({ line }) => line),
    [12, 13, 23],
  );
  assert.deepEqual(reasons(parsed), {
    1: 'has status 200 and shows another page in its place; a link only redirects',
    2: 'has status 404; a link has 301, 302, 307, 308',
    3: 'answers only under a condition (Language)',
    4: 'answers only with a query parameter (go-get)',
    5: 'has a :placeholder in its source; a link has fixed segments and a prefix alone',
    6: 'has a * that is not its whole last segment',
    7: 'has a * that is not its whole last segment',
    8: 'has :splat elsewhere than as the last segment of its target',
    9: 'has :splat elsewhere than as the last segment of its target',
    10: 'has :splat in its target and no * in its source',
    11: 'speaks for another host (other.example)',
    14: 'leads to itself',
    15: 'has no target that begins with /, http:// or https://',
    16: 'cannot be a slug: the slug starts with .well-known, which is reserved',
    17: 'cannot be a slug: the slug holds a % that is not followed by two hexadecimal digits',
    18: 'has an empty segment in its source',
    19: 'has a target with a host and no scheme',
    20: 'has a query or a fragment in its source',
    21: 'has status 303; a link has 301, 302, 307, 308',
    24: 'has status 30; a link has 301, 302, 307, 308',
  });
});

test('a relative target without a base is a problem of its line alone', () => {
  const { drafts, problems } = netlifyDrafts(readNetlifyFile('/a /b\n/c https://x.example/\n'), sensitive(), undefined);
  assert.deepEqual(problems, [
    { line: 1, text: '/a /b', reason: 'has a relative target, and no base was given to resolve it' },
  ]);
  assert.equal(drafts.length, 1);
});

test('a line that an earlier one holds whole is left out and named', () => {
  const parsed = imported(
    [
      '/a/* /x',
      '/a/b /y',
      '/a /z',
      '/a/b/* /w',
      '/c/d /1',
      '/c/* /2',
      '/c/d/ /3',
      '/c/* /2',
      '/é /4',
      '/%C3%A9/ /5',
    ].join('\n'),
  );
  assert.deepEqual(Object.keys(targets(parsed)), ['a prefix', 'c/d exact', 'c prefix', 'é exact']);
  assert.deepEqual(reasons(parsed), {
    2: 'never reached: line 1 answers first',
    3: 'never reached: line 1 answers first',
    4: 'never reached: line 1 answers first',
    7: 'never reached: line 5 answers first',
    8: 'repeats line 6',
    10: 'never reached: line 9 answers first',
  });
});

test('a line that cannot go in still answers before those below it, unless it answers some visitors alone', () => {
  const parsed = imported(
    ['/a/* /a.html 200', '/a/b /x', '/p/:id /q/:id', '/p/1 /y', '/p/1/2 /y', '/c/* /d 302 Country=sg', '/c/e /f'].join(
      '\n',
    ),
  );
  assert.deepEqual(Object.keys(targets(parsed)), ['p/1/2 exact', 'c/e exact']);
  assert.equal(reasons(parsed)[2], 'never reached: line 1 answers first');
  assert.equal(reasons(parsed)[4], 'never reached: line 3 answers first');
});

test("where the domain ignores case, a rule within a wildcard is named, since its other spellings were the wildcard's", () => {
  const parsed = imported('/a/B /x\n/A/* /y\n/c /z\n', { case: 'insensitive' });
  assert.equal(parsed.drafts.length, 3);
  assert.deepEqual(reasons(parsed), {
    1: "goes in, but also answers other spellings of its letters' case, which in the file line 2 answers",
  });
});

test('where the domain tells trailing slashes apart, an exact rule makes a link for either form', () => {
  assert.deepEqual(targets(imported('/ /x\n/a/ /y\n/b/* /z\n', { trailingSlash: 'strict' })), {
    '/ exact': `${BASE}/x`,
    'a exact': `${BASE}/y`,
    'a/ exact': `${BASE}/y`,
    'b prefix': `${BASE}/z`,
  });
});

const segment = fc.constantFrom('a', 'b', 'A', 'é', '%C3%A9', 'x%2Fy');
const segments = fc.array(segment, { maxLength: 3 });
const path = fc
  .tuple(segments, fc.boolean())
  .map(([parts, slash]) => `/${parts.join('/')}${slash && parts.length > 0 ? '/' : ''}`);
const source = fc
  .tuple(path, fc.boolean())
  .map(([text, wildcard]) => (wildcard ? `${text.replace(/\/$/, '')}/*` : text));
const target = fc.constantFrom(
  '/t',
  '/t/',
  '/t?own=1',
  '/t#f',
  '/t/:splat',
  '/:splat',
  '/t/:splat?own=1',
  '/t/:splat/u',
);
const suffix = fc.constantFrom('', '301', '302', '302!', '200', '301 Country=sg');
const paths = fc.array(path, { minLength: 20, maxLength: 20 });
const file = fc.array(fc.tuple(source, target, suffix), { minLength: 1, maxLength: 8 });

/** The model compares text: one spelling for each character. */
const spelled = (text: string) => text.replaceAll('é', '%C3%A9');

for (const trailingSlash of ['ignore', 'strict'] as const)
  for (const letters of ['sensitive', 'insensitive'] as const)
    test(`links answer as the file does, or the line that answers there is named (${letters}, ${trailingSlash})`, () =>
      fc.assert(
        fc.asyncProperty(file, paths, fc.constantFrom('', '?q=1'), async (rules, asked, query) => {
          const domain = aDomain({ trailingSlash, case: letters });
          const text = rules.map((columns) => columns.join(' ')).join('\n');
          const parsed = netlifyDrafts(readNetlifyFile(text), domain, BASE);
          const named = new Map(parsed.problems.map(({ line, reason }) => [line, reason]));
          assert.equal(new Set([...parsed.drafts.map(({ line }) => line), ...named.keys()]).size, rules.length);

          const visit = visiting(domain, linksOf(parsed.drafts, domain));
          const model = rules.flatMap(([from, to, end], index): ModelRule[] =>
            end.includes('=')
              ? []
              : [
                  {
                    line: index + 1,
                    from: spelled(from),
                    to: `${BASE}${to}`,
                    status: Number.parseInt(end || '301', 10),
                  },
                ],
          );
          const blurred = letters === 'insensitive' ? blur(model, parsed) : () => false;
          for (const address of asked.map(spelled)) {
            const told = `${text}\n\nat ${address}${query}`;
            const expected = firstMatch(model, address, query.slice(1));
            const reason = expected && named.get(expected.line);
            assert.doesNotMatch(reason ?? '', /repeats|never reached/, told);
            if (reason !== undefined || blurred(address)) continue;
            const answer = expected && { location: expected.location, status: expected.status };
            assert.deepEqual(await visit(address + query), answer, told);
          }
        }),
        { numRuns: 300 },
      ));

/** Tells paths that, were case not to count, a named line would answer, or one that a line of another spelling kept out; or no line but for case. */
function blur(model: readonly ModelRule[], parsed: Parsed): (address: string) => boolean {
  const fold = (text: string) => decodeURIComponent(text.replaceAll('%2F', '%252F')).toLowerCase();
  const folded = model.map((rule) => ({ ...rule, from: fold(rule.from) }));
  const named = new Set(parsed.problems.map(({ line }) => line));
  const keys = new Set<string>();
  for (const { row, line } of parsed.drafts) {
    const key = fold(`${row.slug} ${row.match}`);
    if (keys.has(key)) named.add(line);
    keys.add(key);
  }
  return (address) =>
    firstMatch(model, address)
      ? firstMatch(
          folded.filter(({ line }) => named.has(line)),
          fold(address),
        ) !== undefined
      : firstMatch(folded, fold(address)) !== undefined;
}
