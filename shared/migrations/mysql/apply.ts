/** One step: in one transaction with its stamp where MySQL can take all of it back, otherwise marked, then statement by statement, then stamped. */
import { AppError } from '../../errors.ts';
import type { Script, Step } from '../migration.ts';
import type { Applied, ApplyGiven } from '../session.ts';
import { type Statement, splitStatements } from '../statements.ts';
import { ask, type Context, inTransaction } from './context.ts';
import { fitsOneTransaction } from './nature.ts';
import { clearProgress, goesOnAfter, readProgress, startProgress } from './progress.ts';
import { runMarked } from './run-marked.ts';
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
  const statements = statementsOf(step);
  await freshSettings(context, script);
  const stamp = () => stampStep(context, step, given, context.clock.mono() - began);
  const { dirty } = await readState(context);
  const innodb = await onlyInnodb(context, statements);
  const whole =
    statements.length === 0 || (innodb && !script?.directives.noTransaction && statements.every(fitsOneTransaction));
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
    const done = await mark(context, step, statements, given);
    await runMarked(context, { step, script, statements, done, given, innodb });
    await inTransaction(context, async () => {
      await checkFence(context, given.token);
      const { version, dirty } = await readState(context, ' FOR UPDATE');
      if (!dirty || version !== step.to) throw changed();
      await stamp();
      await clearProgress(context);
    });
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

/** Marks the step, or finds it marked; answers how many of its statements took effect before. */
async function mark(
  context: Context,
  step: Step,
  statements: readonly Statement[],
  given: ApplyGiven,
): Promise<number> {
  return inTransaction(context, async () => {
    await checkFence(context, given.token);
    const { version, dirty } = await readState(context, ' FOR UPDATE');
    const progress = dirty && version === step.to ? await readProgress(context, step) : undefined;
    if (!progress) {
      await demandFrom(context, step);
      await writeState(context, { version: step.to, dirty: true });
      await startProgress(context, step, given.token);
      return 0;
    }
    const done = goesOnAfter(progress, statements);
    if (done !== undefined) return done;
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
