/** Opening the SQLite file of a target, as golang-migrate's driver does: SQLite's own defaults instead of Node's. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../errors.ts';
import { explainSqliteError, isBusy } from '../sqlite/failures.ts';

/** SQLite waits without letting go of the thread: so only for a moment, and the rest of a wait is ours. */
const BUSY_TIMEOUT_MS = 20;

export interface SqliteFile {
  connection: DatabaseSync;
  /** Links resolved: two names of one file have one lock. */
  path: string;
  connect: (path: string, options: { timeout: number }) => DatabaseSync;
}

/** A path, or golang-migrate's `sqlite3://path?x-...`. */
function pathOf(address: string): string {
  const url = /^sqlite3?:\/\/([^?]*)/.exec(address)?.[1];
  return resolve(url === undefined ? address : decodeURIComponent(url));
}

/** `label` names the database in errors, which hold no path. */
export async function openSqliteFile(address: string, label: string): Promise<SqliteFile> {
  const { DatabaseSync } = await import('node:sqlite');
  // What scripts of golang-migrate were written for: foreign keys are checked where a script asks for it, and nothing is forbidden.
  const defaults = {
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: true,
    defensive: false,
    readBigInts: true,
  };
  const connect: SqliteFile['connect'] = (path, options) => new DatabaseSync(path, { ...defaults, ...options });
  const asked = pathOf(address);
  const folder = dirname(asked);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new AppError('unavailable', `there is no folder for ${label}`);
  const isNew = !existsSync(asked) || statSync(asked).size === 0;
  let connection: DatabaseSync | undefined;
  try {
    connection = connect(asked, { timeout: BUSY_TIMEOUT_MS });
    // A file that exists keeps its mode. Several may make it at once: one of them sets the mode.
    if (isNew) unlessBusy(connection, 'PRAGMA journal_mode = WAL');
    // Reads the file's head: whether it is a database at all.
    unlessBusy(connection, 'SELECT 1 FROM sqlite_master LIMIT 1');
    return { connection, path: realpathSync(asked), connect };
  } catch (error) {
    connection?.close();
    throw explainSqliteError(error, label);
  }
}

function unlessBusy(connection: DatabaseSync, sql: string): void {
  try {
    connection.prepare(sql).get();
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}
