/** The key that a backfill goes by, in MySQL and MariaDB: values travel as text and come back as literals of their column's type, since a number that is compared with a string is compared as a float. */
import { AppError } from '../../errors.ts';
import { type Bounds, type Cursor, noSuchKey } from '../backfill/backfill.ts';
import { namesOf } from '../backfill/names.ts';
import type { Backfill, Script } from '../migration.ts';
import { ask, type Context, quoteName } from './context.ts';
import { isInterrupted } from './failures.ts';

export interface Keyset {
  columns: number;
  next(after: Cursor | undefined, limit: number): Promise<{ rows: number; upto: Cursor } | undefined>;
  /** The server's guess where counting takes longer. */
  count(after: Cursor | undefined, withinMs: number): Promise<number>;
  /** The condition of a page. */
  within(bounds: Bounds): string;
  /** Rows as JSON by the JSON of their key. */
  rowsWithin(bounds: Bounds): Promise<Map<string, string>>;
}

interface Way {
  /** As text, exactly. */
  read(column: string): string;
  /** Undefined where the text is none of such a type's. */
  literal(text: string): string | undefined;
}

const hexOf = (text: string) => Buffer.from(text).toString('hex');
const asIs = (column: string) => `CAST(${column} AS CHAR)`;
const shaped = (pattern: RegExp, wrap: (text: string) => string): Way => ({
  read: asIs,
  literal: (text) => (pattern.test(text) ? wrap(text) : undefined),
});
const NUMBER = shaped(/^-?\d{1,65}(\.\d{1,38})?$/, (text) => text);
const MOMENT = shaped(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/, (text) => `TIMESTAMP'${text}'`);
const HEXED: Way = {
  read: (column) => `HEX(${column})`,
  literal: (text) => (/^[0-9A-F]*$/i.test(text) ? `X'${text}'` : undefined),
};
/** An introduced literal is converted to the column's character set, and compared by its collation. */
const TEXT: Way = {
  read: (column) => `CONVERT(${column} USING utf8mb4)`,
  literal: (text) => `_utf8mb4 X'${hexOf(text)}'`,
};
const PLAIN = shaped(/^[0-9a-f:.-]{1,45}$/i, (text) => `'${text}'`);

