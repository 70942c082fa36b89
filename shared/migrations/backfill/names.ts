/** Names of tables and columns, as a file gives them: plain, "quoted" or `quoted`. */

export interface Name {
  text: string;
  quoted: boolean;
}

const ONE = '"(?:[^"]|"")+"|`(?:[^`]|``)+`|[\\p{L}_][\\p{L}\\p{N}_$]*';
const NAME = new RegExp(ONE, 'gu');
/** The table, `by`, the columns. */
const BACKFILL = new RegExp(
  `^((?:${ONE})(?:\\.(?:${ONE})){0,2})\\s+by\\s+((?:${ONE})(?:\\s*,\\s*(?:${ONE})){0,15})$`,
  'u',
);

/** What stands behind `-- +job backfill`; undefined where it is no such thing. The names stay as they are written. */
export function readBackfillOf(said: string): { table: string; key: string[] } | undefined {
  const [, table, columns] = BACKFILL.exec(said) ?? [];
  if (table === undefined || columns === undefined) return undefined;
  const key = columns.match(NAME) ?? [];
  return new Set(key).size === key.length ? { table, key } : undefined;
}

/** The parts of a written name, its schema first. */
export function namesOf(written: string): Name[] {
  return (written.match(NAME) ?? []).map((one) => {
    const quote = one.charAt(0);
    if (quote !== '"' && quote !== '`') return { text: one, quoted: false };
    return { text: one.slice(1, -1).replaceAll(quote + quote, quote), quoted: true };
  });
}
