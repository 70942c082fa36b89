/**
 * The statements of a marked step, with a row of progress around each. The fence is looked at before each one: a leader that lost its lease while it was frozen sends at most the one statement that it
 * was about to send (MySQL has no transaction to refuse it in).
 */
import { createHash } from 'node:crypto';
import { isAppError } from '../../errors.ts';
import type { Script, Step } from '../migration.ts';
import type { ApplyGiven } from '../session.ts';
import type { Statement } from '../statements.ts';
import { ask, type Context, inTransaction } from './context.ts';
import { neverBegan } from './failures.ts';
import * as nature from './nature.ts';
import { clearProgress, doneOf, feed, readProgress, writeProgress } from './progress.ts';
import { type Running, runStatement, throwIfStopped } from './run-statement.ts';
import { freshSettings } from './settings.ts';
import { checkFence, readState, writeState } from './tables.ts';

interface Marked {
  step: Step;
  script: Script | undefined;
  statements: readonly Statement[];
  /** Statements that took effect in an attempt before. */
  done: number;
  given: ApplyGiven;
  innodb: boolean;
  /** The first statement was written down as begun with the mark. */
  begun: boolean;
}

/** Whether it takes effect in one transaction with our row. */
export const ownTransaction = (statement: Statement, innodb: boolean) => innodb && nature.isDml(statement);

/** Answers what writes down that the last statement is done, which the stamp makes needless. */
export async function runMarked(context: Context, marked: Marked): Promise<() => Promise<void>> {
  const { script, statements, done, given, innodb } = marked;
  const n = statements.length;
  const prefix = createHash('sha256');
  /** `transaction`: the script began one. `locked`: it locked tables, and ours are out of reach until it unlocks them. */
  let own: 'no' | 'transaction' | 'locked' = 'no';
  for (const [index, statement] of statements.entries()) {
    const k = index + 1;
    const running: Running = { script, statement, k, n, signal: given.signal };
    const before = prefix.copy().digest('hex');
    feed(prefix, statement);
    if (k <= done) {
      // What they set was set in a session that may be gone.
      if (nature.isOfSession(statement)) await runStatement(context, running);
      if (nature.isAutocommit(statement)) own = 'transaction';
      continue;
    }
    const write = () => writeProgress(context, { began: k, done: k, prefix: prefix.copy().digest('hex') });
    let sent = false;
    try {
      throwIfStopped(context, running);
      if (own === 'no' && ownTransaction(statement, innodb))
        await inTransaction(
          context,
          async () => {
            await checkFence(context, given.token);
            given.onStatement?.(k, n);
            await runStatement(context, running);
            await write();
          },
          false,
        );
      else {
        if (own !== 'locked' && !(marked.begun && k === 1)) {
          await checkFence(context, given.token);
          // Where the row was left by a COMMIT of the script, it does not say yet that this one is done.
          await writeProgress(context, { began: k, done: k - 1, prefix: before });
        }
        given.onStatement?.(k, n);
        sent = true;
        await runStatement(context, running);
        own = ownAfter(own, statement);
        if (own !== 'locked' && (k < n || own !== 'no')) await write();
      }
    } catch (error) {
      // What cannot be written down stays in doubt; the first error tells more than a second one.
      if (!context.lost) await settle(context, marked, { statement, sent }, error).catch(() => {});
      throw error;
    }
  }
  // golang-migrate's next statement commits what a script left open.
  if (own === 'transaction') {
    await ask(context, 'COMMIT');
    await freshSettings(context);
  }
  return () => writeProgress(context, { began: n, done: n, prefix: prefix.copy().digest('hex') });
}

function ownAfter(own: 'no' | 'transaction' | 'locked', statement: Statement): typeof own {
  if (nature.locksTables(statement)) return 'locked';
  if (nature.unlocksTables(statement)) return 'no';
  if (own === 'locked') return own;
  if (nature.isBegin(statement) || nature.isAutocommit(statement)) return 'transaction';
  return nature.isEnd(statement) ? 'no' : own;
}

/** After the server's refusal: writes down what is known, so that it can be gone on with; where nothing took effect the mark is taken off. */
async function settle(
  context: Context,
  { step, statements, given, innodb }: Marked,
  { statement, sent }: { statement: Statement; sent: boolean },
  error: unknown,
): Promise<void> {
  // A later runner's row is not ours to write.
  if (isAppError(error, 'lease_lost')) return;
  // A transaction of the script's own goes, with what it wrote into our row.
  await ask(context, 'ROLLBACK');
  await freshSettings(context);
  await inTransaction(context, async () => {
    await checkFence(context, given.token);
    const progress = await readProgress(context, step);
    if (!progress) return;
    const failed = statements[progress.began - 1] === statement;
    const refused = !nature.isProgram(statement) && neverBegan((error as Error).cause);
    const nothing = failed && (!sent || refused || nature.isAllOrNothing(statement, innodb));
    const done = nothing ? progress.done : doneOf(progress, statements);
    if (done === undefined) return;
    const { version, dirty } = await readState(context, ' FOR UPDATE');
    if (done > 0) return writeProgress(context, { began: progress.done });
    if (!dirty || version !== step.to) return;
    await writeState(context, { version: step.from, dirty: false });
    await clearProgress(context);
  });
}
