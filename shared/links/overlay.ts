/** A look-up as it would answer after changes that are not written yet, and one that reads everything once. */
import type { Version } from '../store/store.ts';
import type { Change, LoopLookup } from './loops.ts';
import { type Link, linkDocId } from './records.ts';
import { parseSlug } from './slug.ts';

/** Reads each thing once, so that one check sees one state of it, and notes the version of every domain's state. */
export function remembering(lookup: LoopLookup, states: Map<string, Version | undefined>): LoopLookup {
  return {
    domain: once(lookup.domain),
    state: once(async (host) => {
      const doc = await lookup.state(host);
      states.set(host, doc?.version);
      return doc;
    }),
    links: lookup.links,
    used: lookup.used,
    into: once(lookup.into),
  };
}

/** Changes of links on domains that are neither stored nor among the changes have no effect. */
export async function overlay(lookup: LoopLookup, changes: readonly Change[]): Promise<LoopLookup> {
  const domains = new Map(
    changes.flatMap((change) => ('domain' in change ? [[change.domain.host, change.domain]] : [])),
  );
  const links = new Map<string, Link | undefined>();
  const newDepths = new Map<string, Record<string, number>>();
  for (const change of changes) {
    if ('domain' in change) continue;
    const link = 'link' in change ? change.link : change.removed;
    const domain = domains.get(link.host) ?? (await lookup.domain(link.host));
    if (!domain) continue;
    const { key, depth } = parseSlug(link.slug, domain, link.match);
    links.set(linkDocId(link.host, key, link.match), 'link' in change ? link : undefined);
    if (link.match === 'prefix') newDepths.set(link.host, { ...newDepths.get(link.host), [depth]: 1 });
  }
  return {
    ...lookup,
    domain: async (host) => domains.get(host) ?? lookup.domain(host),
    state: async (host) => {
      const doc = await lookup.state(host);
      if (!doc && !domains.has(host)) return undefined;
      const { value, ...rest } = doc ?? { id: host, version: '', value: { links: 0, prefixDepths: {}, nonce: '' } };
      return { ...rest, value: { ...value, prefixDepths: { ...value.prefixDepths, ...newDepths.get(host) } } };
    },
    links: async (ids) => {
      const stored = await lookup.links(ids);
      return ids.map((id, index) => (links.has(id) ? links.get(id) : stored[index]));
    },
  };
}

function once<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const seen = new Map<string, Promise<T>>();
  return (key) => {
    const answer = seen.get(key) ?? read(key);
    seen.set(key, answer);
    return answer;
  };
}
