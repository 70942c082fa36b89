/** A domain's revision and the counts that it holds. Every change of a domain or of one of its links goes with a new one. */
import { targetHost } from '#shared/links/link-targets.ts';
import type { Domain, DomainState, Link } from '#shared/links/records.ts';
import type { ChangeSet } from './change-set.ts';

/** Puts a new revision of a domain into the set, with its counts changed where `recount` says so; nothing where it is not served. */
export async function renewState(
  set: ChangeSet,
  host: string,
  nonce: string,
  recount: (state: DomainState) => DomainState = (state) => state,
): Promise<void> {
  const state = await set.view.get<DomainState>('domain-state', host);
  if (state) await set.set('domain-state', host, { ...recount(state.value), nonce });
}

/**
 * New revisions of the served domains that something leads to: a loop check of their own, made at the same time, has walked back from there
 * and not seen it.
 */
export async function renewLedTo(set: ChangeSet, from: Link | Domain, nonce: string): Promise<void> {
  const targets = 'target' in from ? [from.target] : [from.rootTarget, from.notFoundTarget, from.expiredTarget];
  const hosts = new Set(targets.flatMap((target) => (target === undefined ? [] : targetHost(target))));
  hosts.delete(from.host);
  for (const host of hosts) await renewState(set, host, nonce);
}

/** The counts after `difference` (1, 0 or -1) links at `depth` segments were added. */
export function recounted(state: DomainState, match: Link['match'], depth: number, difference: number): DomainState {
  const links = state.links + difference;
  if (match === 'exact' || difference === 0) return { ...state, links };
  const { [String(depth)]: before = 0, ...others } = state.prefixDepths;
  const after = before + difference;
  return { ...state, links, prefixDepths: after > 0 ? { ...others, [depth]: after } : others };
}
