import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Domain, type Link, MATCHES, QUERY_MODES, STATUSES } from '#shared/links/records.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { patched } from '../patch.ts';
import { firstMatch, type ModelRule } from './first-match-model.ts';
import { aSite, visiting } from './imported.ts';
import { readNetlifyFile } from './netlify-file.ts';
import { readNetlifyToml } from './netlify-toml.ts';
import { writeNetlifyFile, writeNetlifyToml } from './netlify-write.ts';

const word = fc.constantFrom('a', 'b', 'Straße', '=x', '*', ':id', 'x y', '😀', '-1', "it's");
const slug = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'));
const text = fc.string({ unit: fc.constantFrom(...'ab=+-@\'",;\r\n\t é#[]{}😀'), maxLength: 12 });
const tag = text.map((t) => t.replaceAll(/\p{Cc}/gu, '').trim()).filter((t) => t !== '');
const time = fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-06-01T12:30:00.500Z');
const fields = fc.record(
  {
    slug: fc.oneof(slug, fc.constant('/')),
    match: fc.constantFrom(...MATCHES),
    target: fc.constantFrom('https://t.example/', 'https://t.example/p?q=1#f', 'https://t.example/,"\'x'),
    query: fc.constantFrom(...QUERY_MODES),
    tags: fc.uniqueArray(tag, { maxLength: 3 }),
    status: fc.constantFrom(...STATUSES),
    queryAllow: fc.array(
      text.filter((t) => t !== ''),
      { maxLength: 3 },
    ),
    rest: fc.constantFrom('append' as const, 'ignore' as const),
    validFrom: time,
    validUntil: fc.constant('2030-01-01T00:00:00.000Z'),
    clickLimit: fc.integer({ min: 1, max: 1_000_000_000 }),
    note: text,
  },
  { requiredKeys: ['slug', 'match', 'target', 'query', 'tags'] },
);

for (const format of ['csv', 'jsonl'] as const)
  test(`${format} loses nothing: an export, brought into an empty domain, comes out the same`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(fields, { maxLength: 6 }), async (given) => {
        const first = await aSite();
        await first.writer.saveLinks(
          first.domain.host,
          given.map(({ slug, match, ...rest }) => ({ slug, match, edit: () => patched(aLink(rest), {}) })),
        );
        const exported = await first.export(format);
        const second = await aSite();
        const report = await second.import(format, exported);
        assert.deepEqual(report.problems, [], exported);
        assert.equal(await second.export(format), exported);
        const kept = (links: Link[]) =>
          links.map(({ id: _id, createdAt: _made, updatedAt: _changed, ...link }) => link);
        assert.deepEqual(kept(await second.links()), kept(await first.links()));
        const again = await second.import(format, exported);
        assert.equal(again.unchanged, (await first.links()).length);
      }),
      { numRuns: 60 },
    ));

test('a Netlify file puts deep before shallow and exact before prefix, and names at its head what rules cannot say', () => {
  const links = [
    aLink({ slug: '/', match: 'prefix', target: 'https://t.example/', status: 301 }),
    aLink({ slug: 'a', match: 'prefix', target: 'https://t.example/x' }),
    aLink({ slug: 'a', target: 'https://t.example/y', rest: 'append', note: 'why' }),
    aLink({ slug: 'b', match: 'prefix', target: 'https://t.example/z?own=1', query: 'off', rest: 'ignore' }),
    aLink({ slug: 'c', match: 'prefix', target: 'https://t.example/z' }),
    aLink({ slug: 'a/b/Größe *', target: 'https://t.example/w' }),
    aLink({ slug: 'd', clickLimit: 5, validUntil: '2027-01-01T00:00:00Z' }),
    aLink({ slug: 'e', target: 'https://t.example/?own=1' }),
    aLink({ slug: 'f', query: 'off' }),
    aLink({ slug: 'g', status: 308 }),
    aLink({ slug: 'h', queryAllow: ['utm_*'] }),
    aLink({ slug: 'i', target: 'https://t.example/:who' }),
  ];
  assert.deepEqual(writeNetlifyFile(links, aDomain({ defaultStatus: 302 })).split('\n'), [
    '# Redirects of go.example',
    '# The domain ignores the case of letters; the rules here do not.',
    '# Tags and notes are left out (1 of 12 links).',
    '# Links left out, since a rule cannot say them (6 of 12):',
    '#   /d: ends at a time, has a click limit',
    "#   /e: merges the visitor's query into its own (incoming-wins)",
    "#   /f: drops the visitor's query",
    '#   /g: has status 308, where a rule redirects with 301 or 302',
    "#   /h: passes only some of the visitor's query",
    '#   /i: has a colon in its target where a rule would see a placeholder',
    '/a/b/Gr%C3%B6%C3%9Fe%20%2A https://t.example/w 302',
    '/a https://t.example/y 302',
    '/a/* https://t.example/x/:splat 302',
    '/b/* https://t.example/z?own=1 302',
    '/c https://t.example/z 302',
    '/c/* https://t.example/z/:splat 302',
    '/* https://t.example/:splat 301',
    '',
  ]);
});

