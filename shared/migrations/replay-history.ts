/** What the rows of a history, put together, tell. */
import type { Version } from './migration.ts';
import type { HistoryRow } from './session.ts';

export interface Past {
  /** The row of each migration that was applied and not taken back, at or below the version the database is at. */
  applied: ReadonlyMap<Version, HistoryRow>;
  /** Whether this version lies where no rows are to be expected: before the first row, or skipped by force or baseline. */
  unrecorded(version: Version): boolean;
}

/** Rows come newest first, as a session gives them, perhaps without the oldest. Another tool's steps have left none. */
export function replayHistory(history: readonly HistoryRow[], current: Version | undefined): Past {
  const applied = new Map<Version, HistoryRow>();
  const gaps: { above: Version; to: Version }[] = [];
  let level = -1n;
  const jumpTo = (version: Version) => {
    gaps.push({ above: level, to: version });
    level = version;
  };
  for (const row of history.toReversed()) {
    const { version, direction } = row;
    // Whatever was before the first row was done without us, unless that row says that there is nothing.
    if (gaps.length === 0) jumpTo(version);
    if (direction === 'up') {
      applied.set(version, row);
      level = version;
    } else if (direction === 'down') {
      applied.delete(version);
      level = version - 1n;
    } else {
      // Whoever forces a lower one says that those above it are not there.
      for (const above of applied.keys()) if (above > version) applied.delete(above);
      jumpTo(version);
    }
  }
  for (const version of applied.keys()) if (current === undefined || version > current) applied.delete(version);
  return { applied, unrecorded: (version) => gaps.some(({ above, to }) => version > above && version <= to) };
}
