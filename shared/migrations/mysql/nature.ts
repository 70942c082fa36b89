/** What is known of a statement by its first words: whether a transaction holds it, whether an error leaves nothing of it, what it leaves in the session. */
import { type Statement, splitStatements } from '../statements.ts';

const DML = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'SELECT', 'WITH']);
/** Settings that commit, or that outlive the session. */
const FAR_SET = /\b(?:autocommit|password|global|persist|persist_only|transaction|role)\b|@@global/i;
/** A procedure, MariaDB's blocks, and several statements at once, which have no first word. */
const PROGRAMS = new Set(['', 'CALL', 'EXECUTE', 'BEGIN', 'IF', 'CASE', 'LOOP', 'WHILE', 'REPEAT', 'FOR']);
const OUT = /\binto\s+(?:outfile|dumpfile)\b/i;

/** Behind a delimiter of the file's own there may be more than one. */
const isSeveral = ({ sql }: Statement) => sql.includes(';') && splitStatements(sql, 'mysql').length > 1;

/** Its first words; none where there are several statements, of which the first says nothing about the others. */
export function headOf(statement: Statement): string[] {
  if (isSeveral(statement)) return [];
  const { sql } = statement;
  const code = sql.replace(/^\/\*M?!\d*/, '').replace(/\/\*[^!+][\s\S]*?\*\//g, ' ');
  return code
    .slice(0, 400)
    .toUpperCase()
    .trim()
    .split(/[\s(;]+/)
    .slice(0, 4);
}

/** The server can take it back with the transaction it stands in, if all its tables are InnoDB. */
export function isDml(statement: Statement): boolean {
  const [first = ''] = headOf(statement);
  return DML.has(first) && !OUT.test(statement.sql) && !statement.sql.startsWith('/*');
}

/** SET for this session alone; MariaDB's `SET STATEMENT ... FOR` is the statement behind it. */
function isOwnSet(statement: Statement): boolean {
  const [first, second] = headOf(statement);
  return first === 'SET' && second !== 'STATEMENT' && !FAR_SET.test(statement.sql);
}

export const fitsOneTransaction = (statement: Statement) => isDml(statement) || isOwnSet(statement);

export function isBegin(statement: Statement): boolean {
  const [first, second, third] = headOf(statement);
  return (first === 'START' && second === 'TRANSACTION') || (first === 'BEGIN' && third !== 'ATOMIC');
}
export const isEnd = (statement: Statement) => ['COMMIT', 'ROLLBACK'].includes(headOf(statement)[0] ?? '');
export const isAutocommit = (statement: Statement) =>
  headOf(statement)[0] === 'SET' && /^set\b[^']*\bautocommit\b/i.test(statement.sql);
export const locksTables = (statement: Statement) => /^LOCK TABLES?$/.test(headOf(statement).slice(0, 2).join(' '));
export const unlocksTables = (statement: Statement) => /^UNLOCK TABLES?$/.test(headOf(statement).slice(0, 2).join(' '));

/** An error means that nothing of it took effect. `DROP TABLE a, b` may have dropped one of them; a procedure may have committed. */
export function isAllOrNothing(statement: Statement, allInnodb: boolean): boolean {
  const [first = '', second = ''] = headOf(statement);
  if (isDml(statement)) return allInnodb;
  if (first === 'DROP')
    return !statement.sql.includes(',') && second !== 'DATABASE' && second !== 'SCHEMA' && second !== 'USER';
  if (first === 'CREATE') return second !== 'USER' && second !== 'ROLE';
  return (
    ['ALTER', 'RENAME', 'TRUNCATE', 'USE'].includes(first) ||
    isOwnSet(statement) ||
    isBegin(statement) ||
    isEnd(statement)
  );
}

/** Runs others, one of which may fail after another took effect. */
export function isProgram(statement: Statement): boolean {
  const [first = ''] = headOf(statement);
  return PROGRAMS.has(first) || first.endsWith(':');
}

/** May be run twice: it is about this session alone. */
export const isOfSession = (statement: Statement) =>
  headOf(statement)[0] === 'USE' || isOwnSet(statement) || isAutocommit(statement);

/** Leaves something in the session that a new connection does not have, and that cannot be made again. */
export function leavesState(statement: Statement): boolean {
  const { sql } = statement;
  const [first = '', second = ''] = headOf(statement);
  if (first === 'SET') return isOwnSet(statement) && sql.includes('(');
  return first === 'PREPARE' || second === 'TEMPORARY' || /:=|\binto\s+@/i.test(sql);
}

/** Asks the session of the statement before it. */
export const asksState = ({ sql }: Statement) => /\b(?:last_insert_id|row_count|found_rows)\b/i.test(sql);
