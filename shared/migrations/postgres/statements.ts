/** What a script is made of, by PostgreSQL's own parser. */
import type { Node, RawStmt } from 'libpg-query';

export interface Statement {
  /** Without the semicolon and without what stands before it. */
  text: string;
  /** Where it stands in its script, in UTF-16 units. */
  start: number;
  /** Of an index that it makes or drops concurrently, so that one can look whether it did. */
  index?: { does: 'create' | 'drop'; name: string };
  /** A failure may leave part of it behind: it commits by itself as it goes. */
  commitsWithin: boolean;
}

/** Statements [from, to) that take effect together: those between the script's own BEGIN and COMMIT, or one alone. */
export interface Unit {
  from: number;
  to: number;
  /** In a transaction of the script's own. */
  own: boolean;
}

export interface Parsed {
  statements: Statement[];
  /** Why it cannot run within one transaction, where it cannot. */
  outside: string | undefined;
  units: Unit[];
  /** It begins a transaction and never ends it. */
  unended: boolean;
}

/** Where a text that is no SQL goes wrong, in code points from 0. */
export class NoSql extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

export async function parseScript(text: string): Promise<Parsed> {
  const { loadModule, parseSync, hasSqlDetails } = await import('../libpg-query-client.ts');
  await loadModule();
  let raw: RawStmt[];
  try {
    // The parser takes no empty text.
    raw = text === '' ? [] : (parseSync(text).stmts ?? []);
  } catch (error) {
    if (hasSqlDetails(error)) throw new NoSql(error.message, error.sqlDetails?.cursorPosition ?? 0);
    throw error;
  }
  const bytes = Buffer.from(text);
  const statements: Statement[] = [];
  const kinds: Node[] = [];
  let outside: string | undefined;
  for (const { stmt, stmt_location: at = 0, stmt_len: length } of raw) {
    if (!stmt) continue;
    const whole = bytes.subarray(at, length ? at + length : undefined).toString();
    const head = /^(\s|--.*|\/\*[^*]*\*\/)*/.exec(whole)?.[0].length ?? 0;
    statements.push({
      text: whole.slice(head).trimEnd(),
      start: bytes.subarray(0, at).toString().length + head,
      commitsWithin: 'CallStmt' in stmt || 'DoStmt' in stmt || 'VacuumStmt' in stmt || 'ReindexStmt' in stmt,
      ...indexOf(stmt),
    });
    kinds.push(stmt);
    outside ??= whyOutside(stmt);
  }
  return { statements, outside, ...unitsOf(kinds) };
}

/** The name as it would be written in SQL, with its schema where the script names one. */
function indexOf(stmt: Node): Pick<Statement, 'index'> {
  if ('IndexStmt' in stmt && stmt.IndexStmt.concurrent && stmt.IndexStmt.idxname) {
    const schema = stmt.IndexStmt.relation?.schemaname;
    return {
      index: { does: 'create', name: [...(schema ? [schema] : []), stmt.IndexStmt.idxname].map(quoted).join('.') },
    };
  }
  const dropped = 'DropStmt' in stmt && stmt.DropStmt.concurrent ? stmt.DropStmt.objects?.[0] : undefined;
  if (dropped && 'List' in dropped) {
    const parts = dropped.List.items?.flatMap((item) => ('String' in item ? [item.String.sval ?? ''] : [])) ?? [];
    return { index: { does: 'drop', name: parts.map(quoted).join('.') } };
  }
  return {};
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

const SAVEPOINTS = ['TRANS_STMT_SAVEPOINT', 'TRANS_STMT_RELEASE', 'TRANS_STMT_ROLLBACK_TO'];
const ALONE: Readonly<Record<string, string>> = {
  CreatedbStmt: 'CREATE DATABASE',
  DropdbStmt: 'DROP DATABASE',
  AlterDatabaseStmt: 'ALTER DATABASE',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  AlterSystemStmt: 'ALTER SYSTEM',
  CreateSubscriptionStmt: 'CREATE SUBSCRIPTION',
  AlterSubscriptionStmt: 'ALTER SUBSCRIPTION',
  DropSubscriptionStmt: 'DROP SUBSCRIPTION',
};

const OUTSIDE_WORDS =
  /\b(begin|start|commit|end|rollback|abort|prepare|transaction|database|tablespace|system|subscription|concurrently|vacuum|cluster|value|reindex)\b/i;

/** Whether a text needs the parser, which takes 90 ms to load: whatever cannot run within our transaction has one of these keywords. */
export function mayBeOutside(text: string): boolean {
  return OUTSIDE_WORDS.test(text);
}

/** What PostgreSQL refuses within a transaction block (PreventInTransactionBlock), or what would end ours. */
function whyOutside(stmt: Node): string | undefined {
  const [kind] = Object.keys(stmt);
  if (kind && ALONE[kind]) return ALONE[kind];
  if ('TransactionStmt' in stmt)
    return SAVEPOINTS.includes(stmt.TransactionStmt.kind ?? '') ? undefined : 'a transaction of its own';
  // `SET TRANSACTION` must come first in its transaction, where ours has done something already.
  if ('VariableSetStmt' in stmt) return stmt.VariableSetStmt.name === 'TRANSACTION' ? 'SET TRANSACTION' : undefined;
  if ('IndexStmt' in stmt && stmt.IndexStmt.concurrent) return 'CREATE INDEX CONCURRENTLY';
  if ('DropStmt' in stmt && stmt.DropStmt.concurrent) return 'DROP INDEX CONCURRENTLY';
  if ('VacuumStmt' in stmt && stmt.VacuumStmt.is_vacuumcmd) return 'VACUUM';
  if ('ClusterStmt' in stmt && !stmt.ClusterStmt.relation) return 'CLUSTER';
  // A value that was added cannot be used in the same transaction.
  if ('AlterEnumStmt' in stmt && !stmt.AlterEnumStmt.oldVal) return 'ALTER TYPE ADD VALUE';
  if ('ReindexStmt' in stmt) {
    const { kind: what, params = [] } = stmt.ReindexStmt;
    const concurrently = params.some((param) => 'DefElem' in param && param.DefElem.defname === 'concurrently');
    const wide = !['REINDEX_OBJECT_INDEX', 'REINDEX_OBJECT_TABLE'].includes(what ?? '');
    if (concurrently || wide) return 'REINDEX';
  }
  if ('AlterTableStmt' in stmt)
    for (const cmd of stmt.AlterTableStmt.cmds ?? []) {
      const def = 'AlterTableCmd' in cmd ? cmd.AlterTableCmd.def : undefined;
      if (def && 'PartitionCmd' in def && def.PartitionCmd.concurrent) return 'DETACH PARTITION CONCURRENTLY';
    }
  return undefined;
}

function unitsOf(kinds: readonly Node[]): Pick<Parsed, 'units' | 'unended'> {
  const units: Unit[] = [];
  let begun: number | undefined;
  for (const [k, stmt] of kinds.entries()) {
    const { kind, chain } = 'TransactionStmt' in stmt ? stmt.TransactionStmt : {};
    if (begun === undefined && (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START')) begun = k;
    else if (begun === undefined) units.push({ from: k, to: k + 1, own: false });
    else if (['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK', 'TRANS_STMT_PREPARE'].includes(kind ?? '') && !chain) {
      units.push({ from: begun, to: k + 1, own: true });
      begun = undefined;
    }
  }
  if (begun !== undefined) units.push({ from: begun, to: kinds.length, own: true });
  return { units, unended: begun !== undefined };
}
