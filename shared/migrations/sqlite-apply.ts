/**
 * One step on a SQLite file. Usually the script, the stamp and the row of history are one transaction that holds the file's write lock from its beginning, so that nothing can come
 * between the look at the fence and the commit: a process that was frozen meanwhile either commits before a later term raises the fence, or finds it raised.
 *
 * A script with transactions of its own, or with something that no transaction takes, is marked first and then run statement by statement. What can be is one transaction with a note of
 * how far it came, and a transaction of the script's takes the note along, so that at every moment the file says exactly which statements took effect. The others (VACUUM, some PRAGMAs)
 * do no harm when they are run twice. A step of which nothing took effect is not left marked.
 */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { AppError, isAppError, messageOf } from '../errors.ts';
import { explainSqliteError } from '../sqlite/failures.ts';
import type { Script, Step, Version, VersionState } from './migration.ts';
import type { Applied, ApplyGiven, Truth } from './session.ts';
import { applySqliteBackfill, lookSqliteBackfill, sqliteBackfillOf } from './sqlite-backfill.ts';
import type { SqliteContext } from './sqlite-context.ts';
import { fitsTransaction, type SqliteStatement, sqliteStatements } from './sqlite-statements.ts';

const scriptOf = ({ direction, migration }: Step): Script | undefined => migration[direction];
const nameOf = ({ direction, migration }: Step) => `${direction} ${migration.version}`;
const isAt = (state: VersionState, version: Version | undefined, dirty: boolean) =>
  state.version === version && state.dirty === dirty;

/** After each statement the SHA-256 of all until then: [0] is of none. */
function prefixesOf(statements: readonly SqliteStatement[]): string[] {
  const prefixes = [''];
  for (const { sql } of statements)
    prefixes.push(
      createHash('sha256')
        .update(`${prefixes.at(-1)} ${sql}`)
        .digest('hex'),
    );
  return prefixes;
}

export async function applySqlite(context: SqliteContext, step: Step, given: ApplyGiven): Promise<Applied> {
  const script = scriptOf(step);
  const statements = script ? sqliteStatements(script.text) : [];
  const { dirty } = await context.patiently(context.tables.state, given.signal);
  const marked = dirty || script?.directives.noTransaction === true || !fitsTransaction(statements);
  const began = context.clock.mono();
  const finish = () => {
    const ms = context.clock.mono() - began;
    context.tables.setState({ version: step.to, dirty: false });
    context.tables.mark(undefined);
    remember(context, step, given, ms);
    return { ms, statements: statements.length };
  };
  context.flush(!given.more);
  const paged = sqliteBackfillOf(step);
  if (paged) {
    const demand = (isDirty: boolean) => {
      const state = context.tables.state();
      if (!isAt(state, isDirty ? step.to : step.from, isDirty)) throw moved(state);
    };
    const stopped = await applySqliteBackfill(context, { step, script: paged, given }, { demand, finish });
    return { ms: context.clock.mono() - began, statements: 1, ...(stopped && { stopped }) };
  }
  if (marked) {
    await runMarked(context, step, statements, given);
    return context.write(given, () => {
      if (!isAt(context.tables.state(), step.to, true)) throw moved(context.tables.state());
      return finish();
    });
  }
  return context
    .write(given, () => {
      const state = context.tables.state();
      if (!isAt(state, step.from, false)) throw moved(state);
      if (script) whole(context, script, statements);
      return finish();
    })
    .catch((error: unknown) => {
      // Foreign keys that are deferred fail at the commit.
      throw isAppError(error) || !script ? error : failed(script, [], -1, error);
    });
}

function remember({ tables, now }: SqliteContext, step: Step, given: ApplyGiven, ms: number): void {
  const { direction, migration } = step;
  const bundle = 'bundle' in given && typeof given.bundle === 'string' ? given.bundle : '';
  tables.remember({
    ...{ version: migration.version, name: migration.name, direction, checksum: scriptOf(step)?.checksum },
    ...{ down: direction === 'up' ? migration.down?.text : undefined, at: now(), ms },
    ...{ run: given.run, by: given.by, token: given.token, bundle },
  });
}

function moved({ version, dirty }: VersionState): AppError {
  return new AppError(
    'conflict',
    `the database is at ${version ?? 'no version'}${dirty ? ', marked dirty' : ''}, and this step begins elsewhere`,
  );
}

