/** A backfill in PostgreSQL: see ../backfill/backfill.ts. A page is two round trips and a half: where it ends, the statement, and its checkpoint with the commit. */
import { AppError } from '../../errors.ts';
import {
  type BackfillDriver,
  type Checkpoint,
  cursorText,
  estimateOf,
  goneAstray,
  previewRows,
  readCursor,
  runBackfill,
  samplesOf,
} from '../backfill/backfill.ts';
import { pageStatement } from '../backfill/marker.ts';
import type { Backfill, Script, Step, VersionState } from '../migration.ts';
import type { ApplyGiven, Estimate, Sample, StopReason } from '../session.ts';
import type { Context } from './context.ts';
import { commonFailure, failure, isLost, scriptFailure, sqlStateOf } from './failure.ts';
import { type Keyset, keysetOf } from './keyset.ts';
import { lookBackfill, stateOf, stepKey } from './look.ts';
import { limits, rowOf, scriptOf } from './step-facts.ts';
import { fenceSql, historySql, moveSql, progressSql } from './tables.ts';

/** An exact count may take as long; then the planner's. */
const COUNT_MS = 5_000;
/** Of a preview, where the script sets no limit of its own. */
const PREVIEW_MS = 20_000;

type BackfillScript = Script & { directives: { backfill: Backfill } };

/** Undefined where the step does not work in pages. */
export function backfillOf(step: Step): BackfillScript | undefined {
  const script = scriptOf(step);
  return script?.directives.backfill ? (script as BackfillScript) : undefined;
}

export async function applyBackfill(
  context: Context,
  step: Step,
  script: BackfillScript,
  given: ApplyGiven,
): Promise<StopReason | undefined> {
  const { tables, link, settings, clock } = context;
  const key = stepKey(step);
  const { backfill } = script.directives;
  const statement = pageStatement(script, backfill, 'postgres');
  const keyset = await keysetOf(context, script, backfill);
  const clean: VersionState = { version: step.from, dirty: false };
  const marked: VersionState = { version: step.to, dirty: true };
  const { dirty } = await stateOf(context);
  const from = dirty ? await checkpointOf(context, step, keyset) : undefined;
  if (dirty && !from) throw goneAstray(step);

  /** The rest of what was begun and is not committed. */
  const rollBack = async () => {
    if (!link.lost) await link.run('rollback').catch(() => {});
  };
  const begin = ['begin isolation level read committed read write', ...settings, ...limits(script)];
  const driver: BackfillDriver = {
    next: (after, limit) => keyset.next(after, limit, given.signal),
    count: (after) => keyset.count(after, COUNT_MS),
    async take(bounds, { pages }, checkpoint) {
      const fence = fenceSql(tables, given.token, progressSql(key, pages + 1, pages + 1, tables));
      const mark = moveSql(tables, pages === 0 ? [clean] : [marked], marked);
      try {
        // Where no term has raised the fence yet its row must be there for the step to be written to it.
        const first = pages === 0 ? [fenceSql(tables, given.token)] : [];
        await link.run([...begin, ...first, fence, mark].join(';\n'), given.signal);
        await link.run(statement.within(keyset.within(bounds)), given.signal).catch((error: unknown) => {
          throw statementFailure(error, script, given);
        });
        const written = link.affected();
        const [kept] = await link.run(checkpointSql(context, key, pages, checkpoint(written)));
        if (kept?.length !== 1) throw new AppError('conflict', 'another runner has worked on this backfill meanwhile');
        await commit();
        return written;
      } catch (error) {
        await rollBack();
        if (given.signal.aborted && (error === given.signal.reason || sqlStateOf(error) === '57014'))
          throw given.signal.reason;
        throw failure(error, `while a page of ${script.file} was taken`);
      }
    },
    async finish({ pages, ms }) {
      const stamp = moveSql(tables, pages === 0 ? [clean] : [marked], { version: step.to, dirty: false });
      const fence = fenceSql(tables, given.token, progressSql(undefined, 0, 0, tables));
      const row = historySql(tables, { ...rowOf(context, step, given), ms });
      try {
        await link.run([...begin, fence, stamp, row, `delete from ${tables.backfill}`].join(';\n'));
        await commit();
      } catch (error) {
        await rollBack();
        throw failure(error, `while ${script.file} was stamped`);
      }
    },
  };
  const commit = async () => {
    try {
      await link.run('commit');
    } catch (error) {
      if (link.lost || isLost(error))
        throw new AppError('outcome_unknown', `${script.file}: the connection was lost while a page was committed`);
      // Deferred constraints fail here.
      throw statementFailure(error, script, given);
    }
  };
  return runBackfill({ driver, backfill, from, given, clock });
}

