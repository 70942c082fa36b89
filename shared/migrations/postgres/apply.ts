/**
 * How one step takes effect. Nearly always in one round trip that holds all: begin, fence, stamp, script, history, commit; a process or a wire that dies leaves all of it or nothing.
 *
 * The step behind it is sent right after it but for its commit, so that the server need not wait for us in between: what may be sent only when this one's end is known, and nothing speaks against
 * going on, is that one word.
 *
 * What PostgreSQL refuses within a transaction, a script with transactions of its own, and one that asks for it goes the marked way instead (apply-marked.ts).
 */
import { AppError } from '../../errors.ts';
import type { Script, Step } from '../migration.ts';
import type { Applied, ApplyGiven } from '../session.ts';
import { applyMarked } from './apply-marked.ts';
import { applyBackfill, backfillOf } from './backfill.ts';
import type { Context, WholeText } from './context.ts';
import { asPgError, commonFailure, isLost, lineAndColumn, scriptFailure, sqlStateOf } from './failure.ts';
import { fenceCall, historyCall, isNotPrepared, moveCall, prepareOnce } from './prepared.ts';
import { headOf } from './shown.ts';
import { mayBeOutside, NoSql, type Parsed, parseScript } from './statements.ts';
import { limits, rowOf, scriptOf } from './step-facts.ts';
import { fenceSql, historySql, moveSql, progressSql } from './tables.ts';

/** Of a bigint. */
const MOST = 9_223_372_036_854_775_807n;
/** Where the parser does not know the server's language, whether a text might end our transaction. */
const MAY_END = /\b(begin|start|commit|end|rollback|abort|prepare)\b/i;
/** The next text is read by these before anything in it can put them back. */
const READ_AS_SENT = ['reset client_encoding', 'reset standard_conforming_strings'];
/** `copy ... from stdin`. */
const COPIES = /\bcopy\b/i;
/** What is not taken back with its transaction, beside numbers drawn from a sequence: it begins when nothing speaks against it any more. */
const REACHES_OUT = /\b(copy|dblink\w*|setval|pg_\w+)\b/i;
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

/** The whole step, as one text: all of it is parsed before any of it runs. `ahead`: but for its commit. `plainly`: without prepared statements. */
function wholeOf(context: Context, step: Step, given: ApplyGiven, how: 'whole' | 'ahead' | 'plainly'): WholeText {
  const { tables } = context;
  const script = scriptOf(step);
  const isPlain = how === 'plainly';
  const before = [
    'begin isolation level read committed read write',
    ...context.settings,
    ...limits(script),
    // The commit of the last step makes all before it durable: the log is flushed in order.
    ...(given.more ? ['set local synchronous_commit = off'] : []),
    isPlain ? fenceSql(tables, given.token, progressSql(undefined, 0, 0, tables)) : fenceCall(given.token),
    // The first and the last are rare: they make and take away the row.
    isPlain || step.from === undefined || step.to === undefined
      ? moveSql(tables, [{ version: step.from, dirty: false }], { version: step.to, dirty: false })
      : moveCall(step.from, step.to),
  ];
  const prefix = `${headOf(script)}${before.join(';\n')};\n`;
  const row = rowOf(context, step, given);
  const history = isPlain ? historySql(tables, row) : historyCall(context, row, how === 'ahead');
  const after = [...READ_AS_SENT, history, ...(how === 'ahead' ? [] : ['commit'])];
  // The script may end in a comment, and without a semicolon.
  const sql = `${prefix}${script?.text ?? ''}\n;\n${after.join(';\n')}`;
  return { sql, prefix, before: before.length, after: after.length, completed: 0 };
}

/** Answers how many statements the script had. */
async function applyWhole(context: Context, step: Step, given: ApplyGiven): Promise<number> {
  const { link } = context;
  const kept = context.ahead?.step === step ? context.ahead.text : undefined;
  context.ahead = undefined;
  for (const how of kept ? (['ahead', 'whole', 'plainly'] as const) : (['whole', 'plainly'] as const)) {
    if (how !== 'ahead') await prepareOnce(context);
    const text = how === 'ahead' && kept ? kept : wholeOf(context, step, given, how);
    const ahead = aheadOf(context, step, given);
    try {
      if (text === kept) {
        if (!(await link.commit(kept, given.signal, { ahead: ahead?.text }))) continue;
      } else await link.run(text.sql, given.signal, { count: text, ahead: ahead?.text });
      context.ahead = ahead;
      return text.completed - text.before - text.after;
    } catch (error) {
      if (how !== 'plainly' && isNotPrepared(error)) {
        context.isPrepared = false;
        continue;
      }
      throw await wholeFailure(error, { link, step, given, text });
    }
  }
  throw new Error('unreachable: the last way answers or throws');
}

/** The step behind this one, where it may begin before this one's end is known: it finds a failed transaction or another version than it was planned on where this one fails, and fails too. */
function aheadOf(context: Context, step: Step, given: ApplyGiven): Context['ahead'] {
  const { next } = given;
  const script = next && scriptOf(next.step);
  if (!next || !script || script.directives.noTransaction || backfillOf(next.step)) return undefined;
  const { from, to } = next.step;
  if (step.from === step.to || from !== step.to || from === to || to === undefined || to > MOST) return undefined;
  // Where rows are to be copied from us, the server takes the text behind for them.
  if (COPIES.test(scriptOf(step)?.text ?? '') || REACHES_OUT.test(script.text) || mayBeOutside(script.text))
    return undefined;
  return { step: next.step, text: wholeOf(context, next.step, { ...given, more: next.more }, 'ahead') };
}

interface Failed {
  link: Context['link'];
  step: Step;
  given: ApplyGiven;
  text: WholeText;
}

async function wholeFailure(error: unknown, { link, step, given, text: whole }: Failed): Promise<unknown> {
  const { prefix } = whole;
  const done = whole.completed - whole.before;
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
