/** Says in one line of plain English why things are as they are with a lease. */
import { patienceMs } from '../expiry.ts';
import type { LeaseRecord, Sighting } from './record.ts';
import { freeAt, type LeaseState, type Now, standing, type Term } from './state.ts';

type Moment = Pick<Now, 'mono' | 'wall'>;

/** Why the contender with this state is, or is not, the leader; since when, by which rule, and how long there is to wait. */
export function explain(name: string, state: LeaseState, now: Moment): string {
  const { term, leaving, want, sight, timing } = state;
  const trouble = state.failure ? `; the last request failed: ${state.failure}` : '';
  if (leaving) return `Giving the lease "${name}" back${trouble}.`;
  if (term) {
    const verdict = standing(state, now);
    if (verdict === 'held') return `Leading ${leadership(name, term)}: ${prospect(state, term, now)}${trouble}.`;
    if (verdict === 'suspect')
      return `Leading ${leadership(name, term)}, yet not counting on it: this machine seems to have been suspended, so a renewal must go through first${trouble}.`;
    const ago = seconds(now.mono - (term.deadline - timing.guardMs));
    return `Not leading ${leadership(name, term)}: the term ran out ${ago} ago, before a renewal went through; it can be resumed while nobody else has led${trouble}.`;
  }
  if (!sight)
    return want
      ? `Not leading: has not seen the lease "${name}" yet${trouble}.`
      : `Not leading: has not asked for the lease "${name}"${trouble}.`;
  const found = sight.found?.record;
  const rest = found ? standby(found, state, now) : 'nobody had ever held it at the last look';
  return `Not leading the lease "${name}": ${rest}${trouble}.`;
}

/** Why the lease is as it is, told by its record alone. */
export function whyOf({ record, ageMs }: Sighting): string {
  const { holder, successor, durationMs, renewals } = record;
  if (holder === '') {
    const kept = successor === undefined ? '' : `, and kept for ${successor} for ${seconds(patienceMs(durationMs))}`;
    return `Free: ${ending(record)}${kept}.`;
  }
  const told = `${leader(record)}, renewed ${times(renewals)}; each renewal lasts for ${seconds(durationMs)}`;
  if (ageMs === undefined) return `${told}; whether it is still there shows to whoever waits.`;
  const left = patienceMs(durationMs) - ageMs;
  return left > 0
    ? `${told}, the last was ${seconds(ageMs)} ago: without another, others may take it in ${seconds(left)}.`
    : `${told}, but the last was ${seconds(ageMs)} ago: whoever wants it may take it.`;
}

function leadership(name: string, { record }: Term): string {
  return `the lease "${name}" since ${record.since} (term ${record.term}${record.note === undefined ? '' : `, ${record.note}`})`;
}

function prospect({ timing, call }: LeaseState, term: Term, now: Moment): string {
  const left = `it stands for ${seconds(term.deadline - timing.guardMs - now.mono)} more`;
  return call ? `${left}, and is being renewed` : `${left}, and is renewed in ${seconds(term.renewAt - now.mono)}`;
}

function standby(found: LeaseRecord, state: LeaseState, now: Moment): string {
  const { holder, successor, durationMs } = found;
  const wait = (freeAt(state) ?? now.mono) - now.mono;
  if (holder === state.identity) return 'its last term was its own, so it may begin another at once';
  if (holder === '' && wait <= 0) return `it is free, ${ending(found)}`;
  if (holder === '')
    return `it was handed over to ${successor}, and is free for all in ${seconds(wait)} if it is not taken`;
  const still = seconds(now.mono - (state.sight?.at ?? now.mono));
  return wait > 0
    ? `${leader(found)}, and nothing has changed for ${still}; without another renewal it is free in ${seconds(wait)}, which is ${seconds(durationMs)} and what clocks may differ by`
    : `${leader(found)}, yet has not renewed for ${still}; each renewal lasts for ${seconds(durationMs)}, so it is free to take`;
}

function leader({ holder, since, term, note }: LeaseRecord): string {
  return `${holder} leads since ${since} (term ${term}${note === undefined ? '' : `, ${note}`})`;
}

function ending({ broken, term }: LeaseRecord): string {
  return broken
    ? `since ${broken.by} took it away at ${broken.at}: ${broken.reason}`
    : `since its last holder released it after term ${term}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}
