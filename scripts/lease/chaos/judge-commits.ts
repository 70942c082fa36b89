/** Whether the store holds what leaders were told it does, and under whose token. */
import type { Entry } from './plan.ts';
import type { Commit, Hold } from './testimony.ts';
import type { LedgerCopy, Violation } from './verdict.ts';

/** Said to be done, and not there. */
export function* lostCommits(commits: readonly Commit[], copies: readonly LedgerCopy[]): Generator<Violation> {
  for (const copy of copies) {
    const there = new Set(copy.entries.map(({ id }) => id));
    for (const { id, who, token, at, told } of commits)
      if (told.outcome === 'done' && at > copy.since && told.at < copy.at && !there.has(id))
        yield {
          rule: 'lost commit',
          what: `${who} was told that ${id} under token ${token} is done, and it is not there`,
        };
  }
}

/** There twice, or out of count: two commits that both moved the counter on from the same number. */
export function* doubledCommits(copies: readonly LedgerCopy[]): Generator<Violation> {
  const seen = new Map<string, Entry>();
  for (const { entries, counter } of copies) {
    for (const [place, entry] of entries.entries()) {
      const other = seen.get(entry.id);
      if (other) yield { rule: 'doubled commit', what: `${entry.id} is there as ${other.count} and as ${entry.count}` };
      seen.set(entry.id, entry);
      if (entry.count !== place + 1)
        yield { rule: 'doubled commit', what: `entry ${place + 1} of ${entries.length} counts ${entry.count}` };
    }
    if (counter !== undefined && counter !== entries.length)
      yield { rule: 'doubled commit', what: `the counter says ${counter}, and ${entries.length} entries are there` };
  }
}

/** Said not to have happened, and there. */
export function* falseRefusals(commits: readonly Commit[], copies: readonly LedgerCopy[]): Generator<Violation> {
  const there = new Set(copies.flatMap(({ entries }) => entries.map(({ id }) => id)));
  for (const { id, who, told } of commits)
    if (told.outcome === 'refused' && there.has(id))
      yield { rule: 'false refusal', what: `${who} was told ${told.code} of ${id}, and it is there` };
}

/** There after one with a higher token, in the store's own order; or of nobody. */
export function* disorderedCommits(commits: readonly Commit[], copies: readonly LedgerCopy[]): Generator<Violation> {
  const writers = new Map(commits.map(({ id, who }) => [id, who]));
  let highest = 0;
  for (const { id, token } of copies.flatMap(({ entries }) => entries)) {
    const who = writers.get(id);
    if (!who) yield { rule: 'stale commit', what: `nobody has written ${id} under token ${token}, which is there` };
    if (token < highest)
      yield { rule: 'stale commit', what: `${id} of ${who} under token ${token} came after one under ${highest}` };
    highest = Math.max(highest, token);
  }
}

/** There, though another's term had begun before it was even sent. */
export function* staleCommits(
  commits: readonly Commit[],
  holds: readonly Hold[],
  copies: readonly LedgerCopy[],
): Generator<Violation> {
  const there = new Set(copies.flatMap(({ entries }) => entries.map(({ id }) => id)));
  for (const { id, who, token, at } of commits) {
    if (!there.has(id)) continue;
    const later = holds.find(({ counted, token: other }) => counted && other > token && counted.start < at);
    if (later?.counted)
      yield {
        rule: 'stale commit',
        what: `${who} sent ${id} under token ${token} at ${at.toFixed(3)} ms, and it was taken, though ${later.who} counted on ${later.token} from ${later.counted.start.toFixed(3)} ms`,
      };
  }
}
