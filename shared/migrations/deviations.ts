/** Where a bundle and a database's history tell different stories. None of it stops golang-migrate. */
import { AppError } from '../errors.ts';
import type { Bundle, Migration, VersionState } from './migration.ts';
import { replayHistory } from './replay-history.ts';
import type { HistoryRow } from './session.ts';
import type { Policy } from './target.ts';

/** Lower than the database's version and never applied as far as the history tells: merged late, or applied by another tool. No `up` will run them. */
export function lateMigrations(bundle: Bundle, state: VersionState, history: readonly HistoryRow[]): Migration[] {
  const { version: current } = state;
  if (current === undefined || history.length === 0) return [];
  const { applied, unrecorded } = replayHistory(history, current);
  return bundle.migrations.filter(({ version }) => version < current && !applied.has(version) && !unrecorded(version));
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

/** Before an `up`: throws `migration_refused` where the policy forbids it, naming the versions. */
export function checkDeviations(
  { late = 'warn', edited = 'warn' }: Policy,
  ...given: Parameters<typeof lateMigrations>
): void {
  const [bundle, state, history] = given;
  const found = [
    late === 'refuse' && told('merged late, so never applied', lateMigrations(bundle, state, history)),
    edited === 'refuse' && told('edited since they were applied', editedMigrations(bundle, state, history)),
  ].filter(Boolean);
  if (found.length > 0) throw new AppError('migration_refused', found.join('; '));
}

function told(what: string, migrations: readonly Migration[]): string | undefined {
  if (migrations.length === 0) return undefined;
  const some = migrations.slice(0, 10).map(({ version }) => version);
  return `${what}: ${some.join(', ')}${migrations.length > some.length ? ` and ${migrations.length - some.length} more` : ''}`;
}
