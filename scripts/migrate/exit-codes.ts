/** What a program learns from the exit code. */
import type { RunRecord } from '#shared/migrations/run.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  noChange: 3,
  pending: 4,
  locked: 5,
  dirty: 6,
  drift: 7,
  lint: 8,
  rehearsal: 8,
  /** Elsewhere, or once it is resumed. */
  continued: 9,
} as const;

/** Of an error's code. */
export function exitCodeOf(code: string): number {
  if (code === 'lease_held' || code === 'request_in_progress') return EXIT.locked;
  return code === 'migration_dirty' ? EXIT.dirty : EXIT.failed;
}

/** Of a run as it is when the runner has let go of it. `signalled`: the code of a signal that came meanwhile. */
export function exitCodeOfRun(record: RunRecord, signalled: number | undefined): number {
  if (record.state === 'done') return record.changed ? EXIT.done : EXIT.noChange;
  if (signalled !== undefined) return signalled;
  if (record.state === 'failed') return exitCodeOf(record.error?.code ?? '');
  return record.state === 'cancelled' ? EXIT.failed : EXIT.continued;
}

/** Of several databases, the worst: one that could not be asked before one that is dirty before one that has something pending. */
export function exitCodeOfStatus(all: readonly ({ error: unknown } | { dirty: boolean; pending: number })[]): number {
  if (all.some((one) => 'error' in one)) return EXIT.failed;
  if (all.some((one) => 'dirty' in one && one.dirty)) return EXIT.dirty;
  return all.some((one) => 'pending' in one && one.pending > 0) ? EXIT.pending : EXIT.done;
}
