/** A script for PostgreSQL as its own parser reads it: each statement's tree, and where it stands. */
import type { Node, RangeVar, RawStmt } from 'libpg-query';

export interface PgStatement {
  node: Node;
  /** Without the semicolon and without what stands before it. */
  sql: string;
  /** Where it stands in its script, in UTF-16 units. */
  start: number;
}

export interface PgScript {
  statements: PgStatement[];
  /** From the bytes that the parser counts in to UTF-16 units. */
  offset(byte: number): number;
  /** Where it is no SQL: no statement is known then. */
  error?: { message: string; offset: number };
}

/** Of these in a row the parser reads all that are left for each one, so that a long row takes it minutes. */
const OPERATORS = /[~!@#^&|`?+\-*/%<>=]{2,}/g;
const MOST_OPERATORS = 1_000;

/** Never throws for a text, whatever it is. */
export async function readPgScript(text: string): Promise<PgScript> {
  const { loadModule, parseSync, hasSqlDetails } = await import('../libpg-query-client.ts');
  await loadModule();
  const offset = offsets(text);
  for (const { 0: row, index } of text.matchAll(OPERATORS))
    if (row.length > MOST_OPERATORS) {
      const message = `more than ${MOST_OPERATORS} characters of operators in a row are not read`;
      return { statements: [], offset, error: { message, offset: index } };
    }
  let raw: RawStmt[];
  try {
    // The parser takes no empty text.
    raw = text === '' ? [] : (parseSync(text).stmts ?? []);
  } catch (error) {
    const known = hasSqlDetails(error);
    // It counts code points; a text that is nested too deeply ends it without saying where.
    const points = known ? (error.sqlDetails?.cursorPosition ?? 0) : 0;
    const at = [...text.slice(0, points * 2)].slice(0, points).join('').length;
    return {
      statements: [],
      offset,
      error: { message: known ? error.message : 'the parser cannot read it: it is nested too deeply', offset: at },
    };
  }
  const statements = raw.flatMap(({ stmt, stmt_location: at = 0, stmt_len: length }): PgStatement[] => {
    if (!stmt) return [];
    const from = offset(at);
    const whole = text.slice(from, length ? offset(at + length) : text.length);
    const head = headOf(whole);
    return [{ node: stmt, sql: whole.slice(head).trimEnd(), start: from + head }];
  });
  return { statements, offset };
}

/** How much white space and comments stand before the first word; comments nest in PostgreSQL. */
function headOf(text: string): number {
  let at = 0;
  for (;;) {
    const space = /^(?:\s+|--[^\n]*)/.exec(text.slice(at, at + 10_000))?.[0].length ?? 0;
    if (space > 0) at += space;
    else if (text.startsWith('/*', at)) at = endOfComment(text, at);
    else return Math.min(at, text.length);
  }
}

function endOfComment(text: string, from: number): number {
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}

function offsets(text: string): (byte: number) => number {
  const size = Buffer.byteLength(text);
  if (size === text.length) return (byte) => Math.max(0, Math.min(byte, size));
  const table = new Uint32Array(size + 1);
  let byte = 0;
  for (let unit = 0; unit < text.length; ) {
    const point = text.codePointAt(unit) as number;
    const bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
    table.fill(unit, byte, byte + bytes);
    byte += bytes;
    unit += point > 0xffff ? 2 : 1;
  }
  table.fill(text.length, byte);
  return (wanted) => table[Math.max(0, Math.min(wanted, size))] ?? text.length;
}

/** As it would be written in SQL, with its schema where the script names one. */
export function nameOf({ schemaname, relname = '' }: Pick<RangeVar, 'schemaname' | 'relname'>): string {
  return sqlName([...(schemaname ? [schemaname] : []), relname]);
}

/** Quoted where it must be. */
export function sqlName(parts: readonly string[]): string {
  return parts.map((part) => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.');
}

/** The texts of a list of strings, as the parser writes names. */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));
}

/** All nodes of one kind below, in no special order; without recursion, since expressions nest deeply. */
export function findAll<T>(root: unknown, kind: string): T[] {
  const found: T[] = [];
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    for (const [key, value] of Object.entries(node)) {
      if (key === kind) found.push(value as T);
      open.push(value);
    }
  }
  return found;
}
