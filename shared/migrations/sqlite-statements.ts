/** What the statements of a script for SQLite are, and which of them can run within a transaction of ours. */
import { splitStatements } from './statements.ts';

/** A comment, text or name to the end where its quote is never closed, a word, space, any sign. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|[\p{L}\p{N}_$]+|\s+|[\s\S]/gu;
const BLANK = /^(?:\s|--|\/\*)/;

/** Words, strings and signs, without space and comments. */
export function tokensOf(sql: string): string[] {
  return (sql.match(TOKEN) ?? []).filter((token) => !BLANK.test(token));
}

/** Settings of the connection or the file that do nothing, or are refused, within a transaction: sqlite.org/pragma.html. */
const BARE_PRAGMAS = new Set([
  ...['AUTO_VACUUM', 'ENCODING', 'FOREIGN_KEYS', 'INCREMENTAL_VACUUM', 'JOURNAL_MODE', 'LOCKING_MODE'],
  ...['PAGE_SIZE', 'SYNCHRONOUS', 'TEMP_STORE', 'WAL_CHECKPOINT'],
]);

/** `bare`: it cannot take effect within a transaction, and does no harm when it is run twice. */
export type StatementKind = 'begin' | 'commit' | 'rollback' | 'bare' | 'plain';

export interface SqliteStatement {
  sql: string;
  line: number;
  kind: StatementKind;
}

export function sqliteStatements(script: string): SqliteStatement[] {
  return splitStatements(script, 'sqlite').map(({ sql, line }) => ({ sql, line, kind: kindOf(sql) }));
}

function kindOf(sql: string): StatementKind {
  const [first, second = '', third, fourth = ''] = tokensOf(sql.slice(0, 300)).map((token) => token.toUpperCase());
  if (first === 'BEGIN') return 'begin';
  if (first === 'COMMIT' || first === 'END') return 'commit';
  // ROLLBACK [TRANSACTION] TO goes back within a transaction.
  if (first === 'ROLLBACK') return second === 'TO' || third === 'TO' ? 'plain' : 'rollback';
  if (first === 'PRAGMA') {
    const name = third === '.' ? fourth : second;
    return BARE_PRAGMAS.has(name.replaceAll(/["'`[\]]/g, '')) ? 'bare' : 'plain';
  }
  return first === 'VACUUM' || first === 'ATTACH' || first === 'DETACH' ? 'bare' : 'plain';
}

/** Whether all of it can run in one transaction of ours. */
export function fitsTransaction(statements: readonly SqliteStatement[]): boolean {
  return statements.every(({ kind }) => kind === 'plain');
}
