/** How far a marked step came: a row that says which statement began and which was done, so that only one that was under way when the connection was lost is in doubt. */
import { createHash, type Hash } from 'node:crypto';
import type { Step, VersionState } from '../migration.ts';
import type { Truth } from '../session.ts';
import type { Statement } from '../statements.ts';
import { ask, type Context } from './context.ts';
import { asksState, headOf, isBegin, isEnd, isOfSession, leavesState } from './nature.ts';
import { numberOf } from './tables.ts';

export interface Progress {
  began: number;
  done: number;
  prefix: string;
}

/** Of the first `count` statements, whatever their line ends and the comments between them. */
function prefixOf(statements: readonly Statement[], count: number): string {
  const hash = createHash('sha256');
  for (const statement of statements.slice(0, count)) feed(hash, statement);
  return hash.digest('hex');
}

export function feed(hash: Hash, { sql }: Statement): void {
  hash.update(`${sql.replaceAll('\r\n', '\n')}\0`);
}

export async function readProgress(context: Context, step: Step): Promise<Progress | undefined> {
  const { rows } = await ask(
    context,
    `SELECT began, done, prefix FROM ${context.names.progress} WHERE scope = ? AND version = CAST(? AS SIGNED) AND direction = ?`,
    [context.target.table, numberOf(step.migration.version), step.direction],
  );
  const [row] = rows;
  return row && { began: Number(row[0]), done: Number(row[1]), prefix: String(row[2]) };
}

export async function startProgress(
  context: Context,
  step: Step,
  { token, began }: { token: number; began: 0 | 1 },
): Promise<void> {
  await ask(
    context,
    `REPLACE INTO ${context.names.progress} (scope, version, direction, began, done, prefix, token) VALUES (?, ?, ?, ?, 0, ?, ?)`,
    [...[context.target.table, numberOf(step.migration.version), step.direction, began, prefixOf([], 0), token]],
  );
}

export async function writeProgress(context: Context, progress: Partial<Progress>): Promise<void> {
  const fields = Object.entries(progress);
  const sets = fields.map(([name]) => `${name} = ?`).join(', ');
  await ask(context, `UPDATE ${context.names.progress} SET ${sets} WHERE scope = ?`, [
    ...fields.map(([, value]) => value),
    context.target.table,
  ]);
}

export async function clearProgress(context: Context): Promise<void> {
  await ask(context, `DELETE FROM ${context.names.progress} WHERE scope = ?`, [context.target.table]);
  await ask(context, `DELETE FROM ${context.names.backfill} WHERE scope = ?`, [context.target.table]);
}

/**
 * How many statements took effect, as the row tells; undefined where that cannot be known. A transaction of the script's own holds our row too, so where the row shows its BEGIN under way, all after it
 * was taken back; and where it shows its COMMIT under way, the row itself was committed by it.
 */
export function doneOf({ began, done }: Progress, statements: readonly Statement[]): number | undefined {
  if (began <= done) return done;
  const under = statements[began - 1];
  if (!under || began !== done + 1) return undefined;
  if (isEnd(under)) return began;
  const noEffect = isBegin(under) || isOfSession(under) || (headOf(under)[0] === 'SELECT' && !leavesState(under));
  return noEffect ? done : undefined;
}

/** What is known of a step that the row shows dirty. Undefined also where the part that was done has been edited since, or a new session lacks what that part left behind. */
export function goesOnAfter(progress: Progress, statements: readonly Statement[]): number | undefined {
  const done = doneOf(progress, statements);
  if (done === undefined || done > statements.length) return undefined;
  if (progress.prefix !== prefixOf(statements, progress.done)) return undefined;
  const lacks =
    statements.slice(0, done).some(leavesState) || (statements[done] && done > 0 && asksState(statements[done]));
  return lacks ? undefined : done;
}

/** `look`, from what was read. */
export function truthOf(
  step: Step,
  state: VersionState,
  progress: Progress | undefined,
  statements: readonly Statement[],
): Truth {
  if (!state.dirty)
    return state.version === step.to ? 'applied' : state.version === step.from ? 'not applied' : 'unknown';
  if (state.version !== step.to || !progress) return 'unknown';
  const done = goesOnAfter(progress, statements);
  if (done === undefined) return 'unknown';
  return done === 0 ? 'not applied' : { statementsDone: done };
}
