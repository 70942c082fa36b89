/**
 * Takes the text of the files for the one that was applied: nothing is run, golang-migrate's row stays as it is, and the history gets a row for each with the checksum and the way back that count from here on. One that another tool
 * applied has no text to differ from.
 */
import type { Held } from '../lease/lease.ts';
import { checksumOf } from './bundle.ts';
import type { Bundle, Migration, VersionState } from './migration.ts';
import { absent, dirty, refused } from './refusals.ts';
import { replayHistory } from './replay-history.ts';
import type { Command } from './run.ts';
import type { ApplyGiven, HistoryRow, Session } from './session.ts';

type Rebless = Extract<Command, { command: 'rebless' }>;

/** Those that were edited since they were applied, up or down, or the one that was asked for where it was. Throws `migration_dirty`, and `migration_refused` where that one has no file or was not applied. */
export function checkRebless(
  { version: only }: Rebless,
  bundle: Bundle,
  state: VersionState,
  history: readonly HistoryRow[],
): Migration[] {
  if (state.dirty) throw dirty(state);
  const { applied, unrecorded } = replayHistory(history, state.version);
  if (only !== undefined) {
    if (!bundle.migrations.some(({ version }) => version === only)) throw absent(only);
    const isReached = state.version !== undefined && only <= state.version;
    if (!isReached || !(applied.has(only) || history.length === 0 || unrecorded(only)))
      throw refused(`version ${only} was not applied, so there is nothing that its file could stand for`);
  }
  return bundle.migrations.filter((migration) => {
    const row = applied.get(migration.version);
    return (only === undefined || migration.version === only) && row && wasEdited(migration, row);
  });
}

/** A step that was only found to be applied has left no checksum. */
function wasEdited({ up, down }: Migration, row: HistoryRow): boolean {
  if (row.checksum === undefined) return false;
  if (row.checksum !== up?.checksum) return true;
  return down !== undefined && (row.down === undefined || checksumOf(row.down) !== down.checksum);
}

/** One transaction for each, so that whoever goes on after a crash finds those done. */
export async function rebless(
  session: Session,
  edited: readonly Migration[],
  {
    state,
    held,
    stop,
    given,
  }: {
    state: VersionState;
    held: Held;
    stop: AbortSignal;
    given: Pick<ApplyGiven, 'token' | 'run' | 'by' | 'bundle'>;
  },
): Promise<void> {
  for (const { version, name, up, down } of edited) {
    held.assert();
    stop.throwIfAborted();
    await session.stamp(state, {
      ...given,
      ...{ direction: 'rebless', name, of: version },
      ...(up && { checksum: up.checksum }),
      ...(down && { down: down.text }),
    });
  }
}
