import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { aDomain, aLink, aLookup } from '../testing/links.ts';
import { fallbackRows, linkTargetRow, sourcesInto } from './link-targets.ts';
import { type Change, findLoop, MAX_HOPS } from './loops.ts';
import type { Domain, Link } from './records.ts';
import { resolve } from './resolve.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const a = aDomain({ host: 'a.example' });
const b = aDomain({ host: 'b.example' });
const c = aDomain({ host: 'c.example' });

/** `a/docs -> b/x` is an exact link on a.example; `a/docs/* -> ...` a prefix link. */
function link(rule: string, more: Partial<Link> = {}): Link {
  const [from = '', to = ''] = rule.split(' -> ');
  const [host = '', ...path] = from.split('/');
  const prefix = path.at(-1) === '*';
  const slug = path.slice(0, prefix ? -1 : undefined).join('/') || '/';
  const [targetHost = '', ...rest] = to.split('/');
  const target = `https://${targetHost}.example/${rest.join('/')}`;
  return aLink({ host: `${host}.example`, slug, match: prefix ? 'prefix' : 'exact', target, ...more });
}

async function loop(
  domains: Domain[],
  links: string[] | Link[],
  change: string | Change,
): Promise<string[] | undefined> {
  const stored = links.map((one) => (typeof one === 'string' ? link(one) : one));
  const changes = [typeof change === 'string' ? { link: link(change) } : change];
  return (await findLoop(aLookup(domains, stored), changes, NOW)).loop;
}

test('a link to itself is refused, and the answer names the chain', async () => {
  assert.deepEqual(await loop([a], [], 'a/x -> a/x'), ['https://a.example/x', 'https://a.example/x']);
  assert.deepEqual(await loop([a, b], ['b/y -> a/x'], 'a/x -> b/y'), [
    'https://a.example/x',
    'https://b.example/y',
    'https://a.example/x',
  ]);
});

test('spelling does not hide a loop', async () => {
  assert.ok(await loop([a], [], 'a/x -> a/X/'));
  assert.ok(await loop([a], [], { link: link('a/x -> a/x', { target: 'http://a.example.:8080/%78?q#f' }) }));
});

test('links that lead elsewhere, or on without coming back, are let through', async () => {
  assert.equal(await loop([a], [], 'a/x -> other/x'), undefined);
  assert.equal(await loop([a, b], ['b/y -> other/'], 'a/x -> b/y'), undefined);
  assert.equal(await loop([a, b], ['b/y -> a/z'], 'a/x -> b/y'), undefined);
  assert.equal(await loop([a], ['a/docs -> a/docs/home'], 'a/docs/* -> other/docs'), undefined);
});

test('more than ten hops are refused, whichever end of the chain is added last', async () => {
  const chain = (length: number) => Array.from({ length }, (_, index) => `a/s${index} -> a/s${index + 1}`);
  assert.equal(await loop([a], chain(MAX_HOPS - 1), `a/s${MAX_HOPS - 1} -> other/`), undefined);
  assert.ok(await loop([a], chain(MAX_HOPS), `a/s${MAX_HOPS} -> other/`));
  assert.ok(await loop([a], chain(MAX_HOPS), 'a/first -> a/s0'));
  const [first, ...others] = chain(MAX_HOPS + 1);
  const middle = others.splice(4, 1)[0] ?? '';
  assert.ok(await loop([a], [first ?? '', ...others], middle));
});

test('prefix links are followed with nothing, anything and what others name behind them', async () => {
  assert.ok(await loop([a, b], ['b/y/* -> a/x'], 'a/x/* -> b/y'));
  assert.ok(await loop([a], [], 'a/x/* -> a/x/y'));
  assert.ok(await loop([a], [], 'a/* -> a/x'));
  assert.ok(await loop([a, b], ['b/y -> a/x'], 'a/x/* -> b/y'));
  assert.ok(await loop([a, b], ['b/x/foo -> a/docs/foo'], 'a/docs/* -> b/x'), 'from the exact link on the far side');
  assert.ok(await loop([a, b], ['a/docs/* -> b/x'], 'b/x/foo -> a/docs/foo'), 'from the prefix link on the far side');
  assert.ok(
    await loop([a, b, c], ['c/e -> b/q/e', 'b/q/* -> a/docs'], 'a/docs/* -> c/'),
    'through a second prefix link',
  );
  assert.equal(await loop([a, b], ['b/x/foo -> a/docs/bar'], 'a/docs/* -> b/x'), undefined);
});

test("a domain's own targets are links too", async () => {
  const lost = { ...b, notFoundTarget: 'https://a.example/home' };
  assert.ok(await loop([a, lost], [], 'a/home -> b/nothing'));
  assert.ok(await loop([a, b], ['a/home -> b/nothing'], { domain: lost }));
  assert.ok(await loop([a, b], ['a/home -> b/'], { domain: { ...b, rootTarget: 'https://a.example/home' } }));
  assert.equal(
    await loop([a, b], ['a/home -> b/nothing'], { domain: { ...b, rootTarget: 'https://a.example/home' } }),
    undefined,
  );
  const ended = { ...b, expiredTarget: 'https://b.example/sale' };
  const sale = link('b/sale -> other/', { validUntil: '2026-09-01T00:00:00Z' });
  assert.ok(await loop([ended], [], { link: sale }));
  assert.ok(await loop([b], [sale], { domain: ended }));
  assert.ok(await loop([ended], [], { link: link('b/sale -> other/', { clickLimit: 1 }) }));
  assert.equal(await loop([ended], [], 'b/sale -> other/'), undefined);
  assert.ok(
    await loop(
      [a, b, { ...c, notFoundTarget: 'https://a.example/docs/foo' }],
      ['b/x/foo -> c/none'],
      'a/docs/* -> b/x',
    ),
    'a fallback that names the rest',
  );
});

