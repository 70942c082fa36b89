/** Where an address on a domain served here would lead, from the store and without a hit. */
import type { Doc, Store } from '../store/store.ts';
import { candidates, type Decision, decide, gone, MALFORMED, RESERVED_PATH, UNKNOWN_HOST } from './decide.ts';
import type { Domain, DomainState, Link, LinkUses } from './records.ts';
import { splitAddress } from './request.ts';
import { isReserved, parsePath } from './slug.ts';

/** What has to be known of branded links to follow one. */
export interface Lookup {
  domain(host: string): Promise<Domain | undefined>;
  state(host: string): Promise<Doc<DomainState> | undefined>;
  /** In the order of `ids`, which `candidates` made. */
  links(ids: readonly string[]): Promise<(Link | undefined)[]>;
  /** How often a link with a click limit was used. */
  used(linkId: string): Promise<number>;
}

export function createLookup(store: Store): Lookup {
  return {
    domain: async (host) => (await store.get<Domain>('domains', host))?.value,
    state: (host) => store.get('domain-state', host),
    links: async (ids) => (await store.getMany<Link>('links', ids)).map((doc) => doc?.value),
    used: async (linkId) => (await store.get<LinkUses>('link-uses', linkId))?.value.used ?? 0,
  };
}

/**
 * `address` is a path with an optional query, as a browser would send it; `host` is normalised; `now` in milliseconds since the epoch.
 * Throws what the store throws.
 */
export async function resolve(lookup: Lookup, host: string, address: string, now: number): Promise<Decision> {
  const [domain, state] = await Promise.all([lookup.domain(host), lookup.state(host)]);
  if (!domain || !state) return UNKNOWN_HOST;
  const request = splitAddress(address);
  if (request && isReserved(request.path)) return RESERVED_PATH;
  const path = request && parsePath(request.path, domain);
  if (!request || !path) return MALFORMED;
  const links = await lookup.links(candidates(host, path, state.value.prefixDepths));
  const decision = decide({ domain, path, query: request.query, links, now });
  const link = decision.kind === 'redirect' && decision.reason === 'matched' ? decision.link : undefined;
  if (link?.clickLimit !== undefined && (await lookup.used(link.id)) >= link.clickLimit)
    return gone(domain, 'used-up', link);
  return decision;
}
