/** What the statements of a script for MySQL or MariaDB are likely to cost others: by their first words, so a hint. */
import { splitStatements } from '../statements.ts';
import { weighClauses } from './mysql-alter.ts';
import { markCreated, type Weighed, type Weight } from './weighed.ts';
import { nameAt, namesAt, pastIfExists, type Word, wordsOf } from './words.ts';

/** A statement of megabytes, such as a dump's, tells what it is at its beginning. */
const MOST_READ = 20_000;

export function weighMysql(text: string): Weighed[] {
  const statements = splitStatements(text, 'mysql');
  return markCreated(
    statements.map(({ sql, line }) => ({ ...weigh(wordsOf(sql.slice(0, MOST_READ), 'mysql')), sql, line })),
  );
}

const made = (lock: string, tables: string[], why: string): Weight => ({
  lock,
  tables,
  rewrite: 'no',
  blocks: 'nothing',
  why,
});
const BRIEFLY = 'it waits for whoever uses the table, and all others behind it';

function weigh(words: readonly Word[]): Weight {
  // ALTER ONLINE TABLE, CREATE OR REPLACE TABLE, UPDATE IGNORE.
  const rest = words.filter(({ text }, at) => at > 6 || !SKIPPED.has(text));
  const [first = '', second = ''] = rest.map(({ text }) => text);
  const tables = (at: number) => namesAt(rest, pastIfExists(rest, at));
  switch (first) {
    case 'ALTER': {
      if (second !== 'TABLE') return made(second === 'DATABASE' ? 'none' : 'unknown', [], 'it changes no table');
      const { name, next } = nameAt(rest, pastIfExists(rest, 2));
      const { algorithm, ...clause } = weighClauses(rest.slice(next));
      return { lock: algorithm, tables: [name], ...clause };
    }
    case 'CREATE': {
      if (second === 'TABLE') {
        const { name } = nameAt(rest, pastIfExists(rest, 2));
        return { ...made('none', [name], 'the table is new'), creates: [name] };
      }
      const on = rest.findIndex(({ text, depth }) => text === 'ON' && depth === 0);
      if (rest.slice(1, 3).some(({ text }) => text === 'INDEX') && on > 0) {
        const { name } = nameAt(rest, on + 1);
        const heavy = second === 'FULLTEXT' || second === 'SPATIAL';
        const why = heavy ? 'an index is built while writers wait' : 'an index is built beside readers and writers';
        return { ...made('INPLACE', [name], why), ...(heavy && { blocks: 'writes', rewrite: 'maybe' }) };
      }
      return made('none', [], 'it changes no table');
    }
    case 'DROP':
      if (second === 'TABLE')
        return { ...made('none', tables(2), `it and its rows are gone; ${BRIEFLY}`), blocks: 'reads and writes' };
      if (second === 'INDEX') {
        const on = rest.findIndex(({ text }) => text === 'ON');
        return made('INPLACE', on > 0 ? [nameAt(rest, on + 1).name] : [], 'it changes the dictionary alone');
      }
      return made('none', [], 'it changes no table');
    case 'TRUNCATE':
      return {
        ...made('none', tables(second === 'TABLE' ? 2 : 1), `the table is emptied; ${BRIEFLY}`),
        blocks: 'reads and writes',
      };
    case 'RENAME':
      return made('INSTANT', second === 'TABLE' ? tables(2).slice(0, 1) : [], BRIEFLY);
    case 'INSERT':
    case 'REPLACE':
    case 'UPDATE':
    case 'DELETE': {
      const at = second === 'INTO' || second === 'FROM' ? 2 : 1;
      return made(
        'ROWS',
        [nameAt(rest, at).name],
        'it locks the rows that it changes, and without a fitting index all that it reads',
      );
    }
    case 'OPTIMIZE':
      return { ...made('INPLACE', tables(2), 'the table is rebuilt beside readers and writers'), rewrite: 'yes' };
    case 'CALL':
    case 'LOAD':
    case 'LOCK':
    case 'EXECUTE':
      return made('unknown', [], 'what it does is not known');
    default:
      return /^\/\*/.test(first)
        ? made('unknown', [], 'it stands in a comment for some versions')
        : made('none', [], 'it locks no table');
  }
}

const SKIPPED = new Set([
  'ONLINE',
  'OFFLINE',
  'IGNORE',
  'LOW_PRIORITY',
  'QUICK',
  'DELAYED',
  'HIGH_PRIORITY',
  'OR',
  'TEMPORARY',
]);
