/**
 * What branded links keep in the store and put on the queue: the one vocabulary that `links`, `redirects` and `clicks` share.
 *
 * | collection | id | holds |
 * |---|---|---|
 * | `domains` | host | Domain |
 * | `domain-state` | host | DomainState: its version is the domain's revision; it changes with every change of the domain or of one of its links |
 * | `links` | host, slug key, match | Link |
 * | `link-targets` | target host, host, slug key, match | LinkTarget: which links lead to a host, for the loop check |
 * | `link-uses` | link id | LinkUses: how often a link with a click limit was used |
 * | `link-stats` | link id, day, shard | counters (owned by `clicks`) |
 * | `link-visitors` | link id, day, visitor | a person seen that day |
 * | `visitor-salts` | day | the day's random key for visitor hashes |
 * | `hosts` | `all` | nothing but a nonce: its version changes when a domain is added or removed |
 */
import { docId } from '../store/store.ts';

export const STATUSES = [301, 302, 307, 308] as const;
export type RedirectStatus = (typeof STATUSES)[number];

export const MATCHES = ['exact', 'prefix'] as const;
/** `exact` answers one path; `prefix` answers it and everything below it, by whole segments. */
export type Match = (typeof MATCHES)[number];

export const QUERY_MODES = ['off', 'incoming-wins', 'target-wins', 'append'] as const;
/**
 * What happens to the query a visitor brings: dropped; merged with the visitor's values replacing the target's of the same name;
 * merged without those the target names itself; or put behind the target's unchanged.
 */
export type QueryMode = (typeof QUERY_MODES)[number];

export interface Domain {
  /** A-labels in lower case, no port, no trailing dot. */
  host: string;
  /** `insensitive`: /Sale and /sale are one slug. Fixed while the domain has links. */
  case: 'sensitive' | 'insensitive';
  /** `ignore`: /sale/ and /sale are one slug. Fixed while the domain has links. */
  trailingSlash: 'ignore' | 'strict';
  /** The status of links that name none. */
  defaultStatus: RedirectStatus;
  /** Where `/` leads; 404 without it. */
  rootTarget?: string;
  /** Where an unknown slug leads; 404 without it. */
  notFoundTarget?: string;
  /** Where an expired or used-up link leads; 410 without it. */
  expiredTarget?: string;
  /** RFC 3339. */
  createdAt: string;
  updatedAt: string;
}

export interface DomainState {
  /** How many links the domain has. */
  links: number;
  /** How many prefix links there are by number of segments ("0" is the root), so that a look-up reads only depths that exist. */
  prefixDepths: Record<string, number>;
  /** Random, so that each change makes a new revision. */
  nonce: string;
}

export interface Link {
  /** Never reused: statistics and uses hang on it, so a slug made anew starts at nought. */
  id: string;
  host: string;
  /** As people read it: decoded, NFC, without a leading slash; `/` is the root. */
  slug: string;
  match: Match;
  /** An absolute http or https address in ASCII. */
  target: string;
  /** The domain's default where absent. */
  status?: RedirectStatus;
  query: QueryMode;
  /** Only these incoming parameters pass; `utm_*` stands for all with that beginning. All pass where absent. */
  queryAllow?: string[];
  /** What a prefix link does with the rest of the path: appended to the target (default), or ignored. */
  rest?: 'append' | 'ignore';
  /** RFC 3339. 404 before it. */
  validFrom?: string;
  /** RFC 3339. 410 from then on. */
  validUntil?: string;
  /** 410 after this many uses by people; exact. */
  clickLimit?: number;
  tags: string[];
  note?: string;
  createdAt: string;
  updatedAt: string;
}

export interface LinkTarget {
  /** The target's path, for matching against the prefix links it leads into. */
  path: string;
}

export interface LinkUses {
  used: number;
}

export const LABELS = ['human', 'bot', 'preview', 'prefetch', 'head', 'scanner'] as const;
export type HitLabel = (typeof LABELS)[number];

export const HIT_TOPIC = 'link.hit';

/** The data of a `link.hit` event: one request that a link answered with a redirect. Holds no address of the visitor. */
export interface Hit {
  linkId: string;
  host: string;
  slug: string;
  match: Match;
  /** The redirect's address without query and fragment. */
  target: string;
  status: RedirectStatus;
  label: HitLabel;
  /** Why it has that label, a stable word such as `sec-purpose`, `isbot`, `empty-user-agent`. */
  reason: string;
  /** An HMAC of the visitor's address and user agent under the day's salt; absent where the salt could not be had. */
  visitor?: string;
  /** The host of the Referer, where one was sent. */
  referrer?: string;
  /** At most 512 characters. */
  userAgent?: string;
  /** ISO 3166-1 alpha-2, from the header that HAWKER_COUNTRY_HEADER names. */
  country?: string;
}

export const linkDocId = (host: string, slugKey: string, match: Match): string => docId(host, slugKey, match);
