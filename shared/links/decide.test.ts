import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aDomain, aLink, aLookup } from '../testing/links.ts';
import { candidates, decide } from './decide.ts';
import { type Domain, type Link, linkDocId, type Match } from './records.ts';
import { resolve } from './resolve.ts';
import { parsePath, parseSlug } from './slug.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

async function answer(address: string, links: Link[], domain: Domain = aDomain(), now = NOW) {
  return resolve(aLookup([domain], links), domain.host, address, now);
}

async function summary(...args: Parameters<typeof answer>): Promise<string> {
  const decision = await answer(...args);
  return decision.kind === 'redirect'
    ? `${decision.status} ${decision.location}`
    : `${decision.kind} ${decision.reason}`;
}

test('the longest match answers, segment by segment, exact before prefix', async () => {
  const links = [
    aLink({ slug: '/', match: 'prefix', target: 'https://t.example/root' }),
    aLink({ slug: 'docs', match: 'prefix', target: 'https://t.example/docs-prefix' }),
    aLink({ slug: 'docs', match: 'exact', target: 'https://t.example/docs-exact' }),
    aLink({ slug: 'docs/admin', match: 'prefix', target: 'https://t.example/admin' }),
    aLink({ slug: 'docs/admin/x', match: 'exact', target: 'https://t.example/x' }),
  ];
  assert.equal(await summary('/docs', links), '302 https://t.example/docs-exact');
  assert.equal(await summary('/docs/a', links), '302 https://t.example/docs-prefix/a');
  assert.equal(await summary('/docs-old', links), '302 https://t.example/root/docs-old');
  assert.equal(await summary('/docs/admin', links), '302 https://t.example/admin');
  assert.equal(await summary('/docs/admin/x', links), '302 https://t.example/x');
  assert.equal(await summary('/docs/admin/x/y', links), '302 https://t.example/admin/x/y');
  assert.equal(await summary('/', links), '302 https://t.example/root');
});

test("the status is the link's, else the domain's", async () => {
  for (const status of [301, 302, 307, 308] as const) {
    assert.equal(await summary('/a', [aLink({ slug: 'a', status })]), `${status} https://t.example/`);
    assert.equal(
      await summary('/a', [aLink({ slug: 'a' })], aDomain({ defaultStatus: status })),
      `${status} https://t.example/`,
    );
  }
});

test('only a permanent redirect without an end may be kept, and only briefly by the visitor', async () => {
  const cacheControl = async (link: Partial<Link>) => {
    const decision = await answer('/a', [aLink({ slug: 'a', ...link })]);
    return decision.kind === 'redirect' && decision.cacheControl;
  };
  assert.equal(await cacheControl({ status: 301 }), 'private, max-age=90');
  assert.equal(await cacheControl({ status: 308 }), 'private, max-age=90');
  assert.equal(await cacheControl({ status: 302 }), 'private, no-store');
  assert.equal(await cacheControl({ status: 307 }), 'private, no-store');
  assert.equal(await cacheControl({ status: 301, validUntil: '2027-01-01T00:00:00Z' }), 'private, no-store');
  assert.equal(await cacheControl({ status: 301, validFrom: '2026-01-01T00:00:00Z' }), 'private, no-store');
  assert.equal(await cacheControl({ status: 301, clickLimit: 5 }), 'private, no-store');
});

test('before its time a link is not there, after it is gone, and the answer says until when it holds', async () => {
  const link = aLink({ slug: 'a', validFrom: '2026-05-01T00:00:00Z', validUntil: '2026-07-01T00:00:00Z' });
  const at = (time: string) => answer('/a', [link], aDomain(), Date.parse(time));
  const early = await at('2026-04-30T23:59:59.999Z');
  assert.deepEqual(
    [early.kind, early.reason, early.until],
    ['not_found', 'not-yet-valid', Date.parse('2026-05-01T00:00:00Z')],
  );
  const during = await at('2026-05-01T00:00:00Z');
  assert.deepEqual([during.kind, during.until], ['redirect', Date.parse('2026-07-01T00:00:00Z')]);
  const late = await at('2026-07-01T00:00:00Z');
  assert.deepEqual([late.kind, late.reason], ['gone', 'expired']);
});

test('a used-up link is gone', async () => {
  const link = aLink({ slug: 'a', clickLimit: 2 });
  const lookup = { ...aLookup([aDomain()], [link]), used: async () => 2 };
  const decision = await resolve(lookup, 'go.example', '/a', NOW);
  assert.deepEqual([decision.kind, decision.reason], ['gone', 'used-up']);
});

