/**
 * Whether a change closes a redirect loop, or a chain too long to follow, through the domains served here, whoever owns them.
 *
 * The check follows addresses forwards with the same `decide` that answers visitors, each in every state that time and use may bring (not
 * yet valid, valid, ended). An exact link or a fallback is one address. A prefix link is endlessly many; those that can matter are its own,
 * one below it that nobody could have named, and those that another target names. The last are found by walking backwards through
 * `link-targets`, which also finds the chains that an edit lengthens from the far side.
 *
 * Two edits may each be harmless and together close a loop. The writer therefore commits with the versions in `states`: `check` those of
 * other domains, and `replace` the state of a served host that its target leads to directly (a new nonce), since a check that walked back
 * from there has not seen this target yet. For a host without state, `check` the document `hosts`/`all`.
 */
import type { Store, Version } from '../store/store.ts';
import { candidates, decide, gone, type Redirect } from './decide.ts';
import { type Source, sourcesInto, targetHost } from './link-targets.ts';
import { overlay, remembering } from './overlay.ts';
import type { Domain, Link } from './records.ts';
import { splitAddress } from './request.ts';
import { createLookup, type Lookup } from './resolve.ts';
import { isReserved, parsePath, type RequestPath, slugPath } from './slug.ts';

/** Redirects in a row that a saved change may lead to; browsers give up at 20. */
export const MAX_HOPS = 10;

/** Bounds on one check, far beyond what people set up; past them, what was seen so far decides. */
const MOST_STARTS = 500;
const MOST_STEPS = 5_000;

/** A segment that no link has. */
const UNNAMED = '~any~7f3a9c';

/** What is about to be written: a domain, a link, or a link's removal. */
export type Change = { domain: Domain } | { link: Link } | { removed: Link };

export interface LoopLookup extends Lookup {
  /** What leads to a host. */
  into(host: string): Promise<Source[]>;
}

export interface LoopCheck {
  /** The addresses of the chain in order, the repeated one last; absent where there is no harm. */
  loop?: string[];
  /** Every host looked at with the version of its domain's state; undefined where there is none. */
  states: Map<string, Version | undefined>;
}

interface Place {
  host: string;
  /** Path and query in ASCII. */
  address: string;
}

export function createLoopLookup(store: Store): LoopLookup {
  return { ...createLookup(store), into: (host) => sourcesInto(store, host) };
}

/** Looks at several changes as if all were made. Throws what the store throws. `now` in milliseconds since the epoch. */
export async function findLoop(stored: LoopLookup, changes: readonly Change[], now: number): Promise<LoopCheck> {
  const states = new Map<string, Version | undefined>();
  const lookup = await overlay(remembering(stored, states), changes);
  let steps = 0;

  /** Depth first; `through` tells whether a change has had a part in the chain so far: what was wrong before is not its fault. */
  const walk = async (place: Place, trail: readonly string[], through: boolean): Promise<string[] | undefined> => {
    const name = nameOf(place);
    if (trail.includes(name)) return through ? [...trail, name] : undefined;
    if (++steps > MOST_STEPS) return undefined;
    const chain = [...trail, name];
    for (const redirect of await outcomes(lookup, place, now)) {
      const concerned = through || changes.some((change) => takesPart(change, redirect, place.host));
      if (chain.length > MAX_HOPS) {
        if (concerned) return [...chain, redirect.location];
        continue;
      }
      const found = await walk(placeAt(redirect.location), chain, concerned);
      if (found) return found;
    }
    return undefined;
  };

  const starts = changes.flatMap(placesOf);
  for (const place of starts) {
    const loop = await walk(place, [], true);
    if (loop) return { loop, states };
  }
  for await (const place of earlier(lookup, starts)) {
    const loop = await walk(place, [], false);
    if (loop) return { loop, states };
  }
  return { states };
}

