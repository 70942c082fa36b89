/** Domains, links and look-ups for tests, plain but for what a test names. */
import { fallbackRows, linkTargetRow, type SourceKind, targetHost } from '../links/link-targets.ts';
import type { LoopLookup } from '../links/loops.ts';
import { type Domain, type Link, linkDocId } from '../links/records.ts';
import { parseSlug } from '../links/slug.ts';

const TIME = '2026-01-01T00:00:00.000Z';
let made = 0;

export function aDomain(given: Partial<Domain> = {}): Domain {
  return {
    host: 'go.example',
    case: 'insensitive',
    trailingSlash: 'ignore',
    defaultStatus: 302,
    createdAt: TIME,
    updatedAt: TIME,
    ...given,
  };
}

export function aLink(given: Partial<Link> = {}): Link {
  return {
    id: `link-${++made}`,
    host: 'go.example',
    slug: 'a',
    match: 'exact',
    target: 'https://t.example/',
    query: 'incoming-wins',
    tags: [],
    createdAt: TIME,
    updatedAt: TIME,
    ...given,
  };
}

/** How many prefix links there are by depth. */
function depthsOf(domain: Domain, links: readonly Link[]): Record<string, number> {
  const depths: Record<string, number> = {};
  for (const link of links) {
    if (link.match !== 'prefix' || link.host !== domain.host) continue;
    const { depth } = parseSlug(link.slug, domain, 'prefix');
    depths[depth] = (depths[depth] ?? 0) + 1;
  }
  return depths;
}

/** A look-up in these domains and links alone. */
export function aLookup(domains: readonly Domain[], links: readonly Link[]): LoopLookup {
  const domainOf = (host: string) => domains.find((domain) => domain.host === host);
  const idOf = (link: Link) => {
    const domain = domainOf(link.host);
    return domain && linkDocId(link.host, parseSlug(link.slug, domain, link.match).key, link.match);
  };
  const byId = new Map(links.map((link) => [idOf(link), link]));
  const rows = [
    ...links.map((link) => ({ target: link.target, row: linkTargetRow(link, domainOf(link.host) ?? aDomain()) })),
    ...domains.flatMap((domain) =>
      fallbackRows(domain).map((row) => ({
        target: `https://${row.id.split('|')[0]}/`,
        row,
      })),
    ),
  ];
  return {
    domain: async (host) => domainOf(host),
    state: async (host) => {
      const domain = domainOf(host);
      const value = domain && { links: links.length, prefixDepths: depthsOf(domain, links), nonce: '' };
      return value && { id: host, version: `${host}@1`, value };
    },
    links: async (ids) => ids.map((id) => byId.get(id)),
    used: async () => 0,
    into: async (host) =>
      rows
        .filter(({ target }) => targetHost(target) === host)
        .map(({ row }) => {
          const [, from = '', slugKey = '', kind] = row.id.split('|').map(decodeURIComponent);
          return { host: from, slugKey, kind: kind as SourceKind, path: row.value.path };
        }),
  };
}