test("a domain's own targets stand in for the root, the unknown and the ended", async () => {
  const domain = aDomain({
    rootTarget: 'https://t.example/home',
    notFoundTarget: 'https://t.example/lost',
    expiredTarget: 'https://t.example/over',
  });
  const links = [
    aLink({ slug: 'over', validUntil: '2026-01-01T00:00:00Z' }),
    aLink({ slug: 'soon', validFrom: '2027-01-01T00:00:00Z' }),
    aLink({ slug: 'docs', match: 'prefix' }),
  ];
  assert.equal(await summary('/?x', links, domain), '302 https://t.example/home');
  assert.equal(await summary('/nothing', links, domain), '302 https://t.example/lost');
  assert.equal(await summary('/soon', links, domain), '302 https://t.example/lost');
  assert.equal(await summary('/docs/%2e%2e/x', links, domain), '302 https://t.example/lost');
  assert.equal(await summary('/over', links, domain), '302 https://t.example/over');
  assert.equal(await summary('/', links), 'not_found unknown-slug');
  assert.equal(await summary('/nothing', links), 'not_found unknown-slug');
  assert.equal(await summary('/docs/%2e%2e/x', links), 'not_found leaves-target');
  assert.equal(await summary('/over', links), 'gone expired');
});

test('odd requests are malformed or unknown', async () => {
  for (const address of ['/%zz', '/a\\b', '/%00', '*'])
    assert.equal(await summary(address, []), 'bad_request malformed');
  const all = [aLink({ slug: '/', match: 'prefix' })];
  for (const address of ['/robots.txt', '/.well-known/x?y'])
    assert.equal(await summary(address, all), 'not_found reserved');
  assert.equal((await resolve(aLookup([], []), 'no.example', '/', NOW)).reason, 'unknown-host');
});

test('only depths at which prefix links exist are read, the longest first', () => {
  const path = parsePath('/a/b/c', aDomain());
  assert.ok(path);
  assert.deepEqual(candidates('h', path, { 0: 2, 2: 1, 3: 0, 9: 4 }), [
    linkDocId('h', 'a/b/c', 'exact'),
    linkDocId('h', 'a/b', 'prefix'),
    linkDocId('h', '/', 'prefix'),
  ]);
  const long = parsePath(`/a/${'x'.repeat(5_000)}`, aDomain());
  assert.ok(long);
  assert.deepEqual(candidates('h', long, { 1: 1, 2: 1 }), [linkDocId('h', 'a', 'prefix')]);
});

test('matching agrees with comparing every link with the path', () => {
  const segment = fc.constantFrom('a', 'B', 'b', '', 'a%2Fb');
  const slug = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
  const saved = slug.filter((text) => !/\/\/$/.test(text));
  const modes = fc.record({
    case: fc.constantFrom('sensitive', 'insensitive'),
    trailingSlash: fc.constantFrom('ignore', 'strict'),
  }) as fc.Arbitrary<Pick<Domain, 'case' | 'trailingSlash'>>;
  const made = fc.array(fc.tuple(saved, fc.constantFrom<Match>('exact', 'prefix')), { maxLength: 12 });
  fc.assert(
    fc.property(made, slug, modes, (slugs, requested, by) => {
      const domain = aDomain(by);
      const path = parsePath(requested, domain);
      assert.ok(path);
      const links = slugs.map(([text, match]) => ({ text, ...parseSlug(text, domain, match), match }));
      const wanted = canonicalSegments(requested, by, false);
      const fitting = links.filter(({ text, match }) => {
        const own = canonicalSegments(text, by, match === 'prefix');
        return match === 'exact' ? own === wanted : wanted.startsWith(own);
      });
      const best = fitting.sort((a, b) => rank(b) - rank(a))[0];
      const depths = Object.fromEntries(links.filter(({ match }) => match === 'prefix').map(({ depth }) => [depth, 1]));
      const stored = new Map(
        links.map(({ key, match, display }) => [linkDocId(domain.host, key, match), aLink({ slug: display, match })]),
      );
      const found = decide({
        domain,
        path,
        query: undefined,
        links: candidates(domain.host, path, depths).map((id) => stored.get(id)),
        now: NOW,
      });
      assert.deepEqual(
        found.link && [parseSlug(found.link.slug, domain, found.link.match).key, found.link.match],
        best && [best.key, best.match],
      );
    }),
    { numRuns: 2_000 },
  );
});

/** Every segment ended by a mark, so that comparing beginnings compares whole segments. */
function canonicalSegments(path: string, by: Pick<Domain, 'case' | 'trailingSlash'>, prefix: boolean): string {
  const cut = (by.trailingSlash === 'ignore' || prefix) && path.length > 1 ? path.replace(/\/$/, '') : path;
  const text = by.case === 'insensitive' ? cut.toLowerCase() : cut;
  return ['', '/'].includes(text)
    ? ''
    : text
        .slice(1)
        .split('/')
        .map((segment) => `${segment}|`)
        .join('');
}

const rank = ({ depth, match }: { depth: number; match: Match }) => depth * 2 + (match === 'exact' ? 1 : 0);
