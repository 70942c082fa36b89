/** Rows of golang-migrate's table and of ours in a SQLite file. Everything here runs within a transaction that the caller began. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { AppError } from '../errors.ts';
import type { Version, VersionState } from './migration.ts';
import type { HistoryRow } from './session.ts';

/** golang-migrate's number of no version. */
const NIL = -1n;
/** Of SQLite's integers; golang-migrate's driver refuses larger ones too. */
const LARGEST = 2n ** 63n - 1n;

/** How far a step that runs statement by statement has come. */
export interface Marked {
  /** Direction and version. */
  step: string;
  done: number;
  /** SHA-256 over the statements that took effect: whether a changed file can be gone on with. */
  prefix: string;
}

export interface SqliteTables {
  exist(): boolean;
  create(): void;
  state(): VersionState;
  setState(state: VersionState): void;
  /** Throws `lease_lost` where it is higher. */
  checkFence(token: number): void;
  raiseFence(token: number): void;
  marked(): Marked | undefined;
  mark(marked: Marked | undefined): void;
  remember(row: HistoryRow): void;
  history(limit: number): HistoryRow[];
}

const COLUMNS = 'version, name, direction, checksum, down, at, ms, run, "by", token, bundle';
const OURS = `
  CREATE TABLE IF NOT EXISTS hawker_migration_fence (
    one INTEGER PRIMARY KEY CHECK (one = 1), token INTEGER NOT NULL, step TEXT, done INTEGER, prefix TEXT) STRICT;
  INSERT OR IGNORE INTO hawker_migration_fence (one, token) VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS hawker_migration_history (
    n INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL, name TEXT NOT NULL, direction TEXT NOT NULL, checksum TEXT,
    down TEXT, at TEXT NOT NULL, ms REAL NOT NULL, run TEXT NOT NULL, "by" TEXT NOT NULL, token INTEGER NOT NULL,
    bundle TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS hawker_migration_backfill (
    one INTEGER PRIMARY KEY CHECK (one = 1), step TEXT NOT NULL, at_key TEXT NOT NULL, pages INTEGER NOT NULL, seen INTEGER NOT NULL,
    written INTEGER NOT NULL, total INTEGER, ms INTEGER NOT NULL) STRICT;`;

export function sqliteTables(connection: DatabaseSync, name: string): SqliteTables {
  // As golang-migrate writes it, so that the text in sqlite_master is the same.
  const table = /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
  const get = (sql: string, ...values: SQLInputValue[]) => connection.prepare(sql).get(...values);
  const run = (sql: string, ...values: SQLInputValue[]) => connection.prepare(sql).run(...values).changes;
  const has = (one: string) =>
    get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", one) !== undefined;
  const lost = () => new AppError('lease_lost', 'a later term has written to this database');

  return {
    exist: () => ['hawker_migration_fence', 'hawker_migration_history', 'hawker_migration_backfill', name].every(has),
    create: () =>
      connection.exec(
        `CREATE TABLE IF NOT EXISTS ${table} (version uint64,dirty bool);
         CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON ${table} (version);${OURS}`,
      ),
    state() {
      // Somebody may ask before anything was ever run.
      const row = has(name) ? get(`SELECT version, dirty FROM ${table} LIMIT 1`) : undefined;
      if (!row) return { version: undefined, dirty: false };
      const version = BigInt(row['version'] as bigint);
      return { version: version === NIL ? undefined : version, dirty: Boolean(row['dirty']) };
    },
    setState({ version, dirty }) {
      if (version !== undefined && version > LARGEST)
        throw new AppError('migration_refused', `SQLite has no integer as large as the version ${version}`);
      run(`DELETE FROM ${table}`);
      if (version !== undefined || dirty)
        run(`INSERT INTO ${table} (version, dirty) VALUES (?, ?)`, version ?? NIL, dirty ? 1n : 0n);
    },
    checkFence(token) {
      if (get('SELECT 1 FROM hawker_migration_fence WHERE token > ?', BigInt(token))) throw lost();
    },
    raiseFence(token) {
      if (run('UPDATE hawker_migration_fence SET token = ? WHERE token <= ?', BigInt(token), BigInt(token)) === 0n)
        throw lost();
    },
    marked() {
      const row = get('SELECT step, done, prefix FROM hawker_migration_fence WHERE step IS NOT NULL');
      return row && { step: String(row['step']), done: Number(row['done']), prefix: String(row['prefix']) };
    },
    mark(marked) {
      // What forgets how far it was forgets a backfill too.
      if (!marked) run('DELETE FROM hawker_migration_backfill');
      const { step = null, done = null, prefix = null } = marked ?? {};
      run(
        'UPDATE hawker_migration_fence SET step = ?, done = ?, prefix = ?',
        step,
        done === null ? null : BigInt(done),
        prefix,
      );
    },
    remember(row) {
      const { version, name: called, direction, checksum, down, at, ms, run: by, token, bundle } = row;
      const values = [
        version,
        called,
        direction,
        checksum ?? null,
        down ?? null,
        at,
        ms,
        by,
        row.by,
        BigInt(token),
        bundle,
      ];
      run(`INSERT INTO hawker_migration_history (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...values);
    },
    history(limit) {
      if (!has('hawker_migration_history')) return [];
      const found = connection
        .prepare(`SELECT ${COLUMNS} FROM hawker_migration_history ORDER BY n DESC LIMIT ?`)
        .all(BigInt(limit)) as unknown as (Omit<HistoryRow, 'token' | 'ms' | 'checksum' | 'down'> & {
        token: bigint;
        ms: number;
        checksum: string | null;
        down: string | null;
      })[];
      return found.map((row) => ({
        ...row,
        token: Number(row.token),
        ms: Number(row.ms),
        checksum: row.checksum ?? undefined,
        down: row.down ?? undefined,
      }));
    },
  };
}

export const nilAsNumber = (version: Version | undefined): Version => version ?? NIL;
