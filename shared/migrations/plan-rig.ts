/** What tests of plans share. */
import assert from 'node:assert/strict';
import { type ErrorCode, isAppError } from '../errors.ts';
import { bundleOf } from './bundle.ts';
import type { Bundle, Step, Version, VersionState } from './migration.ts';
import type { HistoryRow } from './session.ts';

/** One migration for each version, both ways. */
export function bundleWith(...versions: (number | bigint)[]): Bundle {
  const files = versions.flatMap((version) => [
    [`${version}_v${version}.up.sql`, `up ${version}`],
    [`${version}_v${version}.down.sql`, `down ${version}`],
  ]);
  return bundleOf(Object.fromEntries(files));
}

export const at = (version?: number | bigint, dirty = false): VersionState => ({
  version: version === undefined ? undefined : BigInt(version),
  dirty,
});

const told = (version: Version | undefined) => `${version ?? '-'}`;

/** `1>2 up`. */
export const arrows = (steps: readonly Step[]) =>
  steps.map(({ direction, from, to }) => `${told(from)}>${told(to)} ${direction}`);

/** The newest first, from what was done in the order in which it was: `2` up, `-2` down, `{force: 3}`; a `rebless` takes the texts of this bundle. */
export function historyOf(
  bundle: Bundle,
  ...done: (number | { force: number } | { baseline: number } | { rebless: number })[]
): HistoryRow[] {
  const rows = done.map((what, index): HistoryRow => {
    const [kind, number] =
      typeof what === 'number' ? [what > 0 ? 'up' : 'down', Math.abs(what)] : (Object.entries(what)[0] ?? ['', 0]);
    const version = BigInt(number);
    const migration = bundle.migrations.find((one) => one.version === version);
    const isUp = kind === 'up' || kind === 'rebless';
    const script = isUp ? migration?.up : kind === 'down' ? migration?.down : undefined;
    return {
      version,
      name: migration?.name ?? '',
      direction: kind as HistoryRow['direction'],
      checksum: script?.checksum,
      down: isUp ? migration?.down?.text : undefined,
      at: `2026-11-23T10:00:${`${index}`.padStart(2, '0')}Z`,
      ms: 1,
      run: 'run',
      by: 'test',
      token: 1,
      bundle: bundle.hash,
    };
  });
  return rows.reverse();
}

export const NO_FILE = (version: number) =>
  `no migration found for version ${version}: read down for version ${version} .: file does not exist`;

export function assertRefused(work: () => unknown, detail: string, code: ErrorCode = 'migration_refused'): void {
  assert.throws(work, (error) => {
    assert.ok(isAppError(error, code), String(error));
    assert.equal(error.message, detail);
    return true;
  });
}
