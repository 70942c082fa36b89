/** What golang-migrate prints, word for word (migrate.go, migration.go, internal/cli), for `--compat`. */
import type { Version } from '#shared/migrations/migration.ts';

export const NO_CHANGE = 'no change';
export const NO_MIGRATION = 'no migration';
const LOCK_TIMEOUT = "timeout: can't acquire database lock";
export const STOPPING = 'Stopping after this running migration ...';
export const ASK_DOWN = 'Are you sure you want to apply all down migrations? [y/N]';
export const DOWN_AGREED = 'Applying all down migrations';
export const DOWN_REFUSED = 'Not applying all down migrations';

/** Of a run that failed or could not be begun: what stands behind `error: `. The planner speaks golang-migrate's words already. */
export function errorText(
  { code, detail }: { code: string; detail: string },
  version: string | null | undefined,
): string {
  switch (code) {
    case 'migration_dirty':
      // A step that began before anything was applied leaves -1 there.
      return `Dirty database version ${version ?? -1}. Fix and force version.`;
    case 'lease_held':
      return LOCK_TIMEOUT;
    case 'migration_failed':
      return `migration failed: ${detail}`;
    case 'unavailable':
      return `failed to open database: ${detail}`;
    default:
      return detail;
  }
}

/** `1/u name (29.6ms)`. */
export function fileLine(step: { version: Version; name: string; direction: 'up' | 'down'; ms: number }): string {
  return `${step.version}/${step.direction === 'up' ? 'u' : 'd'} ${step.name} (${goDuration(step.ms)})`;
}

/** As Go's time.Duration prints itself: `1h2m3.5s`, `29.6ms`, `0s`. */
export function goDuration(ms: number): string {
  const ns = Math.max(0, Math.round(ms * 1e6));
  if (ns === 0) return '0s';
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${ns / 1e3}µs`;
  if (ns < 1e9) return `${ns / 1e6}ms`;
  const seconds = Math.floor(ns / 1e9);
  const fraction = String(ns % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const last = `${seconds % 60}${fraction && `.${fraction}`}s`;
  if (seconds < 60) return last;
  const minutes = `${Math.floor(seconds / 60) % 60}m`;
  return seconds < 3_600 ? minutes + last : `${Math.floor(seconds / 3_600)}h${minutes}${last}`;
}
