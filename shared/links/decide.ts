/**
 * What a request to a branded domain gets, decided from data alone: `redirects` answers by it, the API's /resolve explains by it, and the
 * loop check follows it, so that the three can never disagree.
 *
 * The longest match decides, exact before prefix at equal length, and it decides even when it is not yet or no longer valid.
 *
 * Cache-Control is always said, since caches otherwise guess (RFC 9111, 4.2.2). A redirect that can be edited or must be counted is
 * `private, no-store`; a permanent one without an end may rest 90 seconds in the visitor's own browser, which is what "permanent" is worth
 * while its owner can still change it. `private` also keeps it out of CDNs, whose negative caching would hold 301 and 308 for ten minutes
 * and 404 and 410 for two (Cloud CDN's defaults) where the origin says nothing.
 */
import { buildLocation } from './location.ts';
import { type Domain, type DomainState, type Link, linkDocId, type RedirectStatus } from './records.ts';
import { keyAt, type RequestPath, restAfter } from './slug.ts';

/** What in the domain's configuration gave the answer. */
export type Rule = 'exact' | 'prefix' | 'root' | 'not-found' | 'expired' | 'none';

export interface Redirect {
  kind: 'redirect';
  status: RedirectStatus;
  location: string;
  cacheControl: string;
  rule: Rule;
  /** A stable word: `matched`, or why the domain's fallback answers instead. */
  reason: string;
  /** The link that answers, or whose end the fallback stands in for. */
  link?: Link;
  /** Milliseconds since the epoch from when on time alone may change the answer. */
  until: number;
}

export interface Refusal {
  kind: 'not_found' | 'gone' | 'bad_request';
  rule: Rule;
  /** A stable word: `unknown-host`, `reserved`, `unknown-slug`, `not-yet-valid`, `expired`, `used-up`, `leaves-target`, `malformed`. */
  reason: string;
  link?: Link;
  until: number;
}

export type Decision = Redirect | Refusal;

export const MALFORMED: Refusal = { kind: 'bad_request', rule: 'none', reason: 'malformed', until: Infinity };
export const UNKNOWN_HOST: Refusal = { kind: 'not_found', rule: 'none', reason: 'unknown-host', until: Infinity };
export const RESERVED_PATH: Refusal = { kind: 'not_found', rule: 'none', reason: 'reserved', until: Infinity };

/** The documents in `links` that may answer a path, the one to prefer first. */
export function candidates(host: string, path: RequestPath, prefixDepths: DomainState['prefixDepths']): string[] {
  const ids: string[] = [];
  const depth = path.segments.length;
  const exact = keyAt(path, depth);
  if (exact !== undefined) ids.push(linkDocId(host, exact, 'exact'));
  const depths = Object.keys(prefixDepths)
    .map(Number)
    .filter((length) => length <= depth && (prefixDepths[length] ?? 0) > 0)
    .sort((a, b) => b - a);
  for (const length of depths) {
    const key = keyAt(path, length);
    if (key !== undefined) ids.push(linkDocId(host, key, 'prefix'));
  }
  return ids;
}

export interface Question {
  domain: Domain;
  path: RequestPath;
  /** Without `?`, in ASCII. */
  query: string | undefined;
  /** What stands at `candidates`, in that order. */
  links: readonly (Link | undefined)[];
  /** Milliseconds since the epoch. */
  now: number;
}

export function decide({ domain, path, query, links, now }: Question): Decision {
  const link = links.find((candidate) => candidate !== undefined);
  if (!link) return path.segments.length === 0 ? atRoot(domain) : notFound(domain, 'unknown-slug');
  const from = link.validFrom === undefined ? -Infinity : Date.parse(link.validFrom);
  const until = link.validUntil === undefined ? Infinity : Date.parse(link.validUntil);
  if (now < from) return { ...notFound(domain, 'not-yet-valid', link), until: from };
  if (now >= until) return gone(domain, 'expired', link);
  const rest = link.match === 'prefix' ? restAfter(path, depthOf(link, path)) : '';
  const location = buildLocation(link, rest, query);
  if (location === undefined) return notFound(domain, 'leaves-target', link);
  const status = link.status ?? domain.defaultStatus;
  return {
    kind: 'redirect',
    status,
    location,
    cacheControl: cacheControl(status, link),
    rule: link.match,
    reason: 'matched',
    link,
    until,
  };
}

/** What a link answers that has ended: the domain's own target for that, else 410. */
export function gone(domain: Domain, reason: 'expired' | 'used-up', link: Link): Decision {
  return domain.expiredTarget === undefined
    ? { kind: 'gone', rule: link.match, reason, link, until: Infinity }
    : fallback('expired', domain.expiredTarget, reason, link);
}

function atRoot(domain: Domain): Decision {
  return domain.rootTarget === undefined
    ? { kind: 'not_found', rule: 'none', reason: 'unknown-slug', until: Infinity }
    : fallback('root', domain.rootTarget, 'root');
}

function notFound(domain: Domain, reason: string, link?: Link): Decision {
  return domain.notFoundTarget === undefined
    ? { kind: 'not_found', rule: link?.match ?? 'none', reason, ...(link && { link }), until: Infinity }
    : fallback('not-found', domain.notFoundTarget, reason, link);
}

function fallback(rule: Rule, location: string, reason: string, link?: Link): Redirect {
  const cacheControl = 'private, no-store';
  return {
    kind: 'redirect',
    status: 302,
    location,
    cacheControl,
    rule,
    reason,
    ...(link && { link }),
    until: Infinity,
  };
}

function cacheControl(status: RedirectStatus, link: Link): string {
  const endless = link.validFrom === undefined && link.validUntil === undefined && link.clickLimit === undefined;
  return endless && (status === 301 || status === 308) ? 'private, max-age=90' : 'private, no-store';
}

/** How many of the path's segments the prefix link's slug takes: its own, each canonical slug having as many as it has separators. */
function depthOf(link: Link, path: RequestPath): number {
  if (link.slug === '/') return 0;
  const bare = link.slug.startsWith('/') ? link.slug.slice(1) : link.slug;
  return Math.min(bare.split('/').length, path.segments.length);
}
