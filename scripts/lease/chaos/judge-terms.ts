/** Whether the terms of a run kept to what a lease promises. */
import type { Line } from './evidence.ts';
import type { Outage } from './faults.ts';
import type { Hold } from './testimony.ts';
import type { Violation } from './verdict.ts';

type Counted = Hold & { counted: NonNullable<Hold['counted']> };
type ResourceWrite = Extract<Line, { kind: 'write' }>;

/** Those that were counted on, in the order in which they were. */
export function countedOn(holds: readonly Hold[]): Counted[] {
  return holds
    .filter((hold): hold is Counted => hold.counted !== undefined)
    .sort((a, b) => a.counted.start - b.counted.start);
}

/**
 * Two at once, for certain. A store that lost its data has forgotten who led: a term that it gave before that and one from after it may overlap, and it
 * is fencing alone that keeps the old leader from doing harm.
 *
 * Which store gave a term is told by when it was asked for and how long it was counted on, not by when that began: its holder may have been stopped in between. One that
 * the forgotten store gave cannot have been renewed after it, so it was over when `durationMs` had gone by.
 */
export function* overlaps(
  holds: readonly Counted[],
  outages: readonly Outage[],
  durationMs: number,
): Generator<Violation> {
  const asked = (term: Counted) =>
    Math.min(...holds.filter((hold) => isSameTerm(hold, term)).map((hold) => hold.asked));
  for (const [place, first] of holds.entries())
    for (const second of holds.slice(place + 1)) {
      if (isSameTerm(first, second) || second.counted.start >= first.counted.end) continue;
      const forgotten = outages.some(({ lostData, from, to }) => {
        const before = (term: Counted) => asked(term) < to && term.counted.end <= to + durationMs;
        return lostData && second.counted.start > from && (before(first) || before(second));
      });
      if (!forgotten) yield { rule: 'overlap', what: `${told(first)}, and meanwhile ${told(second)}` };
    }
}

/** A term that began to be counted on before another did has the lower token. */
export function* shrinkingTokens(holds: readonly Counted[], outages: readonly Outage[]): Generator<Violation> {
  for (const [place, later] of holds.entries())
    for (const earlier of holds.slice(0, place)) {
      if (earlier.token <= later.token || earlier.counted.start >= later.counted.earliest) continue;
      // It may have been given before the data was lost, and been looked at only after somebody else had it.
      const reordered = outages.some(
        ({ lostData, from, to }) => lostData && later.asked < to && earlier.counted.start > from,
      );
      if (!reordered) yield { rule: 'token', what: `the token went back: ${told(earlier)}, and then ${told(later)}` };
    }
}

/** One token, two terms. */
export function* doubledTokens(holds: readonly Hold[], writes: readonly ResourceWrite[]): Generator<Violation> {
  const owners = new Map<number, string>();
  for (const { token, identity, who, resumed } of holds) {
    const owner = owners.get(token);
    if (owner !== undefined && (owner !== identity || !resumed))
      yield { rule: 'token', what: `token ${token} was given twice: to ${owner}, and to ${identity} of ${who}` };
    owners.set(token, identity);
  }
  for (const { token, identity } of writes) {
    const owner = owners.get(token);
    if (owner !== undefined && owner !== identity)
      yield { rule: 'token', what: `the resource saw token ${token} of ${owner} from ${identity}` };
    owners.set(token, identity);
  }
}

export function* staleWrites(writes: readonly ResourceWrite[]): Generator<Violation> {
  let highest: ResourceWrite | undefined;
  for (const write of writes) {
    if (highest && write.accepted && write.token < highest.token)
      yield {
        rule: 'stale write',
        what: `the resource took a write with token ${write.token} from ${write.identity} at ${ms(write.at)} after one with ${highest.token} from ${highest.identity} at ${ms(highest.at)}`,
      };
    if (!highest || write.token > highest.token) highest = write;
  }
}

/** The longest time between two terms, without those in which the store answered nobody; milliseconds. */
export function longestGap(holds: readonly Counted[], outages: readonly Outage[]): number {
  let longest = 0;
  let led = holds[0]?.counted.end ?? 0;
  for (const { counted } of holds) {
    const down = outages.reduce((sum, { from, to }) => sum + overlapMs(led, counted.start, from, to), 0);
    longest = Math.max(longest, counted.start - led - down);
    led = Math.max(led, counted.end);
  }
  return longest;
}

function overlapMs(aFrom: number, aTo: number, bFrom: number, bTo: number): number {
  return Math.max(0, Math.min(aTo, bTo) - Math.max(aFrom, bFrom));
}

function isSameTerm(a: Hold, b: Hold): boolean {
  return a.identity === b.identity && a.token === b.token;
}

function told({ who, token, asked, resumed, counted }: Counted): string {
  const verb = resumed ? 'resumed' : 'asked for';
  return `${who} ${verb} token ${token} at ${ms(asked)} and counted on it from ${ms(counted.start)} to ${ms(counted.end)}`;
}

/** A moment of the shared clock, for people. */
function ms(at: number): string {
  return `${at.toFixed(3)} ms`;
}
