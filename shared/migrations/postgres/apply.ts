/**
 * How one step takes effect. Nearly always in one round trip that holds all: begin, fence, stamp, script, history, commit; a process or a wire that dies leaves all of it or nothing.
 *
 * What PostgreSQL refuses within a transaction, a script with transactions of its own, and one that asks for it goes the marked way instead (apply-marked.ts).
 */
import { AppError } from '../../errors.ts';
import type { Script, Step, VersionState } from '../migration.ts';
import type { Applied, ApplyGiven } from '../session.ts';
import { applyMarked } from './apply-marked.ts';
import { applyBackfill, backfillOf } from './backfill.ts';
import type { Context } from './context.ts';
import { asPgError, commonFailure, isLost, lineAndColumn, scriptFailure, sqlStateOf } from './failure.ts';
import { mayBeOutside, NoSql, type Parsed, parseScript } from './statements.ts';
import { limits, rowOf, scriptOf } from './step-facts.ts';
import { fenceSql, historySql, moveSql, progressSql } from './tables.ts';

/** Of a bigint. */
const MOST = 9_223_372_036_854_775_807n;
/** Where the parser does not know the server's language, whether a text might end our transaction. */
const MAY_END = /\b(begin|start|commit|end|rollback|abort|prepare)\b/i;
/** The next text is read by these before anything in it can put them back. */
const READ_AS_SENT = ['reset client_encoding', 'reset standard_conforming_strings'];
const NOTHING: Parsed = { statements: [], outside: undefined, units: [], unended: false };

export async function applyStep(context: Context, step: Step, given: ApplyGiven): Promise<Applied> {
  const { clock } = context;
  given.signal.throwIfAborted();
  const since = clock.mono();
  if ((step.to ?? 0n) > MOST)
    throw new AppError('migration_refused', `PostgreSQL keeps no version above ${MOST}, so not ${step.to}`);
  const paged = backfillOf(step);
  if (paged) {
    const stopped = await applyBackfill(context, step, paged, given);
    return { ms: clock.mono() - since, statements: 1, ...(stopped && { stopped }) };
  }
  const script = scriptOf(step);
  const { noTransaction = false } = script?.directives ?? {};
  const parsed = script && (noTransaction || mayBeOutside(script.text)) ? await parsedOf(script) : NOTHING;
  let statements: number;
  if (noTransaction || parsed.outside) {
    await applyMarked(context, step, given, parsed);
    statements = parsed.statements.length;
  } else statements = await applyWhole(context, step, given);
  return { ms: clock.mono() - since, statements };
}

/** A text that the parser refuses may still be right for the server, which is of another version; then the server speaks the last word, unless the text could end our transaction. */
async function parsedOf(script: Script): Promise<Parsed> {
  try {
    return await parseScript(script.text);
  } catch (error) {
    if (!(error instanceof NoSql)) throw error;
    if (!script.directives.noTransaction && !MAY_END.test(script.text)) return NOTHING;
    const { file, text } = script;
    throw scriptFailure(error, { file, text, position: error.position + 1 });
  }
}

/** The whole step, as one text: one round trip, and all of it is parsed before any of it runs. Answers how many statements the script had. */
async function applyWhole(context: Context, step: Step, given: ApplyGiven): Promise<number> {
  const { link, tables } = context;
  const script = scriptOf(step);
  const [from, to]: VersionState[] = [
    { version: step.from, dirty: false },
    { version: step.to, dirty: false },
  ];
  const before = [
    'begin isolation level read committed read write',
    ...context.settings,
    ...limits(script),
    // The commit of the last step makes all before it durable: the log is flushed in order.
    ...(given.more ? ['set local synchronous_commit = off'] : []),
    fenceSql(tables, given.token, progressSql(undefined, 0, 0, tables)),
    moveSql(tables, [from as VersionState], to as VersionState),
  ];
  const prefix = `${before.join(';\n')};\n`;
  const after = [...READ_AS_SENT, historySql(tables, rowOf(context, step, given)), 'commit'];
  // The script may end in a comment, and without a semicolon.
  const sql = `${prefix}${script?.text ?? ''}\n;\n${after.join(';\n')}`;
  try {
    await link.run(sql, given.signal);
    return link.completed() - before.length - after.length;
  } catch (error) {
    const done = link.completed() - before.length;
    throw await wholeFailure(error, { link, step, given, prefix, done });
  }
}

interface Failed {
  link: Context['link'];
  step: Step;
  given: ApplyGiven;
  prefix: string;
  done: number;
}

async function wholeFailure(error: unknown, { link, step, given, prefix, done }: Failed): Promise<unknown> {
  const script = scriptOf(step);
  const file = script?.file ?? step.migration.name;
  if (error === given.signal.reason) return error;
  if (sqlStateOf(error) === '57014' && given.signal.aborted) return given.signal.reason;
  const common = commonFailure(error, `while ${file} was applied`);
  if (common && (link.lost || (!(error instanceof AppError) && isLost(error))) && !(error instanceof AppError))
    return new AppError('outcome_unknown', `${common.message}: it may have taken effect or not`);
  if (common) return common;
  const text = script?.text ?? '';
  const { statements } = await parseScript(text).catch(() => NOTHING);
  const at = Number(asPgError(error).position ?? 0) - [...prefix].length;
  const position = at > 0 ? at : undefined;
  const failing = statements[done];
  const inScript = done >= 0 && failing !== undefined;
  return scriptFailure(error, {
    file,
    text,
    position,
    ...(inScript && { statement: done + 1, statements: statements.length }),
    ...(inScript && { line: lineAndColumn(text, [...text.slice(0, failing.start)].length + 1).line }),
    ...(sqlStateOf(error) === '2D000' && {
      advice: 'A procedure or block that commits by itself needs the line "-- +job no-transaction"',
    }),
  });
}
