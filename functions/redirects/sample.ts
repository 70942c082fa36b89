/** For tests: domains and links of every kind, and what a request to them leads to. */
import type { Link } from '#shared/links/records.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { type Asked, createTestStore, type Instance, putDomain, putLink, type TestStore } from './rig.ts';

/** `302 https://…` or `404`. */
export async function led(instance: Instance, path: string, asked?: Asked): Promise<string> {
  const { status, headers } = await instance.ask(path, asked);
  return [status, headers.location].filter(Boolean).join(' ');
}

export async function createSampleStore(): Promise<TestStore> {
  const store = createTestStore();
  await putDomain(store, aDomain());
  await putDomain(store, aDomain({ host: 'xn--mnchen-3ya.example' }));
  await putDomain(
    store,
    aDomain({ host: 'strict.example', case: 'sensitive', trailingSlash: 'strict', defaultStatus: 301 }),
  );
  await putDomain(
    store,
    aDomain({
      host: 'full.example',
      rootTarget: 'https://t.example/home',
      notFoundTarget: 'https://t.example/lost',
      expiredTarget: 'https://t.example/over',
    }),
  );
  const links: Partial<Link>[] = [
    { slug: 'a', target: 'https://t.example/a' },
    { slug: 'a', host: 'xn--mnchen-3ya.example', target: 'https://t.example/munich' },
    { slug: 'Sale', host: 'strict.example', target: 'https://t.example/strict' },
    { slug: '🍜/café', target: 'https://t.example/food' },
    { slug: 'docs', match: 'prefix', target: 'https://t.example/docs?v=2#top' },
    { slug: 'docs/admin', match: 'prefix', target: 'https://t.example/admin' },
    { slug: 'docs/admin', match: 'exact', target: 'https://t.example/exact' },
    { slug: 'q', target: 'https://t.example/?q=a%20b&sig=x%2By~z#f' },
    { slug: 'q-off', target: 'https://t.example/?x=1', query: 'off' },
    { slug: 'q-target', target: 'https://t.example/?x=1', query: 'target-wins' },
    { slug: 'q-append', target: 'https://t.example/?x=1', query: 'append' },
    { slug: 'q-allow', target: 'https://t.example/', queryAllow: ['utm_*', 'gclid'] },
    ...([301, 302, 307, 308] as const).map((status) => ({ slug: `s${status}`, status, target: 'https://t.example/s' })),
    { slug: 'soon', validFrom: '2999-01-01T00:00:00Z' },
    { slug: 'over', validUntil: '2020-01-01T00:00:00Z' },
    { slug: 'over', host: 'full.example', validUntil: '2020-01-01T00:00:00Z' },
  ];
  for (const link of links) await putLink(store, aLink(link));
  return store;
}
