/** A backfill in MySQL and MariaDB: see ../backfill/backfill.ts. Each page is one statement on InnoDB tables, so it is a transaction with its checkpoint. */
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
import { type PageStatement, pageStatement } from '../backfill/marker.ts';
import type { Backfill, Script, Step, VersionState } from '../migration.ts';
import type { ApplyGiven, Estimate, Sample, StopReason, Truth } from '../session.ts';
import { ask, type Context, inTransaction } from './context.ts';
import { isMissingTable } from './failures.ts';
import { type Keyset, keysetOf } from './keyset.ts';
import { runStatement } from './run-statement.ts';
import { freshSettings } from './settings.ts';
import { checkFence, readState, writeState } from './tables.ts';

/** An exact count may take as long; then the server's guess. */
const COUNT_MS = 5_000;

export type BackfillScript = Script & { directives: { backfill: Backfill } };

/** Undefined where the step does not work in pages. */
export function backfillOf({ direction, migration }: Step): BackfillScript | undefined {
  const script = migration[direction];
  return script?.directives.backfill ? (script as BackfillScript) : undefined;
}

const keyOf = ({ direction, migration }: Step) => `${direction} ${migration.version} ${migration[direction]?.checksum}`;

/** What every step does, with or without pages. */
interface Common {
  /** Demands that the row says where the step begins, clean; locks it. */
  demandFrom(): Promise<void>;
  stamp(): Promise<void>;
}

export async function applyBackfill(
  context: Context,
  { step, script, given }: { step: Step; script: BackfillScript; given: ApplyGiven },
  { demandFrom, stamp }: Common,
): Promise<StopReason | undefined> {
  const { backfill } = script.directives;
  const { signal } = given;
  const { statement, keyset } = await readyFor(context, script);
  const { dirty } = await readState(context);
  const from = dirty ? await checkpointOf(context, step, keyset) : undefined;
  if (dirty && !from) throw goneAstray(step);
  const demandMarked = async () => {
    const state = await readState(context, ' FOR UPDATE');
    if (!state.dirty || state.version !== step.to)
      throw new AppError('conflict', 'The database is not where this backfill left it');
  };
  const driver: BackfillDriver = {
    next: (after, limit) => {
      signal.throwIfAborted();
      return keyset.next(after, limit);
    },
    count: (after) => keyset.count(after, COUNT_MS),
    take: (bounds, { pages }, checkpoint) =>
      inTransaction(
        context,
        async () => {
          await checkFence(context, given.token);
          if (pages === 0) await demandFrom();
          else await demandMarked();
          if (pages === 0) await writeState(context, { version: step.to, dirty: true });
          const sql = statement.within(keyset.within(bounds));
          const running = { sql, start: 0, end: sql.length, line: 1 };
          const { affected } = await runStatement(context, { script, statement: running, k: 1, n: 1, signal });
          await writeCheckpoint(context, { step, before: pages }, checkpoint(affected));
          return affected;
        },
        false,
      ),
    finish: ({ pages }) =>
      inTransaction(context, async () => {
        await checkFence(context, given.token);
        if (pages === 0) await demandFrom();
        else await demandMarked();
        await stamp();
      }),
  };
  return runBackfill({ driver, backfill, from, given, clock: context.clock });
}

async function readyFor(
  context: Context,
  script: BackfillScript,
): Promise<{ statement: PageStatement; keyset: Keyset }> {
  const { backfill } = script.directives;
  const statement = pageStatement(script, backfill, 'mysql');
  await freshSettings(context, script);
  // Whoever goes on with it reads a TIMESTAMP of the checkpoint as it was written, whatever a script before has set.
  await ask(context, 'SET SESSION time_zone = @@global.time_zone');
  const { rows } = await ask(
    context,
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'",
    [context.database],
  );
  const fixed = rows.map(([name]) => String(name)).find((name) => statement.mentions(name));
  if (fixed !== undefined)
    throw new AppError('migration_refused', `${script.file}: the table ${fixed} is not InnoDB, and takes no page back`);
  return { statement, keyset: await keysetOf(context, script, backfill) };
}

