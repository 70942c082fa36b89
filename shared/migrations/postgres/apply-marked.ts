/**
 * The marked way: golang-migrate's dirty stamp, the script statement by statement, the clean stamp. The fence's row tells how far it is, so that the truth can be found afterwards: a transaction of the
 * script's own tells it itself right before its COMMIT, with which it takes effect or not; any other statement is written down before it is sent.
 *
 * A statement that fails took no effect, but for those that commit within. So where the first one fails the mark is taken back at once: nothing happened, and everybody knows.
 */
import { AppError } from '../../errors.ts';
import type { Script, Step, VersionState } from '../migration.ts';
import type { ApplyGiven } from '../session.ts';
import type { Context } from './context.ts';
import { asPgError, commonFailure, failure, isLost, lineAndColumn, scriptFailure, sqlStateOf } from './failure.ts';
import { indexIs, lookUp, stepKey } from './look.ts';
import type { Parsed, Unit } from './statements.ts';
import { limits, rowOf } from './step-facts.ts';
import { fenceSql, historySql, moveSql, progressSql } from './tables.ts';

/** One short transaction of ours, in one round trip; the fence is looked at in each. */
const ours = (...statements: string[]) =>
  ['begin isolation level read committed read write', ...statements, 'commit'].join(';\n');

export async function applyMarked(context: Context, step: Step, given: ApplyGiven, parsed: Parsed): Promise<void> {
  const { link, tables, settings, clock } = context;
  const since = clock.mono();
  const script = step.migration[step.direction] as Script;
  const { file } = script;
  if (parsed.unended)
    throw new AppError('migration_failed', `${file}: it begins a transaction and never commits it`, {
      cause: { file },
    });
  const key = stepKey(step);
  const clean: VersionState = { version: step.from, dirty: false };
  const marked: VersionState = { version: step.to, dirty: true };
  const progress = (done: number, begun: number) =>
    fenceSql(tables, given.token, progressSql(key, done, begun, tables));
  const small = async (sql: string) => {
    try {
      return await link.run(sql);
    } catch (error) {
      throw failure(error, `while ${file} was marked`);
    }
  };

  const start = await startOf(context, step, parsed);
  await small(ours(...settings, progress(start, start), moveSql(tables, [clean, marked], marked)));
  for (const unit of parsed.units.filter(({ to }) => to > start)) {
    if (given.signal.aborted) throw await stopped(unit.from, given.signal.reason);
    // Who is fenced off does not send the statement.
    await small(ours(...limits(script, ''), progress(unit.from, unit.own ? unit.from : unit.to)));
    let k = unit.from;
    try {
      for (; k < unit.to; k++) {
        given.onStatement?.(k + 1, parsed.statements.length);
        if (unit.own && k === unit.to - 1) await link.run(progress(unit.to, unit.to), given.signal);
        await link.run(parsed.statements[k]?.text ?? '', given.signal);
      }
    } catch (error) {
      throw await failed(error, unit, k);
    }
  }
  await finish();

  async function finish(): Promise<void> {
    const stamp = moveSql(tables, [marked], { version: step.to, dirty: false });
    const row = historySql(tables, { ...rowOf(context, step, given), ms: clock.mono() - since });
    try {
      // Before the row's text is sent: the script may have set how texts are read.
      await link.run(settings.join(';\n'));
      await link.run(ours(stamp, fenceSql(tables, given.token, progressSql(undefined, 0, 0, tables)), row));
    } catch (error) {
      const common = failure(error, `while ${file} was stamped`);
      throw link.lost || isLost(error) ? unknown(common.message) : common;
    }
  }

  /** Writes down that nothing behind the first `done` took effect, and takes the mark back where that is nothing at all. */
  async function settle(done: number): Promise<void> {
    const back = done === 0 ? [moveSql(tables, [marked], clean)] : [];
    await small(ours(...settings, progress(done, done), ...back));
  }

  async function stopped(done: number, reason: unknown): Promise<unknown> {
    await settle(done);
    return done === 0 ? reason : unknown(`it was stopped behind statement ${done} of ${parsed.statements.length}`);
  }

  function unknown(why: string): AppError {
    return new AppError('outcome_unknown', `${file}: ${why}; the database is marked dirty`);
  }

  async function failed(error: unknown, unit: Unit, k: number): Promise<unknown> {
    const statement = parsed.statements[k];
    if (link.lost || (!(error instanceof AppError) && isLost(error) && error !== given.signal.reason))
      return unknown(
        commonFailure(error, `at statement ${k + 1} of ${parsed.statements.length}`)?.message ?? 'it was cut off',
      );
    const partly = !unit.own && statement?.commitsWithin === true;
    if (!partly) await settle(unit.from);
    if (given.signal.aborted && (error === given.signal.reason || sqlStateOf(error) === '57014'))
      return unit.from === 0 && !partly
        ? given.signal.reason
        : unknown(`it was stopped in statement ${k + 1} of ${parsed.statements.length}`);
    // Where everything before is undone or kept, waiting in vain may be tried again.
    const common = commonFailure(error, `while ${file} was applied`);
    if (common) return common;
    const at = Number(asPgError(error).position ?? 0);
    const start = statement ? [...script.text.slice(0, statement.start)].length : 0;
    const { index } = statement ?? {};
    const left = index?.does === 'create' && (await indexIs(context, index.name)) === 'invalid';
    return scriptFailure(error, {
      file,
      text: script.text,
      statement: k + 1,
      statements: parsed.statements.length,
      position: at > 0 ? start + at : undefined,
      line: lineAndColumn(script.text, start + 1).line,
      ...(left && {
        advice: `It left the invalid index ${index?.name} behind: drop index concurrently ${index?.name}, then apply it again`,
      }),
    });
  }
}

/** How many statements took effect when this very step was begun before; 0 where the row is as planned. */
async function startOf(context: Context, step: Step, parsed: Parsed): Promise<number> {
  const { state, truth } = await lookUp(context, step, parsed);
  if (!state.dirty || state.version !== step.to) return 0;
  if (truth === 'unknown')
    throw new AppError(
      'migration_dirty',
      `nobody knows how far ${step.migration.version} came when it was applied last`,
    );
  if (truth === 'applied') return parsed.statements.length;
  return typeof truth === 'object' && 'statementsDone' in truth ? truth.statementsDone : 0;
}