function statementFailure(error: unknown, script: Script, { signal }: ApplyGiven): unknown {
  if (signal.aborted && (error === signal.reason || sqlStateOf(error) === '57014')) return signal.reason;
  const common = commonFailure(error, `while a page of ${script.file} was taken`);
  return common ?? scriptFailure(error, { file: script.file, text: script.text });
}

/** One row, as there is one fence; that the row is still the one that was read is demanded. */
function checkpointSql({ tables }: Context, key: string, before: number, checkpoint: Checkpoint): string {
  const { cursor, pages, rows, written, rowsTotal, ms } = checkpoint;
  const values = `${tables.literal(key)}, ${tables.literal(cursorText(cursor))}, ${pages}, ${rows}, ${written}, ${rowsTotal ?? 'null'}, ${ms}`;
  if (before === 0)
    return `insert into ${tables.backfill} (id, step, at_key, pages, seen, written, total, ms) values (1, ${values}) on conflict (id)
      do update set (step, at_key, pages, seen, written, total, ms) = row (${values}) returning 1`;
  return `update ${tables.backfill} set (step, at_key, pages, seen, written, total, ms) = row (${values}) where step = ${tables.literal(key)} and pages = ${before} returning 1`;
}

async function checkpointOf(context: Context, step: Step, keyset: Keyset): Promise<Checkpoint | undefined> {
  if (typeof (await lookBackfill(context, step)) !== 'object') return undefined;
  const { link, tables } = context;
  const [found] = await link.run(`select at_key, pages, seen, written, total, ms from ${tables.backfill}`);
  const [text, pages, rows, written, rowsTotal, ms] = found?.[0] ?? [];
  const cursor = readCursor(text ?? '', keyset.columns);
  if (!cursor) return undefined;
  const total = rowsTotal ? { rowsTotal: Number(rowsTotal) } : {};
  return { cursor, pages: Number(pages), rows: Number(rows), written: Number(written), ms: Number(ms), ...total };
}

/** From where it stands. */
async function placeOf(context: Context, step: Step, script: BackfillScript) {
  const { backfill } = script.directives;
  const keyset = await keysetOf(context, script, backfill);
  return { backfill, keyset, at: await checkpointOf(context, step, keyset) };
}

export async function estimate(context: Context, step: Step): Promise<Estimate | undefined> {
  const script = backfillOf(step);
  if (!script) return undefined;
  const { backfill, keyset, at } = await placeOf(context, step, script);
  return estimateOf(await keyset.count(at?.cursor, COUNT_MS), backfill, at);
}

export async function preview(context: Context, step: Step, rows: number): Promise<Sample[]> {
  const script = backfillOf(step);
  if (!script) return [];
  const { backfill, keyset, at } = await placeOf(context, step, script);
  const statement = pageStatement(script, backfill, 'postgres');
  const found = await keyset.next(at?.cursor, previewRows(rows, backfill));
  if (!found) return [];
  const bounds = { after: at?.cursor, upto: found.upto };
  const { link, settings } = context;
  try {
    const bound = script.directives.statementTimeoutMs ?? PREVIEW_MS;
    await link.run(['begin', ...settings, ...limits(script), `set local statement_timeout = ${bound}`].join(';\n'));
    const before = await keyset.rowsWithin(bounds);
    await link.run(statement.within(keyset.within(bounds)));
    return samplesOf(before, await keyset.rowsWithin(bounds), rows);
  } catch (error) {
    throw (
      commonFailure(error, 'while a page was tried') ?? scriptFailure(error, { file: script.file, text: script.text })
    );
  } finally {
    if (!link.lost) await link.run('rollback').catch(() => {});
  }
}
