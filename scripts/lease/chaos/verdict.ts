/** What the evidence of a run is judged to show. */
import type { Backing } from './backing.ts';
import type { Line } from './evidence.ts';
import type { Outage } from './faults.ts';
import { disorderedCommits, doubledCommits, falseRefusals, lostCommits, staleCommits } from './judge-commits.ts';
import { countedOn, doubledTokens, longestGap, overlaps, shrinkingTokens, staleWrites } from './judge-terms.ts';
import type { Entry } from './plan.ts';
import { commitsOf, holdsOf, whoWrote } from './testimony.ts';

export interface Violation {
  rule:
    | 'overlap'
    | 'token'
    | 'stale write'
    | 'stale commit'
    | 'lost commit'
    | 'doubled commit'
    | 'false refusal'
    | 'error'
    | 'no leader';
  /** One line with who, which tokens and when, in milliseconds of the machine's monotonic clock. */
  what: string;
}

/** All entries of the store, of which those told by `at` must be there; the store was empty at `since`. */
export interface LedgerCopy {
  since: number;
  at: number;
  entries: readonly Entry[];
  /** Where nobody was writing any more. */
  counter?: number;
}

export interface Tally {
  elections: number;
  resumed: number;
  acceptedWrites: number;
  refusedStaleWrites: number;
  commits: { done: number; refused: number; unknown: number };
  duplicateTokens: number;
  overlaps: number;
  lostCommits: number;
  doubledCommits: number;
  longestWithoutLeaderMs: number;
}

interface Case {
  evidence: ReadonlyMap<string, readonly Line[]>;
  ledger: readonly LedgerCopy[];
  outages: readonly Outage[];
  /** Of the lease. */
  durationMs: number;
  fencedFrom?: Backing['fencedFrom'];
}

/**
 * Nothing is taken from what a lease says of itself: leaders wrote down when they counted on it, the resource what it was sent, the store what was
 * committed. Times are taken so that a pause anywhere can only make a term look shorter than it was: what looks like two leaders were two.
 */
export function judge({ evidence, ledger, outages, durationMs, fencedFrom }: Case): {
  tally: Tally;
  violations: Violation[];
} {
  const files = [...evidence].map(([file, lines]) => ({ who: whoWrote(file, lines), lines }));
  const holds = files.flatMap(({ who, lines }) => holdsOf(who, lines));
  const commits = files.flatMap(({ who, lines }) => commitsOf(who, lines));
  const writes = files.flatMap(({ lines }) => lines.filter((line) => line.kind === 'write'));
  const errors = files.flatMap(({ who, lines }) =>
    lines.flatMap((line): Violation[] =>
      line.kind === 'trouble' ? [{ rule: 'error', what: `${who}: ${line.doing} threw ${line.what}` }] : [],
    ),
  );
  const counted = countedOn(holds);
  const two = [...overlaps(counted, outages, durationMs)];
  const doubled = [...doubledTokens(holds, writes)];
  const lostWork = [...lostCommits(commits, ledger)];
  const doubledWork = [...doubledCommits(ledger)];
  const violations = [
    ...two,
    ...doubled,
    ...shrinkingTokens(counted, outages),
    ...staleWrites(writes),
    ...disorderedCommits(commits, ledger),
    ...(fencedFrom === 'commit' ? [] : staleCommits(commits, holds, ledger)),
    ...lostWork,
    ...doubledWork,
    ...falseRefusals(commits, ledger),
    ...errors,
  ];
  const count = (outcome: string) => commits.filter(({ told }) => told.outcome === outcome).length;
  const tally: Tally = {
    elections: holds.filter(({ resumed }) => !resumed).length,
    resumed: holds.filter(({ resumed }) => resumed).length,
    acceptedWrites: writes.filter(({ accepted }) => accepted).length,
    refusedStaleWrites: writes.filter(({ accepted }) => !accepted).length,
    commits: { done: count('done'), refused: count('refused'), unknown: count('unknown') },
    duplicateTokens: doubled.length,
    overlaps: two.length,
    lostCommits: lostWork.length,
    doubledCommits: doubledWork.length,
    longestWithoutLeaderMs: Math.round(longestGap(counted, outages)),
  };
  return { tally, violations };
}