/** The text as SQLite itself reads it. Where it fails, all is taken back and done once more one by one, to tell which one it was, and taken back again. */
function whole({ connection, label }: SqliteContext, script: Script, statements: readonly SqliteStatement[]): void {
  try {
    connection.exec(script.text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const explained = explainSqliteError(error, label);
    if (isAppError(explained)) throw explained;
    throw failed(script, statements, find(), error);
  }
  if (!connection.isTransaction)
    throw new AppError('outcome_unknown', `${script.file} ended the transaction that it ran in`);

  function find(): number {
    let at = -1;
    try {
      if (connection.isTransaction) connection.exec('ROLLBACK');
      connection.exec('BEGIN IMMEDIATE');
      for (const { sql } of statements) {
        at++;
        connection.exec(sql);
      }
      return -1;
    } catch {
      return at;
    }
  }
}

function failed({ file }: Script, statements: readonly SqliteStatement[], at: number, error: unknown): AppError {
  const line = statements[at]?.line;
  const where = line === undefined ? '' : `: statement ${at + 1} of ${statements.length}, line ${line}`;
  return new AppError('migration_failed', `${file}${where}: ${messageOf(error)}`, { cause: error });
}

/** Which statements of this very step took effect; undefined where that cannot be told: somebody else marked it, or changed what was run already. */
function doneOf({ tables }: SqliteContext, step: Step, statements: readonly SqliteStatement[]): number | undefined {
  const marked = tables.marked();
  if (marked?.step !== nameOf(step) || marked.done > statements.length) return undefined;
  return prefixesOf(statements)[marked.done] === marked.prefix ? marked.done : undefined;
}

export function lookSqlite(context: SqliteContext, step: Step): Truth {
  const state = context.tables.state();
  if (isAt(state, step.to, false)) return 'applied';
  if (isAt(state, step.from, false)) return 'not applied';
  if (sqliteBackfillOf(step)) return isAt(state, step.to, true) ? lookSqliteBackfill(context, step) : 'unknown';
  const statements = sqliteStatements(scriptOf(step)?.text ?? '');
  const done = isAt(state, step.to, true) ? doneOf(context, step, statements) : undefined;
  if (done === undefined) return 'unknown';
  if (done === statements.length) return 'applied';
  return done === 0 ? 'not applied' : { statementsDone: done };
}

async function runMarked(
  context: SqliteContext,
  step: Step,
  statements: readonly SqliteStatement[],
  given: ApplyGiven,
): Promise<void> {
  const { connection, tables } = context;
  const prefixes = prefixesOf(statements);
  const note = (done: number) => tables.mark({ step: nameOf(step), done, prefix: prefixes[done] ?? '' });
  const start = await context.write(given, () => {
    const state = tables.state();
    const done = isAt(state, step.to, true) ? doneOf(context, step, statements) : undefined;
    if (done === undefined && !isAt(state, step.from, false)) throw moved(state);
    tables.setState({ version: step.to, dirty: true });
    note(done ?? 0);
    return done ?? 0;
  });
  try {
    for (const [at, statement] of statements.entries()) {
      // Settings of the connection that died with the one before.
      if (at < start && statement.kind !== 'bare') continue;
      given.signal.throwIfAborted();
      if (at >= start) given.onStatement?.(at + 1, statements.length);
      await one(context, { at, statement, note: () => note(at + 1) }, given).catch((error: unknown) => {
        const script = scriptOf(step);
        const explained = explainSqliteError(error, context.label);
        throw isAppError(explained) || !script ? explained : failed(script, statements, at, error);
      });
      // Whoever else lives in this process gets a turn: the lease is renewed there.
      await setImmediate();
    }
    if (connection.isTransaction)
      throw new AppError('migration_failed', `${scriptOf(step)?.file}: it begins a transaction that it does not end`);
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    await takeBackMark(context, step, given).catch(() => {});
    throw error;
  } finally {
    connection.exec('PRAGMA foreign_keys = OFF');
  }
}

/** Nothing took effect, so nothing is in doubt. */
async function takeBackMark(context: SqliteContext, step: Step, { token, run, by }: ApplyGiven): Promise<void> {
  const { tables } = context;
  await context.write({ token, run, by }, () => {
    if (tables.marked()?.done !== 0 || !isAt(tables.state(), step.to, true)) return;
    tables.setState({ version: step.from, dirty: false });
    tables.mark(undefined);
  });
}

interface One {
  at: number;
  statement: SqliteStatement;
  note: () => void;
}

async function one(context: SqliteContext, { statement: { sql, kind }, note }: One, given: ApplyGiven): Promise<void> {
  const { connection, tables } = context;
  if (connection.isTransaction) {
    if (kind === 'rollback') {
      connection.exec(sql);
      return context.write(given, note);
    }
    if (kind === 'commit') {
      // Takes the write lock, and the note takes effect with the script's own work.
      await context.patiently(note, given.signal);
      tables.checkFence(given.token);
    }
    return context.patiently(() => connection.exec(sql), given.signal);
  }
  if (kind === 'plain') {
    await context.write(given, () => {
      connection.exec(sql);
      note();
    });
    return;
  }
  tables.checkFence(given.token);
  await context.patiently(() => connection.exec(sql), given.signal);
  if (kind === 'bare') await context.write(given, note);
}