async function writeCheckpoint(
  context: Context,
  { step, before }: { step: Step; before: number },
  { cursor, pages, rows, written, rowsTotal, ms }: Checkpoint,
): Promise<void> {
  const { names, target } = context;
  const values = [keyOf(step), cursorText(cursor), pages, rows, written, rowsTotal ?? null, ms];
  if (before === 0) {
    const columns = 'step, at_key, pages, seen, written, total, ms, scope';
    await ask(context, `REPLACE INTO ${names.backfill} (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [
      ...values,
      target.table,
    ]);
    return;
  }
  const sets = 'step = ?, at_key = ?, pages = ?, seen = ?, written = ?, total = ?, ms = ?';
  const sql = `UPDATE ${names.backfill} SET ${sets} WHERE scope = ? AND step = ? AND pages = ?`;
  if ((await ask(context, sql, [...values, target.table, keyOf(step), before])).affected !== 1)
    throw new AppError('conflict', 'Another runner has worked on this backfill meanwhile');
}

async function checkpointOf(context: Context, step: Step, keyset: Keyset): Promise<Checkpoint | undefined> {
  if (typeof (await lookBackfill(context, step)) !== 'object') return undefined;
  const { rows: found } = await ask(
    context,
    `SELECT at_key, pages, seen, written, total, ms FROM ${context.names.backfill} WHERE scope = ?`,
    [context.target.table],
  );
  const [text, ...numbers] = found[0] ?? [];
  const [pages = 0, rows = 0, written = 0, total, ms = 0] = numbers.map((one) =>
    one === null ? undefined : Number(one),
  );
  const cursor = readCursor(String(text), keyset.columns);
  return cursor && { cursor, pages, rows, written, ms, ...(total !== undefined && { rowsTotal: total }) };
}

/** By the row and the checkpoint. */
export async function lookBackfill(context: Context, step: Step): Promise<Truth> {
  try {
    const { version, dirty }: VersionState = await readState(context);
    if (!dirty) return version === step.to ? 'applied' : version === step.from ? 'not applied' : 'unknown';
    if (version !== step.to) return 'unknown';
    const { rows } = await ask(context, `SELECT pages FROM ${context.names.backfill} WHERE scope = ? AND step = ?`, [
      ...[context.target.table, keyOf(step)],
    ]);
    const [pages] = rows[0] ?? [];
    return pages === undefined ? 'unknown' : { pagesDone: Number(pages) };
  } catch (error) {
    // Nothing of ours was ever here, or only an older version.
    if (isMissingTable((error as Error).cause)) return 'unknown';
    throw error;
  }
}

export async function estimate(context: Context, step: Step): Promise<Estimate | undefined> {
  const script = backfillOf(step);
  if (!script) return undefined;
  const { keyset } = await readyFor(context, script);
  const at = await checkpointOf(context, step, keyset);
  return estimateOf(await keyset.count(at?.cursor, COUNT_MS), script.directives.backfill, at);
}

export async function preview(context: Context, step: Step, rows: number): Promise<Sample[]> {
  const script = backfillOf(step);
  if (!script) return [];
  const { statement, keyset } = await readyFor(context, script);
  const after = (await checkpointOf(context, step, keyset))?.cursor;
  const found = await keyset.next(after, previewRows(rows, script.directives.backfill));
  if (!found) return [];
  const bounds = { after, upto: found.upto };
  await ask(context, 'START TRANSACTION');
  try {
    const before = await keyset.rowsWithin(bounds);
    const sql = statement.within(keyset.within(bounds));
    const running = { sql, start: 0, end: sql.length, line: 1 };
    await runStatement(context, { script, statement: running, k: 1, n: 1, signal: new AbortController().signal });
    return samplesOf(before, await keyset.rowsWithin(bounds), rows);
  } finally {
    if (!context.lost) await ask(context, 'ROLLBACK');
  }
}