test('where the domain tells trailing slashes apart, two forms that differ make one rule and a remark', () => {
  const links = [
    aLink({ slug: 'a', target: 'https://t.example/1' }),
    aLink({ slug: 'a/', target: 'https://t.example/2' }),
    aLink({ slug: 'b', target: 'https://t.example/3' }),
    aLink({ slug: 'b/', target: 'https://t.example/3' }),
  ];
  const written = writeNetlifyFile(links, aDomain({ trailingSlash: 'strict', case: 'sensitive' }));
  assert.deepEqual(written.split('\n').slice(1), [
    '# The domain tells /a and /a/ apart; the rules here do not.',
    '# Links left out, since a rule cannot say them (1 of 4):',
    '#   /a/: answers otherwise than /a, and a rule answers both forms of a path',
    '/a https://t.example/1 302',
    '/b https://t.example/3 302',
    '',
  ]);
});

const simple = fc.record(
  {
    slug: fc.oneof(
      fc.constant('/'),
      fc.array(fc.constantFrom('a', 'b', 'é', '*'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    ),
    match: fc.constantFrom(...MATCHES),
    target: fc.constantFrom(
      'https://t.example/',
      'https://t.example/x',
      'https://t.example/x/',
      'https://t.example/x?own=1',
      'https://t.example/x#f',
    ),
    query: fc.constantFrom('incoming-wins' as const, 'off' as const),
    status: fc.constantFrom(301 as const, 302 as const, 307 as const),
    rest: fc.constantFrom('append' as const, 'ignore' as const),
  },
  { requiredKeys: ['slug', 'match', 'target', 'query'] },
);
const address = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', '%C3%A9', '%2A'), { maxLength: 4 }),
    fc.constantFrom('', '/'),
    fc.constantFrom('', '?q=1'),
  )
  .map(([parts, slash, query]) => `/${parts.join('/')}${parts.length > 0 ? slash : ''}${query}`);

test('a Netlify file answers as the domain does, but for links that its head names; both forms say the same', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(simple, { maxLength: 6, selector: ({ slug, match }) => `${slug} ${match}` }),
      fc.array(address, { minLength: 20, maxLength: 20 }),
      async (given, addresses) => {
        const domain: Domain = aDomain({ case: 'sensitive' });
        const links = given.map(aLink);
        const written = writeNetlifyFile(links, domain);
        const rules = readNetlifyFile(written);
        const told = ({ from, to, status }: { from: string; to?: string; status?: number }) => ({ from, to, status });
        assert.deepEqual(readNetlifyToml(writeNetlifyToml(links, domain)).map(told), rules.map(told));
        const left = [...written.matchAll(/^# {3}(\S+): /gm)].map(
          ([, from = '']): ModelRule => ({ line: 0, from, to: '', status: 0 }),
        );
        const model = rules.map(({ line, from, to = '', status = 0 }) => ({ line, from, to, status }));
        const visit = visiting(domain, links);
        for (const asked of addresses) {
          const [path = '', query] = asked.split('?');
          if (firstMatch(left, path)) continue;
          const found = firstMatch(model, path, query);
          assert.deepEqual(
            await visit(asked),
            found && { location: found.location, status: found.status },
            `${written}\nat ${asked}`,
          );
        }
      },
    ),
    { numRuns: 300 },
  ));

test('a Netlify file brought back into its domain changes nothing', async () => {
  const site = await aSite();
  await site.import(
    'netlify',
    '/a https://t.example/x\n/b/* https://t.example/y/:splat 302\n/c/* https://t.example/z\n',
  );
  for (const format of ['netlify', 'netlify-toml'] as const)
    assert.deepEqual((await site.import(format, await site.export(format))).unchanged, 3);
});
