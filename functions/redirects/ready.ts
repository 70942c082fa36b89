/** Decisions made ready to send: what is the same for everybody who gets one is worked out once and kept beside the cached links. */
import { type Decision, decide, type Redirect } from '#shared/links/decide.ts';
import type { Domain, Hit, Link } from '#shared/links/records.ts';
import type { Known } from './cache.ts';

export interface Ready {
  decision: Decision;
  /** Of a redirect, without Content-Length. */
  headers: readonly string[];
  /** Where a link itself redirects: the part of its hit that does not depend on who asks. */
  hit: HitOfLink | undefined;
  /** Where uses must be counted before it is sent. */
  limited: (Link & { clickLimit: number }) | undefined;
}

export type HitOfLink = Pick<Hit, 'linkId' | 'host' | 'slug' | 'match' | 'target' | 'status'>;

/** The answer to a known path. Without a query, as most requests are, it is made once for as long as it holds. */
export function readyFor(known: Known<Ready>, query: string | undefined, now: number): Ready {
  const kept = known.ready;
  if (query === undefined && kept && now < kept.decision.until) return kept;
  const ready = readyOf(
    decide({ domain: known.domain, path: known.path, query, links: known.links, now }),
    known.domain,
  );
  if (query === undefined) known.ready = ready;
  return ready;
}

export function readyOf(decision: Decision, domain: Domain): Ready {
  if (decision.kind !== 'redirect') return { decision, headers: [], hit: undefined, limited: undefined };
  const link = decision.reason === 'matched' ? decision.link : undefined;
  return {
    decision,
    headers: ['Location', decision.location, 'Cache-Control', decision.cacheControl],
    hit: link && hitOf(link, decision, domain),
    limited: link && isLimited(link) ? link : undefined,
  };
}

function hitOf(link: Link, { location, status }: Redirect, { host }: Domain): HitOfLink {
  const target = location.replace(/[?#].*$/, '');
  return { linkId: link.id, host, slug: link.slug, match: link.match, target, status };
}

function isLimited(link: Link): link is Link & { clickLimit: number } {
  return link.clickLimit !== undefined;
}
