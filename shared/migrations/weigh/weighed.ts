/** What a statement costs those who use its tables meanwhile. */

export interface Weighed {
  /** As it stands in its script. */
  sql: string;
  /** Of its first word, from 1. */
  line: number;
  /**
   * PostgreSQL: the strongest mode that it takes on a table (postgresql.org/docs/current/explicit-locking.html), `none` or `unknown`. MySQL and MariaDB: how it is likely to be carried out, `INSTANT`, `INPLACE`,
   * `COPY`, `ROWS` for a change of rows, `none` or `unknown`; what the server does depends on its version and the table. SQLite: `database` or `none`.
   */
  lock: string;
  /** `created`: by a statement before it in the same script, so that nobody waits for it. Names as SQL has them. */
  tables: { name: string; created: boolean }[];
  /** Whether every row is written anew, which takes as long as the table is large. */
  rewrite: Rewrite;
  /** What of others has to wait until it, and in a transaction until all of it, is over. */
  blocks: Blocks;
  /** One sentence. */
  why: string;
}

export type Rewrite = 'yes' | 'no' | 'maybe';
export type Blocks = 'nothing' | 'writes' | 'reads and writes';

/** What one statement does to tables, before it is known which of them are new. */
export interface Weight {
  lock: string;
  tables: string[];
  creates?: string[];
  rewrite: Rewrite;
  blocks: Blocks;
  why: string;
}

/** In the order of a script, marking the tables that it made itself: a new table is empty, and nobody else sees it. */
export function markCreated(weights: readonly (Weight & { sql: string; line: number })[]): Weighed[] {
  const created = new Set<string>();
  return weights.map(({ creates = [], tables, ...rest }) => {
    const marked = tables.map((name) => ({ name, created: created.has(name) || creates.includes(name) }));
    for (const name of creates) created.add(name);
    const mine = marked.length > 0 && marked.every((table) => table.created);
    return {
      ...rest,
      tables: marked,
      ...(mine && { blocks: 'nothing' as const, rewrite: 'no' as const }),
    };
  });
}

/** Lines from 1 of ascending offsets, each counted once. */
export function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    for (; counted < offset; counted++) if (text.charCodeAt(counted) === 10) line++;
    return line;
  };
}
