/** What the parts of a SQLite session share: its one connection, and waits that leave the process free. */
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import { explainSqliteError, isBusy } from '../sqlite/failures.ts';
import type { ApplyGiven } from './session.ts';
import type { SqliteTables } from './sqlite-tables.ts';
import type { Target } from './target.ts';

/** Between two looks whether another process's write is over. */
const PAUSE_MS = 20;

type Writing = Pick<ApplyGiven, 'token' | 'run' | 'by'> & { signal?: AbortSignal };

export interface SqliteContext {
  connection: DatabaseSync;
  tables: SqliteTables;
  clock: Clock;
  now: () => string;
  label: string;
  /** Again while somebody else's lock is in the way, until the target's `lockTimeoutMs` are over. */
  patiently<T>(work: () => T, signal?: AbortSignal): Promise<T>;
  /** One transaction with the file's write lock, all or nothing, refused where a later term has written. */
  write<T>(given: Writing | undefined, work: () => T): Promise<T>;
  /** Whether the next commits reach the disk before they are told. In the write-ahead log the next one that does takes those before it along. */
  flush(now: boolean): void;
}

interface Parts {
  connection: DatabaseSync;
  tables: SqliteTables;
  target: Target;
  clock: Clock;
  label: string;
}

export function sqliteContext({ connection, tables, target, clock, label }: Parts): SqliteContext {
  async function patiently<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    const until = clock.mono() + target.lockTimeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || clock.mono() >= until) throw error;
      }
      await clock.sleep(PAUSE_MS, signal);
    }
  }

  return {
    ...{ connection, tables, clock, label, patiently },
    now: () => new Date(clock.now()).toISOString(),
    async write(given, work) {
      const signal = given?.signal;
      try {
        await patiently(() => connection.exec('BEGIN IMMEDIATE'), signal);
        if (given) tables.checkFence(given.token);
        const done = work();
        await patiently(() => connection.exec('COMMIT'), signal);
        return done;
      } catch (error) {
        // Some failures have rolled back by themselves.
        if (connection.isTransaction) connection.exec('ROLLBACK');
        throw isAppError(error) ? error : explainSqliteError(error, label);
      }
    },
    flush(now) {
      const mode = connection.prepare('PRAGMA journal_mode').get()?.['journal_mode'];
      if (mode === 'wal') connection.exec(`PRAGMA synchronous = ${now ? 'FULL' : 'NORMAL'}`);
    },
  };
}

export function closedError(label: string): AppError {
  return new AppError('unavailable', `the session of ${label} is closed`);
}