test('a domain added later may close a loop that waited for it', async () => {
  assert.ok(await loop([a], ['a/home -> b/x'], { domain: { ...b, notFoundTarget: 'https://a.example/home' } }));
  assert.equal(await loop([a], ['a/home -> b/x'], { domain: b }), undefined);
});

test('removing a link may uncover a loop', async () => {
  const lost = { ...b, notFoundTarget: 'https://a.example/docs/home' };
  const home = link('b/home -> other/');
  assert.ok(await loop([a, lost], [link('a/docs/* -> b/'), home], { removed: home }));
  assert.equal(await loop([a, b], [link('a/docs/* -> b/'), home], { removed: home }), undefined);
});

test('a link whose time is over does not count, one whose time will come does', async () => {
  assert.equal(await loop([a], [link('a/y -> a/x', { validUntil: '2026-01-01T00:00:00Z' })], 'a/x -> a/y'), undefined);
  assert.ok(await loop([a], [link('a/y -> a/x', { validFrom: '2027-01-01T00:00:00Z' })], 'a/x -> a/y'));
});

test('an edit replaces what stood there', async () => {
  const old = link('a/x -> a/y');
  assert.equal(
    await loop([a], [old, link('a/y -> other/')], { link: { ...old, target: 'https://other.example/' } }),
    undefined,
  );
  assert.equal(await loop([a], [old], { link: link('a/y -> other/') }), undefined);
});

test('a loop that was there before is not blamed on another link', async () => {
  const links = ['a/p -> a/q', 'a/q -> a/p', 'a/p2 -> a/x'];
  assert.equal(await loop([a], links, 'a/x -> other/'), undefined);
});

test('the check says which domains it looked at and at what version', async () => {
  const { states } = await findLoop(aLookup([a, b], []), [{ link: link('a/x -> b/y') }], NOW);
  assert.deepEqual(
    [...states].sort(([one], [other]) => one.localeCompare(other)),
    [
      ['a.example', 'a.example@1'],
      ['b.example', 'b.example@1'],
    ],
  );
  const gone = await findLoop(aLookup([a], []), [{ link: link('a/x -> b/y') }], NOW);
  assert.equal(gone.states.has('b.example') && gone.states.get('b.example'), undefined);
});

test('rows in the store give back what leads into a host', async () => {
  const store = withShorthands(createMemoryDriver());
  const domain = { ...b, notFoundTarget: 'https://a.example/lost' };
  const rows = [
    linkTargetRow(link('b/q%2Fr/* -> a/docs'), b),
    ...fallbackRows(domain),
    linkTargetRow(link('b/z -> aa/'), b),
  ];
  for (const { id, value } of rows) await store.create('link-targets', id, value);
  assert.deepEqual(
    (await sourcesInto(store, 'a.example')).sort((one, other) => one.kind.localeCompare(other.kind)),
    [
      { host: 'b.example', slugKey: '', kind: 'not-found', path: '/lost' },
      { host: 'b.example', slugKey: 'q%2Fr', kind: 'prefix', path: '/docs' },
    ],
  );
});

test('after any edits that were let through, no saved address goes round', async () => {
  const name = fc.constantFrom('', 'p', 'q', 'p/q', 'q/p');
  const rule = fc
    .tuple(fc.constantFrom('a', 'b'), name, fc.boolean(), fc.constantFrom('a', 'b', 'out'), name)
    .map(([host, slug, prefix, to, path]) => `${host}/${slug}${prefix ? `${slug ? '/' : ''}*` : ''} -> ${to}/${path}`);
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { maxLength: 7 }), async (rules) => {
      let links: Link[] = [];
      for (const text of rules) {
        const next = link(text);
        const without = links.filter(
          (other) => other.host !== next.host || other.slug !== next.slug || other.match !== next.match,
        );
        const { loop } = await findLoop(aLookup([a, b], links), [{ link: next }], NOW);
        if (!loop) links = [...without, next];
      }
      const lookup = aLookup([a, b], links);
      for (const host of [a.host, b.host])
        for (const path of ['/', '/p', '/q', '/p/q', '/q/p', '/z', '/p/z', '/q/z']) {
          let at = new URL(`https://${host}${path}`);
          let hops = 0;
          for (; hops <= MAX_HOPS; hops++) {
            const decision = await resolve(lookup, at.hostname, at.pathname, NOW);
            if (decision.kind !== 'redirect') break;
            at = new URL(decision.location);
          }
          assert.ok(hops <= MAX_HOPS, `${host}${path} goes round: ${rules.join(', ')}`);
        }
    }),
    { numRuns: 200 },
  );
});
