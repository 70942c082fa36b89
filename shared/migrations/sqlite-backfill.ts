/**
 * A backfill on a SQLite file: see backfill/backfill.ts. A page is one transaction with its checkpoint, and between two of them whoever else lives in this process gets a turn: the lease is
 * renewed there. A key's values are kept as SQLite's own literals, whatever their type is in each row.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { AppError, messageOf } from '../errors.ts';
import { isBusy } from '../sqlite/failures.ts';
import {
  type BackfillDriver,
  type Bounds,
  type Checkpoint,
  type Cursor,
  cursorText,
  estimateOf,
  goneAstray,
  noSuchKey,
  previewRows,
  readCursor,
  runBackfill,
  samplesOf,
} from './backfill/backfill.ts';
import { pageStatement } from './backfill/marker.ts';
import { namesOf } from './backfill/names.ts';
import type { Backfill, Script, Step } from './migration.ts';
import type { ApplyGiven, Estimate, Sample, StopReason, Truth } from './session.ts';
import type { SqliteContext } from './sqlite-context.ts';

/** As `literalOf` writes them. */
const LITERAL = /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|-?9\.0e\+999|'(?:[^']|'')*'|X'[0-9A-F]*'|\(''\|\|X'[0-9A-F]*'\))$/i;

type BackfillScript = Script & { directives: { backfill: Backfill } };

/** Undefined where the step does not work in pages. */
export function sqliteBackfillOf({ direction, migration }: Step): BackfillScript | undefined {
  const script = migration[direction];
  return script?.directives.backfill ? (script as BackfillScript) : undefined;
}

const keyOf = ({ direction, migration }: Step) => `${direction} ${migration.version} ${migration[direction]?.checksum}`;

interface Common {
  /** Demands that the row says this. */
  demand(dirty: boolean): void;
  /** Stamps it, and forgets the checkpoint. */
  finish(): void;
}

export async function applySqliteBackfill(
  context: SqliteContext,
  { step, script, given }: { step: Step; script: BackfillScript; given: ApplyGiven },
  { demand, finish }: Common,
): Promise<StopReason | undefined> {
  const { connection, tables, patiently } = context;
  const { signal } = given;
  const { backfill } = script.directives;
  const statement = pageStatement(script, backfill, 'sqlite');
  const keyset = await patiently(() => keysetOf(connection, script, backfill), signal);
  const { dirty } = await patiently(tables.state, signal);
  const from = dirty ? await patiently(() => checkpointOf(context, step, keyset), signal) : undefined;
  if (dirty && !from) throw goneAstray(step);
  const driver: BackfillDriver = {
    async next(after, limit) {
      await setImmediate();
      return patiently(() => keyset.next(after, limit), signal);
    },
    count: (after) => patiently(() => keyset.count(after), signal),
    take: (bounds, { pages }, checkpoint) =>
      context.write(given, () => {
        demand(pages > 0);
        if (pages === 0) tables.setState({ version: step.to, dirty: true });
        const written = changesOf(connection, script, statement.within(keyset.within(bounds)));
        writeCheckpoint(connection, { step, before: pages }, checkpoint(written));
        return written;
      }),
    finish: ({ pages }) =>
      context.write(given, () => {
        demand(pages > 0);
        finish();
      }),
  };
  return runBackfill({ driver, backfill, from, given, clock: context.clock });
}

