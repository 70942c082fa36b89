/**
 * One SQLite file under HAWKER_DATA, shared by everything embedded: the store, the queue, and other processes on the same machine.
 *
 * Each user of the file creates its own tables. The write-ahead log with `synchronous = NORMAL` keeps every commit through a killed
 * process; a power cut may take the last commits but never half of one. All calls are synchronous and wait for another process's
 * write at most about four seconds, or `briefly` where requests are being answered. Folder and file are made private to the user: they
 * hold hashes and visitors' data.
 *
 * SQLite goes on with the file that it opened, also when that was removed or another is at its path: what is written then is lost with the process. So it is looked for, and
 * while it is not there nothing is written; reads go on.
 *
 * Errors (AppError): `storage_full` when the disk is; `unavailable` for a lock held too long, a file that is gone, and everything else SQLite refuses.
 */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { AppError } from '../errors.ts';
import { explainFileError } from '../file-failures.ts';
import { explainSqliteError, isBusy } from './failures.ts';

/** How long SQLite itself waits for another process's write, in milliseconds. */
const BUSY_TIMEOUT_MS = 2_000;
/** Outlasts the writes of well-behaved neighbours; no visitor notices it. */
const BRIEF_TIMEOUT_MS = 50;
const WAIT = `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;
const WAIT_BRIEFLY = `PRAGMA busy_timeout = ${BRIEF_TIMEOUT_MS}`;
/** Another connection that recovers the log after a crash, or cleans it up as the last one to close, is not waited for: sqlite.org/wal.html#busy. */
const BUSY_ATTEMPTS = 2;
const BUSY_PAUSE_MS = 50;
/** For how long a write trusts that the file is where it was last seen, and how often it is looked for where nobody writes, in milliseconds. */
const SEEN_MS = 1_000;
const LOOK_EVERY_MS = 5_000;
const GONE = 'the data folder was removed or replaced; a restart makes a new one';

export interface Database {
  readonly path: string;
  /** Runs `CREATE ... IF NOT EXISTS` statements, all or none; safe while other processes do the same. */
  createTables(sql: string): void;
  /** The first row, its columns by name. Statements are prepared once: pass constant SQL. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  /** Answers how many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Holds the file's one write lock while `work` runs; commits when it returns, rolls back and rethrows when it throws. Does not nest. */
  transaction<T>(work: () => T, wait?: 'briefly'): T;
  /** Lets the reads in `work` see one state of the file, without any lock that others feel. Does not nest. */
  snapshot<T>(work: () => T): T;
  /** Looks whether the file is still at its path; throws `gone` where it is not, or another is. */
  assertThere(): void;
  /** Whether the file was not at its path when it was last looked for, so that writes are refused. */
  readonly gone: boolean;
  close(): void;
}

export interface DatabaseOptions {
  /** Told when the file is first seen to be gone. It is then looked for every few seconds, also where nobody writes. */
  onGone?: (path: string) => void;
}

/** Opens the file at `path`, making it and its folder where missing. Throws an AppError whose message names the folder when that is impossible. */
export function openDatabase(path: string, { onGone }: DatabaseOptions = {}): Database {
  const connection = connect(path);
  const opened = fileAt(path);
  let seenAt = performance.now();
  let gone = false;
  const look = (): void => {
    seenAt = performance.now();
    const before = gone;
    try {
      gone = opened !== undefined && fileAt(path) !== opened;
    } catch {
      // Whoever may not look into the folder cannot tell, and goes on.
    }
    if (gone && !before) onGone?.(path);
  };
  const requireThere = (): void => {
    if (performance.now() - seenAt >= SEEN_MS) look();
    if (gone) throw new AppError('unavailable', GONE);
  };
  const looking = onGone && setInterval(look, LOOK_EVERY_MS).unref();
  const statements = new Map<string, StatementSync>();

  const prepare = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = connection.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };

  /** A statement by itself may come again; one within a transaction holds its lock already. */
  const single = <T>(work: () => T): T => guard(path, () => (connection.isTransaction ? work() : patiently(work)));

  const briefly = <T>(work: () => T): T => {
    prepare(WAIT_BRIEFLY).get();
    try {
      return guard(path, work);
    } finally {
      prepare(WAIT).get();
    }
  };

  const within = <T>(begin: string, work: () => T, wait?: 'briefly'): T => {
    (wait ? briefly : single)(() => prepare(begin).run());
    try {
      const result = work();
      guard(path, () => prepare('COMMIT').run());
      return result;
    } catch (error) {
      // A full disk has rolled back by itself already.
      if (connection.isTransaction) prepare('ROLLBACK').run();
      throw error;
    }
  };

  const transaction = <T>(work: () => T, wait?: 'briefly'): T => {
    requireThere();
    return within('BEGIN IMMEDIATE', work, wait);
  };

  return {
    path,
    createTables: (sql) => transaction(() => guard(path, () => connection.exec(sql))),
    get: <Row>(sql: string, ...values: SQLInputValue[]) => single(() => prepare(sql).get(...values) as Row | undefined),
    all: <Row>(sql: string, ...values: SQLInputValue[]) => single(() => prepare(sql).all(...values) as Row[]),
    run: (sql, ...values) => {
      if (!connection.isTransaction) requireThere();
      return single(() => Number(prepare(sql).run(...values).changes));
    },
    transaction,
    snapshot: (work) => within('BEGIN', work),
    assertThere: () => {
      look();
      if (gone)
        throw new AppError(
          'gone',
          `${path} was removed or replaced while it was in use; start again to make a new one`,
        );
    },
    get gone() {
      return gone;
    },
    close: () => {
      clearInterval(looking);
      statements.clear();
      connection.close();
    },
  };
}

function connect(path: string): DatabaseSync {
  const folder = dirname(path);
  try {
    makeFolder(folder);
    createPrivately(path);
    accessSync(path, constants.R_OK | constants.W_OK);
    // SQLite keeps its log beside the file.
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw explainFileError(error, folder);
  }
  let connection: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    connection = opened;
    patiently(() => opened.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;'));
    return opened;
  } catch (error) {
    connection?.close();
    throw explainSqliteError(error, path);
  }
}

/** Step by step: Node's own recursion never ends below a file system that takes no folders, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile; a link to nowhere is in the way.
    if (!existsSync(folder)) throw error;
  }
}

/** An existing file is not opened here: closing it again would drop the locks that SQLite holds on it in this process. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Which file it is; undefined where there is none. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}

function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw explainSqliteError(error, path);
  }
}

function patiently<T>(work: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return work();
    } catch (error) {
      if (attempt >= BUSY_ATTEMPTS || !isBusy(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE_MS);
    }
  }
}
