/** Where a bundle and a database's history tell different stories. None of it stops golang-migrate. */
import { AppError } from '../errors.ts';
import type { Bundle, Migration, Version, VersionState } from './migration.ts';
import { replayHistory } from './replay-history.ts';
import type { Command } from './run.ts';
import type { HistoryRow } from './session.ts';
import type { Policy } from './target.ts';

/** Not above the database's version, and never applied as far as the history tells: merged late. No `up` will run them unless the policy says so. */
export function lateMigrations(bundle: Bundle, state: VersionState, history: readonly HistoryRow[]): Migration[] {
  const { version: current, dirty } = state;
  if (current === undefined || history.length === 0) return [];
  const { applied, unrecorded } = replayHistory(history, current);
  // What it is marked with may be the step under way; the version itself is late where a `down` came to one that was passed over.
  const isReached = (version: Version) => version < current || (version === current && !dirty);
  return bundle.migrations.filter(({ version }) => isReached(version) && !applied.has(version) && !unrecorded(version));
}

/** Their `up` is not the text that was applied. */
export function editedMigrations(bundle: Bundle, state: VersionState, history: readonly HistoryRow[]): Migration[] {
  const { applied } = replayHistory(history, state.version);
  return bundle.migrations.filter(({ version, up }) => {
    const was = applied.get(version)?.checksum;
    // A step that was only found to be applied has left no checksum.
    return was !== undefined && was !== up?.checksum;
  });
}

/** Rows of what was applied and has no file any more, by version. */
export function missingMigrations(bundle: Bundle, state: VersionState, history: readonly HistoryRow[]): HistoryRow[] {
  const { applied } = replayHistory(history, state.version);
  const there = new Set(bundle.migrations.map(({ version }) => version));
  return [...applied.values()]
    .filter(({ version }) => !there.has(version))
    .sort((a, b) => (a.version < b.version ? -1 : 1));
}

/** What the policy only warns of, in at most three lines; none of a command that does not go up. `from` is the version that its run began at. */
export function warningsOf(
  asked: Command,
  from: Version | undefined,
  { late = 'warn', edited = 'warn', missing = 'warn' }: Policy,
  ...given: Parameters<typeof lateMigrations>
): string[] {
  const isUp = asked.command === 'up' || (asked.command === 'goto' && (from === undefined || asked.version >= from));
  return isUp ? tell({ late: late === 'warn', edited: edited === 'warn', missing: missing === 'warn' }, given) : [];
}

/** Before an `up`: throws `migration_refused` where the policy forbids it, naming the versions and what can be done. */
export function checkDeviations(
  { late = 'warn', edited = 'warn', missing = 'warn' }: Policy,
  ...given: Parameters<typeof lateMigrations>
): void {
  const found = tell({ late: late === 'error', edited: edited === 'error', missing: missing === 'error' }, given);
  if (found.length > 0) throw new AppError('migration_refused', found.join('; '));
}

function tell(wanted: Record<keyof Policy, boolean>, given: Parameters<typeof lateMigrations>): string[] {
  return [
    wanted.late &&
      told(
        lateMigrations(...given),
        'merged late, so never applied',
        'give them a later version, or let the policy say `late: "apply"`',
      ),
    wanted.edited &&
      told(editedMigrations(...given), 'edited since they were applied', 'restore their files, or `rebless` them'),
    wanted.missing && told(missingMigrations(...given), 'applied, and without a file now', 'restore their files'),
  ].filter((line) => typeof line === 'string');
}

function told(found: readonly { version: Version }[], what: string, advice: string): string | undefined {
  if (found.length === 0) return undefined;
  const some = found.slice(0, 10).map(({ version }) => version);
  return `${what}: ${some.join(', ')}${found.length > some.length ? ` and ${found.length - some.length} more` : ''} (${advice})`;
}
