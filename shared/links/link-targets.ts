/**
 * The `link-targets` documents: for each link and each fallback of a domain, one row filed under the host it leads to, whether that host is
 * served here or not, so that the loop check can walk backwards and still can when the host is added later.
 */
import { docId, type Store } from '../store/store.ts';
import { normaliseHost } from './host.ts';
import type { Domain, Link, LinkTarget, Match } from './records.ts';
import { parseSlug } from './slug.ts';

/** What leads: a link, or one of a domain's fallbacks, whose slug key is empty. */
export type SourceKind = Match | 'root' | 'not-found' | 'expired';

export interface Source {
  host: string;
  slugKey: string;
  kind: SourceKind;
  /** The path it leads to, in ASCII. */
  path: string;
}

export interface TargetRow {
  id: string;
  value: LinkTarget;
}

/** Rows of one host that the loop check reads at most. */
const MOST_ROWS = 1_000;

/** The host a target leads to as a key: a name as domains are keyed, an IP address as it is written. */
export function targetHost(target: string): string {
  const host = new URL(target).hostname;
  return normaliseHost(host) ?? host;
}

/** The row that goes with a link: written with it, deleted with it, moved when its target's host changes. */
export function linkTargetRow(link: Link, modes: Pick<Domain, 'case' | 'trailingSlash'>): TargetRow {
  return row(link.target, link.host, parseSlug(link.slug, modes, link.match).key, link.match);
}

/** The rows that go with a domain: one for each fallback target it has. */
export function fallbackRows(domain: Domain): TargetRow[] {
  const { host, rootTarget, notFoundTarget, expiredTarget } = domain;
  return [
    ...(rootTarget === undefined ? [] : [row(rootTarget, host, '', 'root')]),
    ...(notFoundTarget === undefined ? [] : [row(notFoundTarget, host, '', 'not-found')]),
    ...(expiredTarget === undefined ? [] : [row(expiredTarget, host, '', 'expired')]),
  ];
}

/** What leads to a host: the first MOST_ROWS of it. */
export async function sourcesInto(store: Store, host: string): Promise<Source[]> {
  const page = await store.list<LinkTarget>('link-targets', { prefix: `${docId(host)}|`, limit: MOST_ROWS });
  return page.docs.map(({ id, value }) => {
    const [, from = '', slugKey = '', kind = 'exact'] = id.split('|').map(decodeURIComponent);
    return { host: from, slugKey, kind: kind as SourceKind, path: value.path };
  });
}

function row(target: string, host: string, slugKey: string, kind: SourceKind): TargetRow {
  return { id: docId(targetHost(target), host, slugKey, kind), value: { path: new URL(target).pathname } };
}