/** Not in it: types that have no exact text (FLOAT, DOUBLE), or another order than their text (ENUM, SET, BIT, JSON). */
const WAYS: Readonly<Record<string, Way>> = {
  ...Object.fromEntries(
    ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year'].map((type) => [type, NUMBER]),
  ),
  ...Object.fromEntries(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'].map((type) => [type, TEXT])),
  ...Object.fromEntries(
    ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'].map((type) => [type, HEXED]),
  ),
  ...{ datetime: MOMENT, timestamp: MOMENT, uuid: PLAIN, inet6: PLAIN },
  date: shaped(/^\d{4}-\d\d-\d\d$/, (text) => `DATE'${text}'`),
};

async function hasFixedZone(context: Context): Promise<boolean> {
  const { rows } = await ask(
    context,
    "SELECT IF(@@session.time_zone = 'SYSTEM', @@system_time_zone, @@session.time_zone)",
  );
  return /^(?:UTC|GMT|[+-]\d\d:\d\d)$/.test(String(rows[0]?.[0]));
}

/** Throws `migration_refused` where there is no such table or column, where it is of no use as a key, or where a key is NULL. */
export async function keysetOf(context: Context, { file }: Script, backfill: Backfill): Promise<Keyset> {
  const [name = '', database = context.database] = namesOf(backfill.table)
    .map(({ text }) => text)
    .reverse();
  const table = quoteName(database, name);
  const { rows: found } = await ask(
    context,
    'SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
    [database, name],
  );
  if (found.length === 0) throw noSuchKey(file, backfill, 'there is no such table');
  const key = backfill.key.map((written) => {
    const wanted = namesOf(written)[0]?.text ?? '';
    const [column, type, nullable] = found.find(([one]) => String(one).toLowerCase() === wanted.toLowerCase()) ?? [];
    if (column === undefined) throw noSuchKey(file, backfill, `there is no column ${written}`);
    const way = WAYS[String(type).toLowerCase()];
    if (!way) throw noSuchKey(file, backfill, `${written} is a ${type}, whose values have no exact order as text`);
    return { column: quoteName(String(column)), type, way, nullable: nullable === 'YES' };
  });
  if (key.some(({ type }) => type === 'timestamp') && !(await hasFixedZone(context)))
    throw noSuchKey(file, backfill, 'a TIMESTAMP is told in the time of a zone here, where an hour comes twice a year');
  const nulls = key.filter(({ nullable }) => nullable).map(({ column }) => `${column} IS NULL`);
  if (
    nulls.length > 0 &&
    (await ask(context, `SELECT 1 FROM ${table} WHERE ${nulls.join(' OR ')} LIMIT 1`)).rows.length > 0
  )
    throw noSuchKey(file, backfill, 'a row has no value there, and NULL is behind no other');

  const columns = key.map(({ column }) => column);
  const read = key.map(({ column, way }) => way.read(column)).join(', ');
  const literals = (cursor: Cursor) =>
    key.map(({ way }, k) => {
      const literal = way.literal(cursor[k] ?? '');
      if (literal === undefined) throw new AppError('migration_dirty', `${file}: its checkpoint cannot be read`);
      return literal;
    });
  /** Written out: of a comparison of rows neither makes good use of an index. */
  const compare = (sign: '<' | '>', equal: '' | '=', values: string[], from = 0): string => {
    const [column, value] = [columns[from], values[from]];
    if (from === columns.length - 1) return `${column} ${sign}${equal} ${value}`;
    const rest = compare(sign, equal, values, from + 1);
    return `${column} ${sign}= ${value} AND (${column} ${sign} ${value} OR (${column} = ${value} AND ${rest}))`;
  };
  const behind = (after: Cursor | undefined) => (after ? compare('>', '', literals(after)) : 'TRUE');
  const within = ({ after, upto }: Bounds) => `(${behind(after)}) AND (${compare('<', '=', literals(upto))})`;
  const first = async (rest: string) => {
    const row = (await ask(context, `SELECT ${read} FROM ${table} ${rest}`)).rows[0];
    return row?.map(String);
  };

  return {
    columns: columns.length,
    within,
    async next(after, limit) {
      const where = `WHERE ${behind(after)}`;
      const full = await first(`${where} ORDER BY ${columns.join(', ')} LIMIT 1 OFFSET ${limit - 1}`);
      if (full) return { rows: limit, upto: full };
      const upto = await first(`${where} ORDER BY ${columns.map((column) => `${column} DESC`).join(', ')} LIMIT 1`);
      if (!upto) return undefined;
      const { rows } = await ask(context, `SELECT COUNT(*) FROM ${table} WHERE ${within({ after, upto })}`);
      return { rows: Number(rows[0]?.[0]), upto };
    },
    async count(after, withinMs) {
      const from = `FROM ${table} WHERE ${behind(after)}`;
      const [limit, hint] = context.mariadb
        ? [`SET STATEMENT max_statement_time = ${withinMs / 1_000} FOR `, '']
        : ['', `/*+ MAX_EXECUTION_TIME(${withinMs}) */ `];
      try {
        return Number((await ask(context, `${limit}SELECT ${hint}COUNT(*) ${from}`)).rows[0]?.[0]);
      } catch (error) {
        if (!isInterrupted((error as Error).cause)) throw error;
      }
      const { rows } = await ask(context, `EXPLAIN SELECT 1 ${from}`);
      return Number(rows[0]?.[context.mariadb ? 8 : 9] ?? 0);
    },
    async rowsWithin(bounds) {
      const all = found.map(([column]) => String(column));
      const list = [read, ...all.map((column) => quoteName(column))].join(', ');
      const { rows } = await ask(
        context,
        `SELECT ${list} FROM ${table} WHERE ${within(bounds)} ORDER BY ${columns.join(', ')}`,
      );
      return new Map(
        rows.map((row) => {
          const values = row
            .slice(columns.length)
            .map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value));
          const shown = Object.fromEntries(all.map((column, k) => [column, values[k]]));
          return [JSON.stringify(row.slice(0, columns.length).map(String)), JSON.stringify(shown)];
        }),
      );
    },
  };
}
