import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link } from '#shared/links/records.ts';
import { createTestApp } from './testing.ts';

const HOST = 'go.example.com';
const LINKS = `/v1/domains/${HOST}/links`;
const TARGET = 'https://shop.example/autumn';

async function withDomain() {
  const app = await createTestApp();
  await app.ask(`PUT /v1/domains/${HOST}`);
  return app;
}

describe('listing links', () => {
  it('finds by part of slug, target or note, and by tag', async () => {
    const { ask } = await withDomain();
    await ask(`PUT ${LINKS}/autumn`, { target: 'https://x.example/1', tags: ['t'] });
    await ask(`PUT ${LINKS}/b`, { target: 'https://x.example/AUTUMN' });
    await ask(`PUT ${LINKS}/c`, { target: 'https://x.example/3', note: 'For Autumn', tags: ['t', 'u'] });
    await ask(`PUT ${LINKS}/d`, { target: 'https://x.example/4' });
    const slugs = async (query: string) =>
      (await ask(`GET ${LINKS}?${query}`)).body.items.map(({ slug }: { slug: string }) => slug);
    assert.deepEqual(await slugs('q=Autumn'), ['autumn', 'b', 'c']);
    assert.deepEqual(await slugs('tag=t'), ['autumn', 'c']);
    assert.deepEqual(await slugs('tag=t&q=3'), ['c']);
    assert.deepEqual(await slugs('q=nothing'), []);
  });

  it('goes through all links once, whatever the page', async () => {
    const { ask } = await withDomain();
    for (let n = 0; n < 7; n++) await ask(`PUT ${LINKS}/s${n}`, { target: TARGET, tags: n % 2 ? ['odd'] : [] });
    const walk = async (query: string) => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await ask(`GET ${LINKS}?${query}${cursor && `&cursor=${cursor}`}`);
        seen.push(...body.items.map(({ slug }: { slug: string }) => slug));
        cursor = body.nextCursor ?? '';
      } while (cursor);
      return seen;
    };
    for (const limit of [1, 2, 3, 7, 50]) {
      assert.deepEqual(await walk(`limit=${limit}`), ['s0', 's1', 's2', 's3', 's4', 's5', 's6']);
      assert.deepEqual(await walk(`limit=${limit}&tag=odd`), ['s1', 's3', 's5']);
    }
  });

  it('looks at a bounded number of links for each page', async () => {
    const { ask, store } = await withDomain();
    const { ...link } = (await ask(`PUT ${LINKS}/a`, { target: TARGET })).body as Link;
    const slugs = Array.from({ length: 2_500 }, (_, n) => `s${String(n).padStart(4, '0')}`);
    for (let from = 0; from < slugs.length; from += 500)
      await store.commit(
        slugs.slice(from, from + 500).map((slug) => ({
          op: 'create' as const,
          collection: 'links',
          id: `${HOST}|${slug}|exact`,
          value: { ...link, slug, tags: slug === 's2400' ? ['rare'] : [] },
        })),
      );
    const first = (await ask(`GET ${LINKS}?tag=rare`)).body;
    assert.deepEqual(first.items, []);
    const second = (await ask(`GET ${LINKS}?tag=rare&cursor=${first.nextCursor}`)).body;
    assert.deepEqual([second.items.length, second.nextCursor], [1, undefined]);
  });

  it("takes no cursor of another domain's list", async () => {
    const { ask } = await withDomain();
    await ask('PUT /v1/domains/other.example');
    for (const slug of ['a', 'b']) await ask(`PUT /v1/domains/other.example/links/${slug}`, { target: TARGET });
    const { nextCursor } = (await ask('GET /v1/domains/other.example/links?limit=1')).body;
    const { status, body } = await ask(`GET ${LINKS}?cursor=${nextCursor}`);
    assert.deepEqual([status, body.errors[0].pointer], [422, '?cursor']);
  });
});
