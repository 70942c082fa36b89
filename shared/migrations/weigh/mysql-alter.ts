/**
 * How MySQL and MariaDB are likely to carry out the clauses of ALTER TABLE on InnoDB: dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html, mariadb.com/kb/en/innodb-online-ddl-overview. What the
 * server does depends on its version and on the table; `ALGORITHM=INSTANT` in the statement makes it refuse where it cannot.
 */

import type { Blocks, Rewrite } from './weighed.ts';
import type { Word } from './words.ts';

export type Algorithm = 'INSTANT' | 'INPLACE' | 'COPY' | 'unknown';

export interface Clause {
  algorithm: Algorithm;
  rewrite: Rewrite;
  blocks: Blocks;
  why: string;
}

const instant: Clause = {
  algorithm: 'INSTANT',
  rewrite: 'no',
  blocks: 'nothing',
  why: 'it changes the dictionary alone',
};
const index: Clause = {
  algorithm: 'INPLACE',
  rewrite: 'no',
  blocks: 'nothing',
  why: 'an index is built beside readers and writers',
};
const rebuilt: Clause = {
  algorithm: 'INPLACE',
  rewrite: 'yes',
  blocks: 'nothing',
  why: 'the table is rebuilt beside readers and writers',
};
const copied = (why: string): Clause => ({
  algorithm: 'COPY',
  rewrite: 'yes',
  blocks: 'writes',
  why: `${why}, so the table is copied`,
});
const unknown: Clause = {
  algorithm: 'unknown',
  rewrite: 'maybe',
  blocks: 'writes',
  why: 'how it is carried out is not known',
};
const ORDER: readonly Algorithm[] = ['INSTANT', 'INPLACE', 'unknown', 'COPY'];
const WAITS: readonly Blocks[] = ['nothing', 'writes', 'reads and writes'];

/** The words behind the table's name. */
export function weighClauses(words: readonly Word[]): Clause {
  const clauses = split(words)
    .map(weighClause)
    .filter((clause) => clause !== undefined);
  const [first = instant] = clauses;
  return clauses.reduce(
    (one, other) => ({
      algorithm: ORDER[Math.max(ORDER.indexOf(one.algorithm), ORDER.indexOf(other.algorithm))] as Algorithm,
      rewrite: [one, other].some(({ rewrite }) => rewrite === 'yes')
        ? 'yes'
        : one.rewrite === 'no'
          ? other.rewrite
          : 'maybe',
      blocks: WAITS[Math.max(WAITS.indexOf(one.blocks), WAITS.indexOf(other.blocks))] as Blocks,
      why: [...new Set([one.why, other.why])].join('; '),
    }),
    first,
  );
}

function split(words: readonly Word[]): Word[][] {
  const parts: Word[][] = [[]];
  for (const word of words) {
    if (word.raw === ',' && word.depth === 0) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts.filter((part) => part.length > 0);
}

/** Undefined for what only says how the others are to be done. */
function weighClause(words: Word[]): Clause | undefined {
  const text = words.map((word) => word.text);
  const [first = '', second = '', third = ''] = text;
  const has = (...wanted: string[]) => wanted.every((word) => text.includes(word));
  switch (first) {
    case 'ALGORITHM':
    case 'LOCK':
    case 'WAIT':
    case 'NOWAIT':
      return undefined;
    case 'ADD':
      return weighAdd(words, second, has);
    case 'DROP':
      if (second === 'PRIMARY') return copied('without its primary key the rows have no order');
      if (['INDEX', 'KEY'].includes(second)) return { ...index, why: 'it changes the dictionary alone' };
      if (['FOREIGN', 'CONSTRAINT', 'CHECK'].includes(second))
        return { ...index, why: 'it changes the dictionary alone' };
      if (second === 'PARTITION') return { ...unknown, why: 'the rows of the partition are gone' };
      return {
        ...instant,
        why: 'older servers rebuild the table for it, which MariaDB 10.4 and MySQL 8.0.29 need not',
      };
    case 'MODIFY':
    case 'CHANGE':
      return { ...copied('the column may get another type'), rewrite: 'maybe' };
    case 'ALTER':
      if (second === 'INDEX' || second === 'KEY') return { ...index, why: 'it changes the dictionary alone' };
      return has('TYPE') ? copied('the column gets another type') : instant;
    case 'RENAME':
      if (second === 'COLUMN') return instant;
      return ['INDEX', 'KEY'].includes(second) ? { ...index, why: 'it changes the dictionary alone' } : instant;
    case 'CONVERT':
      return copied('texts get other bytes');
    case 'ENGINE':
    case 'FORCE':
    case 'ROW_FORMAT':
    case 'KEY_BLOCK_SIZE':
      return first === 'ENGINE' && !/^INNODB$/.test(second === '=' ? third : second)
        ? copied('the engine changes')
        : rebuilt;
    case 'COMMENT':
    case 'AUTO_INCREMENT':
      return { ...index, why: 'it changes the dictionary alone' };
    case 'ORDER':
      return copied('the rows get another order');
    case 'DEFAULT':
    case 'CHARACTER':
    case 'CHARSET':
    case 'COLLATE':
      return { ...index, why: 'columns that are there keep theirs' };
    default:
      return unknown;
  }
}

function weighAdd(words: readonly Word[], second: string, has: (...words: string[]) => boolean): Clause {
  const text = words.map((word) => word.text);
  const what = second === 'CONSTRAINT' ? (text.slice(2).find((word) => ADDED.has(word)) ?? '') : second;
  switch (what) {
    case 'INDEX':
    case 'KEY':
    case 'UNIQUE':
      return index;
    case 'FULLTEXT':
    case 'SPATIAL':
      return { ...index, blocks: 'writes', rewrite: 'maybe', why: 'an index is built while writers wait' };
    case 'PRIMARY':
      return rebuilt;
    case 'FOREIGN':
      return copied('all rows are looked up in the other table (not with foreign_key_checks=0)');
    case 'CHECK':
      return copied('all rows are checked');
    case 'PARTITION':
    case 'PERIOD':
    case 'SYSTEM':
      return unknown;
    default:
      if (has('STORED') || has('PERSISTENT')) return copied('the stored expression is computed for every row');
      if (has('AUTO_INCREMENT')) return { ...rebuilt, blocks: 'writes', why: 'every row gets a number of its own' };
      if (has('UNIQUE') || has('PRIMARY', 'KEY'))
        return { ...rebuilt, rewrite: 'maybe', why: 'an index is built with the column' };
      if (has('REFERENCES')) return copied('all rows are looked up in the other table');
      return {
        ...instant,
        why: 'older servers rebuild the table for it, which MariaDB 10.3 and MySQL 8.0.12 need not',
      };
  }
}

const ADDED = new Set(['PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK']);
