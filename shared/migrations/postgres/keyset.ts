/** The key that a backfill goes by, in PostgreSQL: values travel as text and are compared as what their columns are. */
import { type Bounds, type Cursor, noSuchKey } from '../backfill/backfill.ts';
import { namesOf } from '../backfill/names.ts';
import type { Backfill, Script } from '../migration.ts';
import type { Context } from './context.ts';
import { failure, sqlStateOf } from './failure.ts';

export interface Keyset {
  columns: number;
  next(
    after: Cursor | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<{ rows: number; upto: Cursor } | undefined>;
  /** The planner's guess where counting takes longer. */
  count(after: Cursor | undefined, withinMs: number): Promise<number>;
  /** The condition of a page. */
  within(bounds: Bounds): string;
  /** Rows as JSON by the JSON of their key. */
  rowsWithin(bounds: Bounds): Promise<Map<string, string>>;
}

/** Throws `migration_refused` where there is no such table or column, or where a key is NULL. */
export async function keysetOf(context: Context, { file }: Script, backfill: Backfill): Promise<Keyset> {
  const { link, tables, settings } = context;
  const quoted = (written: string) =>
    namesOf(written)
      .map(({ text, quoted }) => `"${(quoted ? text : text.toLowerCase()).replaceAll('"', '""')}"`)
      .join('.');
  const ask = async (sql: string, signal?: AbortSignal) => {
    try {
      return (await link.run(sql, signal)).at(-1) ?? [];
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw failure(error, `while ${backfill.table} was looked at`);
    }
  };
  const table = quoted(backfill.table);
  const names = backfill.key.map((one) => namesOf(one)[0] as { text: string; quoted: boolean });
  const columns = backfill.key.map(quoted);
  await ask(settings.join(';\n'));
  const found = await ask(
    `select attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull from pg_catalog.pg_attribute
      where attrelid = pg_catalog.to_regclass(${tables.literal(table)}) and attnum > 0 and not attisdropped`,
  );
  if (found.length === 0) throw noSuchKey(file, backfill, 'there is no such table');
  const types = names.map(({ text, quoted }, k) => {
    const column = found.find(([name]) => name === (quoted ? text : text.toLowerCase()));
    if (!column) throw noSuchKey(file, backfill, `there is no column ${backfill.key[k]}`);
    return { type: column[1] ?? 'text', notNull: column[2] === 't' };
  });
  const nullable = columns.filter((_, k) => !types[k]?.notNull).map((column) => `${column} is null`);
  if (nullable.length > 0 && (await ask(`select 1 from ${table} where ${nullable.join(' or ')} limit 1`)).length > 0)
    throw noSuchKey(file, backfill, 'a row has no value there, and NULL is behind no other');

  const list = columns.join(', ');
  const asText = columns.map((column) => `${column}::text`).join(', ');
  const row = (cursor: Cursor) =>
    `(${cursor.map((value, k) => `${tables.literal(value)}::${types[k]?.type}`).join(', ')})`;
  const behind = (after: Cursor | undefined) => (after ? `(${list}) > ${row(after)}` : 'true');
  const within = ({ after, upto }: Bounds) => `${after ? `${behind(after)} and ` : ''}(${list}) <= ${row(upto)}`;

  return {
    columns: columns.length,
    within,
    async next(after, limit, signal) {
      const page = `select ${list} from ${table} where ${behind(after)} order by ${list} limit ${limit}`;
      // Without the table's name it would be the text that is ordered.
      const last = columns.map((column) => `p.${column} desc`).join(', ');
      const [found] = await ask(`select count(*) over (), ${asText} from (${page}) p order by ${last} limit 1`, signal);
      if (!found) return undefined;
      const [rows, ...upto] = found;
      return { rows: Number(rows), upto: upto as string[] };
    },
    async count(after, withinMs) {
      const from = `from ${table} where ${behind(after)}`;
      try {
        const counting = `select count(*) ${from}`;
        const rows = await link.run(
          ['begin', `set local statement_timeout = ${withinMs}`, counting, 'commit'].join(';\n'),
        );
        return Number(rows[2]?.[0]?.[0]);
      } catch (error) {
        if (sqlStateOf(error) !== '57014') throw failure(error, `while ${backfill.table} was counted`);
      }
      const [plan] = await ask(`explain (format json) select 1 ${from}`);
      const [read] = JSON.parse(plan?.[0] ?? '[]') as { Plan?: { 'Plan Rows'?: number } }[];
      return read?.Plan?.['Plan Rows'] ?? 0;
    },
    async rowsWithin(bounds) {
      const key = `pg_catalog.to_jsonb(array[${asText}])::text`;
      const found = await link.run(
        `select ${key}, pg_catalog.to_jsonb(t)::text from ${table} t where ${within(bounds)} order by ${list}`,
      );
      return new Map((found[0] ?? []).map(([one, text]) => [one ?? '', text ?? '']));
    },
  };
}
