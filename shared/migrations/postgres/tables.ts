/** The statements on golang-migrate's table and on ours. All names are qualified: a script may have set another search path. */
import type { VersionState } from '../migration.ts';
import type { HistoryRow } from '../session.ts';

export interface Tables {
  schema: string;
  /** Qualified and quoted. */
  versions: string;
  history: string;
  fence: string;
  backfill: string;
  literal(text: string): string;
}

/** Words that our guards fail with: a cast that cannot succeed is the one way to raise an error of one's own in plain SQL, several times as fast as a DO block. */
export const FENCED = 'hawker fence is at';
export const MOVED = 'hawker found the version at';

/** Raises the fence to the token, or fails where it is higher already; locks its row up to the end of the transaction, so that all writers come one after the other. */
export function fenceSql({ fence }: Tables, token: number | string, progress = ''): string {
  return (
    `insert into ${fence} as f (id, token) values (1, ${token}) on conflict (id) do update set token = ` +
    `case when f.token > excluded.token then ('${FENCED} ' || f.token)::bigint else excluded.token end${progress}`
  );
}

/** How far a marked step is: `done` statements took effect, and the one behind them was sent where `begun` is more. */
export function progressSql(key: string | undefined, done: number, begun: number, { literal }: Tables): string {
  return `, step = ${key === undefined ? 'null' : literal(key)}, done = ${done}, begun = ${begun}`;
}

/** A text stands for a parameter of a prepared statement. */
type Stated = Omit<VersionState, 'version'> & { version: VersionState['version'] | string };
const numberOf = ({ version }: Stated) => (version ?? -1n).toString();
/** golang-migrate keeps no row where there is no version and nothing is marked. */
const hasRow = ({ version, dirty }: Stated) => version !== undefined || dirty;

/**
 * Moves the one row to another state, and fails unless it says one of those it may be in. golang-migrate truncates and inserts, which locks readers out until the migration is through and makes a new
 * file each time; what is left is the same.
 */
export function moveSql({ versions }: Tables, from: readonly Stated[], to: Stated): string {
  const is = from.filter(hasRow).map((state) => `(version = ${numberOf(state)} and dirty = ${state.dirty})`);
  const matches = is.join(' or ') || 'false';
  const parts = hasRow(to)
    ? [`update ${versions} set version = ${numberOf(to)}, dirty = ${to.dirty} where ${matches} returning 1`]
    : [`delete from ${versions} where ${matches} returning 1`];
  if (!from.every(hasRow)) {
    const none = `where not exists (select from ${versions})`;
    parts.push(
      hasRow(to)
        ? `insert into ${versions} (version, dirty) select ${numberOf(to)}, ${to.dirty} ${none} returning 1`
        : `select 1 ${none}`,
    );
  }
  const named = parts.map((part, k) => `m${k} as (${part})`).join(', ');
  const moved = parts.map((_, k) => `(select count(*) from m${k})`).join(' + ');
  const found = `coalesce((select version || case when dirty then ' dirty' else '' end from ${versions} limit 1), 'none')`;
  return `with ${named} select case when ${moved} <> 1 then ('${MOVED} ' || ${found})::int end`;
}

/** Leaves a row that says so already as it is. */
export function setSql({ versions }: Tables, to: VersionState): string {
  if (!hasRow(to)) return `delete from ${versions}`;
  const row = `${numberOf(to)}, ${to.dirty}`;
  return (
    `delete from ${versions} where (version, dirty) is distinct from (${row}); ` +
    `insert into ${versions} (version, dirty) select ${row} where not exists (select from ${versions})`
  );
}

type Values<T> = { [K in keyof T]: T[K] | string };

/** `ms` undefined: as long as the transaction has taken, which nobody else can know before it ends. */
export function historySql(
  { history, literal }: Tables,
  row: Values<Omit<HistoryRow, 'ms'>> & { ms?: number },
): string {
  const text = (value: string | undefined) => (value === undefined ? 'null' : literal(value));
  const ms = row.ms ?? 'extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000';
  return (
    `insert into ${history} (version, name, direction, checksum, down, at, ms, run, by, token, bundle) values (${row.version}, ` +
    `${[row.name, row.direction, row.checksum, row.down, row.at].map(text).join(', ')}, ${ms}, ` +
    `${[row.run, row.by].map(text).join(', ')}, ${row.token}, ${text(row.bundle)})`
  );
}

/** golang-migrate's own statement first, as in postgres.go. */
export const createSql = ({ versions, history, fence, backfill }: Tables) => [
  `create table if not exists ${versions} (version bigint not null primary key, dirty boolean not null)`,
  `create table if not exists ${history} (id bigint generated always as identity primary key, version bigint not null, name text not null, direction text not null, checksum text, down text,
    at text not null, ms double precision not null, run text not null, by text not null, token bigint not null, bundle text not null)`,
  `create table if not exists ${fence} (id integer primary key check (id = 1), token bigint not null, step text, done integer not null default 0, begun integer not null default 0)`,
  `create table if not exists ${backfill} (id integer primary key check (id = 1), step text not null, at_key text not null, pages bigint not null, seen bigint not null, written bigint not null,
    total bigint, ms bigint not null)`,
];
