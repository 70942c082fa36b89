/** What a SQLite file's schema is, however it came to be written: tables that were altered and tables that were made whole are equal. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { schemaLine } from './schema-lines.ts';
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

/** The order of a table's columns is not told: nothing but making the table anew could put it back. */
export function sqliteSchema(connection: DatabaseSync, table: string): string[] {
  const all = (sql: string, ...values: SQLInputValue[]) =>
    connection.prepare(sql).all(...values) as Record<string, string | number | bigint | null>[];
  const ours = (name: unknown) =>
    String(name).toLowerCase() === table.toLowerCase() || String(name).startsWith('hawker_migration_');
  const kept = all('SELECT type, name, tbl_name AS of, sql FROM sqlite_master').filter(
    (row) => !ours(row['name']) && !ours(row['of']) && !String(row['name']).startsWith('sqlite_'),
  );
  return kept.flatMap(({ type, name, of, sql }) => {
    const named = String(name);
    if (type !== 'table')
      return [schemaLine(String(type), [name, 'of', of, tokensOf(String(sql)).map(plain).join(' ')])];
    const told = (kind: string, rows: Record<string, unknown>[]) =>
      rows.map((row) => schemaLine(kind, [named, ...Object.values(row)]));
    // Indexes of constraints are numbered in the order of writing: what they hold is told, not their names.
    const indexes = all('SELECT name, origin, "unique" FROM pragma_index_list(?) WHERE origin <> ?', named, 'c').map(
      (index) => {
        const columns = all(
          'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno',
          String(index['name']),
        ).map((column) => schemaLine('', Object.values(column)));
        return { origin: index['origin'], unique: index['unique'], columns: columns.join(',') };
      },
    );
    return [
      ...told('table', all('SELECT strict, wr FROM pragma_table_list WHERE schema = ? AND name = ?', 'main', named)),
      ...told(
        'column',
        all('SELECT name, lower(type) AS type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', named),
      ),
      ...told('constraint', indexes),
      ...told(
        'reference',
        all('SELECT seq, "table", "from", "to", on_update, on_delete, match FROM pragma_foreign_key_list(?)', named),
      ),
      ...clausesOf(String(sql)).map((clause) => schemaLine('clause', [named, clause])),
    ];
  });
}
