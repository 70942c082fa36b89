/** One step: in one transaction with its stamp where MySQL can take all of it back, otherwise marked, then statement by statement, then stamped. */
import { AppError, isAppError } from '../../errors.ts';
import type { Script, Step } from '../migration.ts';
import type { Applied, ApplyGiven } from '../session.ts';
import { type Statement, splitStatements } from '../statements.ts';
import { applyBackfill, backfillOf } from './backfill.ts';
import { ask, type Context, inTransaction } from './context.ts';
import { fitsOneTransaction, isDml } from './nature.ts';
import { clearProgress, goesOnAfter, readProgress, startProgress } from './progress.ts';
import { ownTransaction, runMarked } from './run-marked.ts';
import { runStatement } from './run-statement.ts';
import { freshSettings, settings } from './settings.ts';
import { checkFence, readState, writeHistory, writeState } from './tables.ts';

const scriptOf = ({ direction, migration }: Step): Script | undefined => migration[direction];
export const statementsOf = (step: Step): Statement[] => splitStatements(scriptOf(step)?.text ?? '', 'mysql');

export async function applyStep(context: Context, step: Step, given: ApplyGiven): Promise<Applied> {
  given.signal.throwIfAborted();
  const began = context.clock.mono();
  context.cancelled = false;
  const script = scriptOf(step);
  const paged = backfillOf(step);
  if (paged) {
    const stopped = await applyBackfill(
      context,
      { step, script: paged, given },
      {
        demandFrom: () => demandFrom(context, step),
        stamp: async () => {
          await stampStep(context, step, given, context.clock.mono() - began);
          await clearProgress(context);
        },
      },
    );
    return { ms: context.clock.mono() - began, statements: 1, ...(stopped && { stopped }) };
  }
  const statements = statementsOf(step);
  await freshSettings(context, script);
  const stamp = () => stampStep(context, step, given, context.clock.mono() - began);
  const { dirty } = await readState(context);
  const one = !script?.directives.noTransaction && statements.every(fitsOneTransaction);
  // It matters for what a transaction is to hold alone, and asking takes as long as there are tables.
  const innodb = statements.some(isDml) && (await onlyInnodb(context, statements));
  const whole = statements.length === 0 || (one && (innodb || !statements.some(isDml)));
  // What it says now is asked again in the transaction.
  if (whole && !dirty)
    await inTransaction(
      context,
      async () => {
        await checkFence(context, given.token);
        await demandFrom(context, step);
        for (const [index, statement] of statements.entries()) {
          given.onStatement?.(index + 1, statements.length);
          await runStatement(context, { script, statement, k: index + 1, n: statements.length, signal: given.signal });
        }
        await stamp();
      },
      statements.length === 0,
    );
  else {
    const [first] = statements;
    const begins = first !== undefined && !ownTransaction(first, innodb);
    const { done, fresh } = await mark(context, step, { statements, begins }, given);
    const noteDone = await runMarked(context, {
      ...{ step, script, statements, done, given, innodb },
      begun: fresh && begins,
    });
    try {
      await inTransaction(context, async () => {
        await checkFence(context, given.token);
        const { version, dirty } = await readState(context, ' FOR UPDATE');
        if (!dirty || version !== step.to) throw changed();
        await stamp();
        await clearProgress(context);
      });
    } catch (error) {
      // That all of it took effect is known here, and must not be forgotten because the stamp was refused.
      if (!context.lost && !isAppError(error, 'lease_lost')) await noteDone().catch(() => {});
      throw error;
    }
  }
  return { ms: context.clock.mono() - began, statements: statements.length };
}

async function stampStep(context: Context, step: Step, given: ApplyGiven, ms: number): Promise<void> {
  const { direction, migration } = step;
  // A script may have changed how text is sent and understood; the history's text is UTF-8.
  await settings(context);
  await writeState(context, { version: step.to, dirty: false });
  const { version, name, down } = migration;
  const kept = direction === 'up' ? down?.text : undefined;
  await writeHistory(context, { version, name, direction, checksum: scriptOf(step)?.checksum, down: kept, ms }, given);
}

async function demandFrom(context: Context, step: Step): Promise<void> {
  const { version, dirty } = await readState(context, ' FOR UPDATE');
  if (dirty) throw new AppError('migration_dirty', `The database is marked dirty at version ${version ?? 'none'}`);
  if (version !== step.from) throw changed();
}

const changed = () => new AppError('conflict', 'The database is not at the version that this step was planned on');

/** Marks the step, with its first statement as begun where it `begins` without a transaction; or finds it marked. Answers how many of its statements took effect before. */
async function mark(
  context: Context,
  step: Step,
  { statements, begins }: { statements: readonly Statement[]; begins: boolean },
  given: ApplyGiven,
): Promise<{ done: number; fresh: boolean }> {
  return inTransaction(context, async () => {
    await checkFence(context, given.token);
    const { version, dirty } = await readState(context, ' FOR UPDATE');
    const progress = dirty && version === step.to ? await readProgress(context, step) : undefined;
    if (!progress) {
      await demandFrom(context, step);
      await writeState(context, { version: step.to, dirty: true });
      await startProgress(context, step, { token: given.token, began: begins ? 1 : 0 });
      return { done: 0, fresh: true };
    }
    const done = goesOnAfter(progress, statements);
    if (done !== undefined) return { done, fresh: false };
    throw new AppError(
      'migration_dirty',
      `Nobody knows how far ${scriptOf(step)?.file ?? 'this step'} came: ${progress.done} of its statements were done and another may have been, or their text has changed since, or they left something in a session that is gone`,
    );
  });
}

/** Only InnoDB takes rows back. */
async function onlyInnodb(context: Context, statements: readonly Statement[]): Promise<boolean> {
  if (statements.some(({ sql }) => /\bengine\s*=?\s*(?!innodb\b)\w+/i.test(sql))) return false;
  const sql =
    "SELECT 1 WHERE @@default_storage_engine <> 'InnoDB' OR EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB')";
  return (await ask(context, sql, [context.database])).rows.length === 0;
}
