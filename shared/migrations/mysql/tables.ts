/** golang-migrate's table and ours: made, read and written. */
import { AppError } from '../../errors.ts';
import type { Version, VersionState } from '../migration.ts';
import type { ApplyGiven, HistoryRow } from '../session.ts';
import { ask, type Context } from './context.ts';

const INNODB = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4';
const MOST_VERSION = 2n ** 63n - 1n;

/** Where several targets share a database their leases are not each other's, so rows of ours name golang-migrate's table. */
export async function prepareTables(context: Context): Promise<void> {
  const { names, target, database } = context;
  // Its words (mysql.go), with IF NOT EXISTS for several who do it at once.
  const made: [name: string, table: string, body: string][] = [
    [target.table, names.version, '(version bigint not null primary key, dirty boolean not null)'],
    [
      'hawker_migration_history',
      names.history,
      `(id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, scope varchar(64) NOT NULL, version bigint NOT NULL, name varchar(255) NOT NULL, direction varchar(8) NOT NULL,
        checksum varchar(64), down longtext, at varchar(32) NOT NULL, ms bigint NOT NULL, run varchar(255) NOT NULL, \`by\` varchar(255) NOT NULL, token bigint NOT NULL,
        bundle varchar(64) NOT NULL, KEY by_scope (scope, id)) ${INNODB}`,
    ],
    [
      'hawker_migration_fence',
      names.fence,
      `(scope varchar(64) NOT NULL PRIMARY KEY, token bigint NOT NULL) ${INNODB}`,
    ],
    [
      'hawker_migration_progress',
      names.progress,
      `(scope varchar(64) NOT NULL PRIMARY KEY, version bigint NOT NULL, direction varchar(8) NOT NULL, began int NOT NULL, done int NOT NULL,
        prefix char(64) NOT NULL, token bigint NOT NULL) ${INNODB}`,
    ],
    [
      'hawker_migration_backfill',
      names.backfill,
      `(scope varchar(64) NOT NULL PRIMARY KEY, step varchar(120) NOT NULL, at_key longtext NOT NULL, pages bigint NOT NULL, seen bigint NOT NULL, written bigint NOT NULL,
        total bigint, ms bigint NOT NULL) ${INNODB}`,
    ],
  ];
  const { rows } = await ask(context, 'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?', [
    database,
  ]);
  const there = new Set(rows.map(([name]) => String(name)));
  for (const [name, table, body] of made)
    if (!there.has(name)) await ask(context, `CREATE TABLE IF NOT EXISTS ${table} ${body}`);
  await ask(context, `INSERT IGNORE INTO ${names.fence} (scope, token) VALUES (?, 0)`, [target.table]);
}

/** golang-migrate's number of no version is -1, which it writes only where that is dirty. */
export const numberOf = (version: Version | undefined): string => String(version ?? -1n);

export async function readState(context: Context, how: '' | ' FOR UPDATE' = ''): Promise<VersionState> {
  const { rows } = await ask(context, `SELECT version, dirty FROM ${context.names.version} LIMIT 1${how}`);
  const [row] = rows;
  if (!row) return { version: undefined, dirty: false };
  const version = BigInt(String(row[0]));
  return { version: version < 0n ? undefined : version, dirty: Number(row[1]) !== 0 };
}

export async function writeState(context: Context, { version, dirty }: VersionState): Promise<void> {
  if (version !== undefined && version > MOST_VERSION)
    throw new AppError(
      'migration_refused',
      `golang-migrate's table in MySQL holds versions up to ${MOST_VERSION}, not ${version}`,
    );
  const row = `(${numberOf(version)}, ${dirty ? 1 : 0})`;
  const insert = `; INSERT INTO ${context.names.version} (version, dirty) VALUES ${row}`;
  // There is one row; a script's sql_safe_updates would forbid to delete all there are.
  const all = `DELETE FROM ${context.names.version} WHERE version >= -1 LIMIT 1`;
  await ask(context, `${all}${version !== undefined || dirty ? insert : ''}`);
}

/**
 * In the transaction that writes: nobody later has raised the fence, and this connection still holds the lock. Until that transaction ends nobody can raise the fence.
 */
export async function checkFence(context: Context, token: number): Promise<void> {
  const { names, lockName, target } = context;
  const { rows } = await ask(
    context,
    `SELECT token, IS_USED_LOCK('${lockName}') = CONNECTION_ID() FROM ${names.fence} WHERE scope = ? LOCK IN SHARE MODE`,
    [target.table],
  );
  const [fence, held] = rows[0] ?? [];
  if (Number(held) !== 1)
    throw new AppError('lease_lost', "This connection does not hold the database's lock any more");
  if (Number(fence) > token)
    throw new AppError(
      'lease_lost',
      `A later runner works on this database: its token is ${Number(fence)}, ours ${token}`,
    );
  if (Number(fence) < token)
    await ask(context, `UPDATE ${names.fence} SET token = ? WHERE scope = ?`, [token, target.table]);
}

export async function raiseFence(context: Context, token: number): Promise<void> {
  const { names, target } = context;
  const sql = `UPDATE ${names.fence} SET token = ? WHERE scope = ? AND token <= ?`;
  if ((await ask(context, sql, [token, target.table, token])).affected === 0)
    throw new AppError('lease_lost', `A later runner has been at this database than one with token ${token}`);
}

type Kept = Omit<HistoryRow, 'at' | 'token' | 'run' | 'by' | 'bundle' | 'version'> & { version: Version | undefined };

export async function writeHistory(
  context: Context,
  row: Kept,
  given: Pick<ApplyGiven, 'token' | 'run' | 'by' | 'bundle'>,
): Promise<void> {
  await ask(
    context,
    `INSERT INTO ${context.names.history} (scope, version, name, direction, checksum, down, at, ms, run, \`by\`, token, bundle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      ...[context.target.table, numberOf(row.version), row.name, row.direction, row.checksum ?? null, row.down ?? null],
      ...[
        new Date(context.clock.now()).toISOString(),
        Math.round(row.ms),
        given.run,
        given.by,
        given.token,
        given.bundle,
      ],
    ],
  );
}

export async function readHistory(context: Context, limit: number): Promise<HistoryRow[]> {
  // A database that we have never written to has no such table.
  const { rows: there } = await ask(
    context,
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [context.database, 'hawker_migration_history'],
  );
  if (there.length === 0) return [];
  const { rows } = await ask(
    context,
    `SELECT version, name, direction, checksum, down, at, ms, run, \`by\`, token, bundle FROM ${context.names.history} WHERE scope = ? ORDER BY id DESC LIMIT ${Math.max(0, Math.trunc(limit))}`,
    [context.target.table],
  );
  const text = (value: unknown) => (value === null || value === undefined ? undefined : String(value));
  return rows.map((row) => ({
    version: BigInt(String(row[0])),
    name: String(row[1]),
    direction: String(row[2]) as HistoryRow['direction'],
    checksum: text(row[3]),
    down: text(row[4]),
    at: String(row[5]),
    ms: Number(row[6]),
    run: String(row[7]),
    by: String(row[8]),
    token: Number(row[9]),
    bundle: String(row[10]),
  }));
}
