/** SQLite locks the whole file: one writes, and whoever else wants to waits (sqlite.org/lockingv3.html). What differs is how long. */
import { splitStatements } from '../statements.ts';
import { markCreated, type Rewrite, type Weighed, type Weight } from './weighed.ts';
import { nameAt, pastIfExists, type Word, wordsOf } from './words.ts';

/** A statement of megabytes, such as a dump's, tells what it is at its beginning. */
const MOST_READ = 20_000;
const READS = new Set([
  'SELECT',
  'EXPLAIN',
  'PRAGMA',
  'ATTACH',
  'DETACH',
  'BEGIN',
  'COMMIT',
  'END',
  'ROLLBACK',
  'SAVEPOINT',
  'RELEASE',
]);

export function weighSqlite(text: string): Weighed[] {
  const statements = splitStatements(text, 'sqlite');
  const weighed = markCreated(
    statements.map(({ sql, line }) => ({ ...weigh(wordsOf(sql.slice(0, MOST_READ), 'sqlite')), sql, line })),
  );
  // A new table does not help those who wait for the file.
  return weighed.map((one) => (one.lock === 'database' ? { ...one, blocks: 'writes' } : one));
}

function weigh(words: readonly Word[]): Weight {
  const rest = words.filter(({ text }, at) => at > 4 || !['TEMP', 'TEMPORARY', 'UNIQUE', 'VIRTUAL'].includes(text));
  const [first = '', second = ''] = rest.map(({ text }) => text);
  const takes = (at: number | undefined, why: string, rewrite: Rewrite = 'no'): Weight => {
    const tables = at === undefined || at < 0 ? [] : [nameAt(rest, pastIfExists(rest, at)).name];
    return { lock: 'database', tables, rewrite, blocks: 'writes', why };
  };
  const after = (word: string) => {
    const at = rest.findIndex(({ text }) => text === word);
    return at < 0 ? undefined : at + 1;
  };
  if (READS.has(first)) return { lock: 'none', tables: [], rewrite: 'no', blocks: 'nothing', why: 'it writes nothing' };
  switch (first) {
    case 'CREATE': {
      if (second === 'INDEX') return takes(after('ON'), 'an index is built from all rows');
      if (second !== 'TABLE') return takes(undefined, 'it changes the schema alone');
      const weight = takes(2, 'the table is new');
      return { ...weight, creates: weight.tables };
    }
    case 'ALTER': {
      const { next } = nameAt(rest, 2);
      // lang_altertable.html: a dropped column is purged from every row; a check or NOT NULL that is added is tested on all.
      const drops = rest[next]?.text === 'DROP';
      return takes(
        2,
        drops ? 'the column is taken out of every row' : 'it changes the schema alone',
        drops ? 'yes' : 'no',
      );
    }
    case 'DROP':
      return takes(
        second === 'TABLE' ? 2 : undefined,
        second === 'TABLE' ? 'it and its rows are gone' : 'it changes the schema alone',
      );
    case 'VACUUM':
      return takes(undefined, 'the whole file is written anew', 'yes');
    case 'INSERT':
    case 'REPLACE':
      return takes(after('INTO'), 'it writes rows');
    case 'UPDATE':
      return takes(second === 'OR' ? 3 : 1, 'it writes rows');
    case 'DELETE':
      return takes(2, 'it takes rows away');
    default:
      return takes(undefined, 'it writes');
  }
}
