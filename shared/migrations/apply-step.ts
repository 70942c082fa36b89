/** One step, again where another session's lock was in its way. */
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Held } from '../lease/lease.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../retry.ts';
import { causesOf } from './database-code.ts';
import type { Step } from './migration.ts';
import type { Applied, ApplyGiven, Session } from './session.ts';
import { dirtyError, settleStep } from './settle-dirty.ts';

const ATTEMPTS = 5;
const WAITS = { baseMs: 500, maxMs: 5_000 };

/** What a database says when it gave way to somebody: waited too long, or one of a deadlock. PostgreSQL's SQLSTATEs, MySQL's numbers and names, SQLite's result codes. */
const GAVE_WAY = new Set<unknown>([
  ...['55P03', '40P01', '40001'],
  ...[1205, 1213, 'ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK'],
  ...['SQLITE_BUSY', 'SQLITE_LOCKED'],
]);
/** The lower byte of SQLite's extended codes: busy, locked. */
const SQLITE_GAVE_WAY = [5, 6];

export function gaveWay(error: unknown): boolean {
  for (const { code, errno, errcode, sqlstate } of causesOf(error)) {
    if ([code, errno, sqlstate].some((value) => GAVE_WAY.has(value))) return true;
    if (typeof errcode === 'number' && SQLITE_GAVE_WAY.includes(errcode & 0xff)) return true;
  }
  return false;
}

/** Where in its file a migration failed, as far as its driver says. */
export function placeOf(error: unknown): { statement?: number; line?: number } {
  for (const { statement, line } of causesOf(error))
    if (typeof statement === 'number' || typeof line === 'number')
      return { ...(typeof statement === 'number' && { statement }), ...(typeof line === 'number' && { line }) };
  return {};
}

export interface ApplyParts {
  session: Session;
  held: Held;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** Throws what `apply` throws, `lease_lost`, and `migration_dirty` where an attempt left what nobody can judge. */
export async function applyStep(step: Step, given: ApplyGiven, parts: ApplyParts): Promise<Applied> {
  const { session, held, clock, ids, log } = parts;
  const began = clock.mono();
  for (let attempt = 1; ; attempt++) {
    held.assert();
    try {
      const applied = await session.apply(step, given);
      return { ...applied, ms: Math.round(clock.mono() - began) };
    } catch (error) {
      if (attempt >= ATTEMPTS || !gaveWay(error) || isAppError(error, 'lease_lost')) throw error;
      log.warn("a step gave way to somebody's lock and is tried again", {
        run: given.run,
        version: String(step.migration.version),
        attempt,
      });
    }
    await clock.sleep(backoffMs(attempt, { ...WAITS, ids }), given.signal);
    held.assert();
    const state = await session.state();
    if (!state.dirty) continue;
    const settled = await settleStep(session, step, given);
    if (!settled) throw dirtyError(state, [step]);
    if (settled.applied) return { ms: Math.round(clock.mono() - began), statements: 0 };
  }
}
