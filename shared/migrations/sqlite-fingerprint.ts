/** What a SQLite file's schema is, however it came to be written: tables that were altered and tables that were made whole are equal. */
import { createHash } from 'node:crypto';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { tokensOf } from './sqlite-statements.ts';

const QUOTED = /^(["`[])(.*)["`\]]$/s;
/** One spelling of a name or word; strings stay as they are. */
const plain = (token: string) =>
  QUOTED.exec(token)?.[2]?.toLowerCase() ?? (token.startsWith("'") ? token : token.toLowerCase());

const CLAUSES = new Set(['check', 'collate', 'as', 'autoincrement', 'deferrable', 'conflict']);

/** What SQLite has no table for: checks, collations, generated columns, sorted. */
function clausesOf(sql: string): string[] {
  const tokens = tokensOf(sql).map(plain);
  const clauses: string[] = [];
  for (const [at, token] of tokens.entries()) {
    if (!CLAUSES.has(token)) continue;
    let [end, depth] = [at + 1, 0];
    do {
      if (tokens[end] === '(') depth++;
      if (tokens[end] === ')') depth--;
      end++;
    } while (depth > 0 && end < tokens.length);
    clauses.push(tokens.slice(at, end).join(' '));
  }
  return clauses.sort();
}

export function sqliteFingerprint(connection: DatabaseSync, table: string): string {
  const all = (sql: string, ...values: SQLInputValue[]) =>
    connection.prepare(sql).all(...values) as Record<string, string | number | bigint | null>[];
  const ours = (name: unknown) =>
    String(name).toLowerCase() === table.toLowerCase() || String(name).startsWith('hawker_migration_');
  const kept = all('SELECT type, name, tbl_name AS of, sql FROM sqlite_master ORDER BY type, name').filter(
    (row) => !ours(row['name']) && !ours(row['of']) && !String(row['name']).startsWith('sqlite_'),
  );
  const described = kept.map(({ type, name, of, sql }) => {
    const named = String(name);
    if (type !== 'table') return [type, name, of, tokensOf(String(sql)).map(plain).join(' ')];
    return [
      type,
      name,
      all('SELECT strict, wr FROM pragma_table_list WHERE schema = ? AND name = ?', 'main', named),
      all(
        'SELECT name, lower(type) AS type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid',
        named,
      ),
      // Indexes of constraints are numbered in the order of writing: what they hold is told, not their names.
      all('SELECT name, origin, "unique" FROM pragma_index_list(?) WHERE origin <> ?', named, 'c')
        .map((index) => [
          index['origin'],
          index['unique'],
          all('SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno', String(index['name'])),
        ])
        .map((index) => serialise(index))
        .sort(),
      all('SELECT seq, "table", "from", "to", on_update, on_delete, match FROM pragma_foreign_key_list(?)', named)
        .map((key) => serialise(key))
        .sort(),
      clausesOf(String(sql)),
    ];
  });
  return createHash('sha256').update(serialise(described)).digest('hex');
}

const serialise = (value: unknown) =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
