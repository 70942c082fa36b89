/** What the rows of a history, put together, tell. */
import type { Version } from './migration.ts';
import type { HistoryRow } from './session.ts';

export interface Past {
  /** The row of each migration that was applied and not taken back, at or below the version the database is at; with the texts that a `rebless` put in their place. */
  applied: ReadonlyMap<Version, HistoryRow>;
  /** Whether this version lies where no rows are to be expected: before the first row, skipped by force or baseline, or done by another tool since. */
  unrecorded(version: Version): boolean;
  /** Where its rows left the database: at this version, or at the next one below it. -1 is none; undefined without rows. */
  end: { at: Version } | { below: Version } | undefined;
  /** Whether the database is still there. */
  agrees: boolean;
}

/** Rows come newest first, as a session gives them, perhaps without the oldest. Another tool's steps have left none. */
export function replayHistory(history: readonly HistoryRow[], current: Version | undefined): Past {
  const applied = new Map<Version, HistoryRow>();
  const gaps: { above: Version; to: Version }[] = [];
  let end: Past['end'];
  let level = -1n;
  const unrecorded = (version: Version) => gaps.some(({ above, to }) => version > above && version <= to);
  const forget = (from: Version) => {
    for (const version of applied.keys()) if (version >= from) applied.delete(version);
  };
  const jumpTo = (version: Version) => {
    gaps.push({ above: level < version ? level : version - 1n, to: version });
    level = version;
    end = { at: version };
  };
  for (const row of history.toReversed()) {
    const { version, direction } = row;
    // Whatever was before the first row was done without us, unless that row says that there is nothing.
    if (gaps.length === 0) jumpTo(version);
    if (direction === 'rebless') {
      const { checksum, down } = row;
      applied.set(version, { ...(applied.get(version) ?? row), checksum, down });
    } else if (direction === 'up') {
      const isLate = version < level && !applied.has(version) && !unrecorded(version);
      if (!isLate) {
        // Of one that was there already, somebody else had taken it back, with all above it.
        forget(version);
        level = version;
        end = { at: version };
      }
      applied.set(version, row);
    } else if (direction === 'down') {
      forget(version);
      level = [...applied.keys()].reduce((most, one) => (one > most ? one : most), -1n);
      end = { below: version };
    } else {
      // Whoever forces a lower one says that those above it are not there.
      forget(version + 1n);
      // It came down from above by another tool, who knows from how far below.
      if (direction === 'baseline' && level > version) level = -1n;
      jumpTo(version);
    }
  }
  const at = current ?? -1n;
  const between = (to: Version) => [...applied.keys()].some((version) => version > at && version < to);
  const agrees = !end || ('at' in end ? end.at === at : at < end.below && !between(end.below));
  if (!agrees) gaps.push({ above: level < at ? level : -1n, to: at });
  forget(at + 1n);
  return { applied, unrecorded, end, agrees };
}