/** Every redirect that a place may answer with, now or at another time. */
async function outcomes(lookup: Lookup, place: Place, now: number): Promise<Redirect[]> {
  const [domain, state] = await Promise.all([lookup.domain(place.host), lookup.state(place.host)]);
  const request = splitAddress(place.address);
  const path = domain && request && parsePath(request.path, domain);
  if (!domain || !state || !path || isReserved(request.path)) return [];
  const links = await lookup.links(candidates(place.host, path, state.value.prefixDepths));
  const link = links.find((candidate) => candidate !== undefined);
  const changeAt = [link?.validFrom, link?.validUntil].flatMap((time) => (time === undefined ? [] : Date.parse(time)));
  const decisions = [now, ...changeAt.filter((time) => time > now)].map((at) =>
    decide({ domain, path, query: request.query, links, now: at }),
  );
  if (link?.clickLimit !== undefined) decisions.push(gone(domain, 'used-up', link));
  return decisions.filter((decision) => decision.kind === 'redirect');
}

/** Places from which the starts may be reached, nearest first. */
async function* earlier(lookup: LoopLookup, starts: readonly Place[]): AsyncGenerator<Place> {
  const seen = new Set(starts.map(nameOf));
  let level = starts;
  for (let hop = 0; hop < MAX_HOPS && level.length > 0; hop++) {
    const next: Place[] = [];
    for (const place of level) {
      const domain = await lookup.domain(place.host);
      const here = domain && parsePath(pathOf(place), domain);
      if (!here) continue;
      for (const source of await lookup.into(place.host)) {
        const there = parsePath(source.path, domain);
        for (const found of there ? entrances(source, there, here, place.host) : []) {
          if (seen.has(nameOf(found))) continue;
          if (seen.size >= MOST_STARTS) return;
          seen.add(nameOf(found));
          next.push(found);
          yield found;
        }
      }
    }
    level = next;
  }
}

/** Where to enter a source that leads to `there`, so as to come to `here` or below it on `host`. */
function entrances(source: Source, there: RequestPath, here: RequestPath, host: string): Place[] {
  const reaches = startsWith(there, here);
  const at = (address: string) => ({ host: source.host, address });
  switch (source.kind) {
    case 'exact':
      return reaches ? [at(slugPath(source.slugKey))] : [];
    case 'root':
      return reaches ? [at('/')] : [];
    case 'not-found':
      return reaches ? [at(`/${UNNAMED}`)] : [];
    case 'expired':
      return reaches ? [{ host, address: source.path }] : [];
    case 'prefix': {
      const slug = slugPath(source.slugKey);
      const named = startsWith(here, there) ? [below(slug, here.raw.slice(there.segments.length).join('/'))] : [];
      return [...(reaches ? [slug, below(slug, UNNAMED)] : []), ...named].map(at);
    }
  }
}

/** Where a change can be entered. */
function placesOf(change: Change): Place[] {
  if ('domain' in change) {
    const { host, rootTarget, notFoundTarget, expiredTarget } = change.domain;
    return [
      ...(rootTarget === undefined ? [] : [{ host, address: '/' }]),
      ...(notFoundTarget === undefined ? [] : [{ host, address: `/${UNNAMED}` }]),
      ...(expiredTarget === undefined ? [] : [placeAt(expiredTarget)]),
    ];
  }
  const link = 'link' in change ? change.link : change.removed;
  const address = slugPath(link.slug);
  const own = { host: link.host, address };
  return link.match === 'prefix' ? [own, { host: link.host, address: below(address, UNNAMED) }] : [own];
}

/** Whether an answer comes from a change. What a removal uncovers starts at its own place. */
function takesPart(change: Change, redirect: Redirect, host: string): boolean {
  if ('link' in change) return redirect.link?.id === change.link.id;
  return 'domain' in change && change.domain.host === host && redirect.reason !== 'matched';
}

function placeAt(address: string): Place {
  const url = new URL(address);
  return { host: targetHost(address), address: `${url.pathname}${url.search}` };
}

const nameOf = (place: Place) => `https://${place.host}${place.address}`;
const pathOf = (place: Place) => place.address.replace(/\?.*$/, '');
const below = (path: string, rest: string) => `${path.endsWith('/') ? path : `${path}/`}${rest}`;
const startsWith = (path: RequestPath, beginning: RequestPath) =>
  beginning.segments.every((segment, index) => path.segments[index] === segment);