function changesOf(connection: DatabaseSync, { file }: Script, sql: string): number {
  try {
    return Number(connection.prepare(sql).run().changes);
  } catch (error) {
    if (isBusy(error)) throw error;
    throw new AppError('migration_failed', `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function writeCheckpoint(
  connection: DatabaseSync,
  { step, before }: { step: Step; before: number },
  { cursor, pages, rows, written, rowsTotal, ms }: Checkpoint,
): void {
  const found = connection
    .prepare('SELECT 1 FROM hawker_migration_backfill WHERE step = ? AND pages = ?')
    .get(keyOf(step), before);
  if (before > 0 && !found) throw new AppError('conflict', 'another runner has worked on this backfill meanwhile');
  connection
    .prepare(
      'INSERT OR REPLACE INTO hawker_migration_backfill (one, step, at_key, pages, seen, written, total, ms) VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      keyOf(step),
      cursorText(cursor),
      ...[pages, rows, written].map(BigInt),
      rowsTotal === undefined ? null : BigInt(rowsTotal),
      BigInt(ms),
    );
}

function checkpointOf({ connection, tables }: SqliteContext, step: Step, keyset: Keyset): Checkpoint | undefined {
  const { version, dirty } = tables.state();
  if (!dirty || version !== step.to) return undefined;
  const row = checkpointRow(connection, step);
  const cursor = readCursor(String(row?.['at_key']), keyset.columns);
  if (!row || !cursor?.every((one) => LITERAL.test(one))) return undefined;
  const total = row['total'] === null ? {} : { rowsTotal: Number(row['total']) };
  const [pages, rows, written, ms] = ['pages', 'seen', 'written', 'ms'].map((name) => Number(row[name])) as [
    number,
    number,
    number,
    number,
  ];
  return { cursor, pages, rows, written, ms, ...total };
}

function checkpointRow(connection: DatabaseSync, step: Step) {
  // A file that nothing of ours has been at has no such table.
  if (!connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'hawker_migration_backfill'").get())
    return undefined;
  return connection
    .prepare('SELECT at_key, pages, seen, written, total, ms FROM hawker_migration_backfill WHERE step = ?')
    .get(keyOf(step));
}

/** Of a step whose row is dirty at where it goes. */
export function lookSqliteBackfill({ connection }: SqliteContext, step: Step): Truth {
  const row = checkpointRow(connection, step);
  return row ? { pagesDone: Number(row['pages']) } : 'unknown';
}

interface Keyset {
  columns: number;
  next(after: Cursor | undefined, limit: number): { rows: number; upto: Cursor } | undefined;
  count(after: Cursor | undefined): number;
  within(bounds: Bounds): string;
  rowsWithin(bounds: Bounds): Map<string, string>;
}

/** `quote` ends a text at its first NUL. To append bytes makes text of them, and no affinity that a cast would bring along. */
const literalOf = (column: string) =>
  `CASE WHEN typeof(${column}) = 'text' AND instr(${column}, char(0)) THEN '(''''||X''' || hex(${column}) || ''')' ELSE quote(${column}) END`;

function keysetOf(connection: DatabaseSync, { file }: Script, backfill: Backfill): Keyset {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const [name = '', schema = 'main'] = namesOf(backfill.table)
    .map(({ text }) => text)
    .reverse();
  const table = `${quote(schema)}.${quote(name)}`;
  const found = connection
    .prepare('SELECT name FROM pragma_table_info(?, ?)')
    .all(name, schema)
    .map((row) => String(row['name']));
  if (found.length === 0) throw noSuchKey(file, backfill, 'there is no such table');
  const columns = backfill.key.map((written) => {
    const wanted = namesOf(written)[0]?.text.toLowerCase();
    const column = found.find((one) => one.toLowerCase() === wanted);
    if (column === undefined) throw noSuchKey(file, backfill, `there is no column ${written}`);
    return quote(column);
  });
  const nulls = columns.map((column) => `${column} IS NULL`).join(' OR ');
  if (connection.prepare(`SELECT 1 FROM ${table} WHERE ${nulls} LIMIT 1`).get())
    throw noSuchKey(file, backfill, 'a row has no value there, and NULL is behind no other');
  const list = columns.join(', ');
  const read = columns.map((column, k) => `${literalOf(column)} AS k${k}`).join(', ');
  const behind = (after: Cursor | undefined) => (after ? `(${list}) > (${after.join(', ')})` : 'TRUE');
  const within = ({ after, upto }: Bounds) => `${behind(after)} AND (${list}) <= (${upto.join(', ')})`;
  const keyIn = (row: Record<string, unknown>) => columns.map((_, k) => String(row[`k${k}`]));
  return {
    columns: columns.length,
    within,
    next(after, limit) {
      const page = `SELECT ${list} FROM ${table} WHERE ${behind(after)} ORDER BY ${list} LIMIT ${limit}`;
      const last = columns.map((column) => `p.${column} DESC`).join(', ');
      const row = connection
        .prepare(`SELECT count(*) OVER () AS n, ${read} FROM (${page}) AS p ORDER BY ${last} LIMIT 1`)
        .get();
      return row && { rows: Number(row['n']), upto: keyIn(row) };
    },
    count: (after) =>
      Number(connection.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${behind(after)}`).get()?.['n']),
    rowsWithin(bounds) {
      const where = `FROM ${table} WHERE ${within(bounds)} ORDER BY ${list}`;
      const keys = connection.prepare(`SELECT ${read} ${where}`).all().map(keyIn);
      const rows = connection.prepare(`SELECT * ${where}`).all();
      return new Map(keys.map((key, k) => [JSON.stringify(key.map(shownLiteral)), JSON.stringify(rows[k], shown)]));
    },
  };
}

const shownLiteral = (literal: string) =>
  literal.startsWith("'") ? literal.slice(1, -1).replaceAll("''", "'") : literal;

function shown(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

export function estimateSqlite(context: SqliteContext, step: Step): Estimate | undefined {
  const script = sqliteBackfillOf(step);
  if (!script) return undefined;
  const { backfill } = script.directives;
  const keyset = keysetOf(context.connection, script, backfill);
  const at = checkpointOf(context, step, keyset);
  return estimateOf(keyset.count(at?.cursor), backfill, at);
}

export function previewSqlite(context: SqliteContext, step: Step, rows: number): Sample[] {
  const script = sqliteBackfillOf(step);
  if (!script) return [];
  const { connection } = context;
  const { backfill } = script.directives;
  const statement = pageStatement(script, backfill, 'sqlite');
  connection.exec('BEGIN IMMEDIATE');
  try {
    const keyset = keysetOf(connection, script, backfill);
    const after = checkpointOf(context, step, keyset)?.cursor;
    const found = keyset.next(after, previewRows(rows, backfill));
    if (!found) return [];
    const bounds = { after, upto: found.upto };
    const before = keyset.rowsWithin(bounds);
    changesOf(connection, script, statement.within(keyset.within(bounds)));
    return samplesOf(before, keyset.rowsWithin(bounds), rows);
  } finally {
    if (connection.isTransaction) connection.exec('ROLLBACK');
  }
}
