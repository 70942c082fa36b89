/** How many rows the tables of a SQLite file have: by the highest rowid where that is quick to find, otherwise counted up to a bound. */
import type { DatabaseSync } from 'node:sqlite';
import type { TableSize } from '../session.ts';
import { partsOf } from './words.ts';

/** Counting holds up this whole process. */
const MOST_COUNTED = 100_000;

/** Names as SQL has them; those that are no tables are left out. */
export function sizesOf(connection: DatabaseSync, names: readonly string[]): TableSize[] {
  return names.flatMap((name) => {
    const [table = '', schema = 'main'] = partsOf(name).toReversed();
    const quoted = [schema, table].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
    const there = connection
      .prepare("select name from pragma_table_list where schema = ? and name = ? collate nocase and type = 'table'")
      .get(schema, table);
    if (!there) return [];
    const counted = connection
      .prepare(`select count(*) as n from (select 1 from ${quoted} limit ${MOST_COUNTED})`)
      .get();
    const rows = Number(counted?.['n']);
    return [{ table: name, rows: rows < MOST_COUNTED ? rows : Math.max(rows, highest(connection, quoted)) }];
  });
}

/** The highest rowid is at least as much as there are rows; a table WITHOUT ROWID has none. */
function highest(connection: DatabaseSync, quoted: string): number {
  try {
    return Number(connection.prepare(`select max(rowid) as n from ${quoted}`).get()?.['n']);
  } catch {
    return 0;
  }
}
