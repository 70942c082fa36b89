/**
 * The lock that SQLite's golang-migrate does not have: a write transaction that is kept open on a small SQLite file beside the database, `<file>.migrate-lock`. The operating system
 * takes such a lock from a process that dies, however it dies, so nothing is ever left locked; a row in a table could not do that. The database itself stays free for everybody
 * else. Runs of golang-migrate do not know of it: what they write is caught by the guards of each step.
 *
 * Who holds it is committed in the file before the transaction that is the lock begins: in the mode of the rollback journal, readers see it while that one is open.
 * The file stays when the lock is freed: removing it would let two processes lock two files of one name.
 */
import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import { isBusy } from '../sqlite/failures.ts';
import type { Holder } from './session.ts';

/** For the moment in which somebody else reads or writes who holds it. */
const WAIT_MS = 50;
const ATTEMPTS = 3;

export interface SideLock {
  take(): boolean;
  /** False where the file was removed or replaced too: then others may have locked another one. */
  held(): boolean;
  free(): boolean;
  holders(): Holder[];
  close(): void;
}

export interface SideLockGiven {
  path: string;
  application: string;
  /** RFC 3339. */
  now: () => string;
  connect: (path: string, options: { timeout: number }) => DatabaseSync;
}

let sessions = 0;

export function sideLock({ path, application, now, connect }: SideLockGiven): SideLock {
  const me = `${process.pid}.${++sessions}`;
  let connection: DatabaseSync | undefined;
  let inode: number | undefined;

  /** Another file of that name, or none: the one that is open is of no more use. */
  const replaced = () => !existsSync(path) || statSync(path).ino !== inode;
  const opened = (): DatabaseSync => {
    if (connection && !connection.isTransaction && replaced()) {
      connection.close();
      connection = undefined;
    }
    if (!connection) {
      connection = connect(path, { timeout: WAIT_MS });
      connection.exec('PRAGMA schema_version');
      inode = existsSync(path) ? statSync(path).ino : undefined;
    }
    return connection;
  };

  /** Whether it could: false where somebody else is in the way. */
  const could = (sql: string): boolean => {
    try {
      opened().exec(sql);
      return true;
    } catch (error) {
      if (connection?.isTransaction) connection.exec('ROLLBACK');
      if (isBusy(error)) return false;
      throw error;
    }
  };

  const write = (): boolean => {
    if (!could('BEGIN IMMEDIATE')) return false;
    const into = opened();
    into.exec(
      'CREATE TABLE IF NOT EXISTS holder (one INTEGER PRIMARY KEY CHECK (one = 1), session TEXT, application TEXT, client TEXT, since TEXT) STRICT',
    );
    into.prepare('INSERT OR REPLACE INTO holder VALUES (1, ?, ?, ?, ?)').run(me, application, hostname(), now());
    return could('COMMIT');
  };

  const read = (): Holder[] => {
    try {
      const row = opened().prepare('SELECT session, application, client, since FROM holder').get();
      if (row) return [{ ...row } as unknown as Holder];
    } catch (error) {
      if (!isBusy(error) && !/no such table/.test(String(error))) throw error;
    }
    // It is being taken just now.
    return [{ session: 'unknown' }];
  };

  const held = () => connection?.isTransaction === true && !replaced();

  return {
    take() {
      if (held()) return true;
      if (connection?.isTransaction) connection.exec('ROLLBACK');
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (!write() || !could('BEGIN IMMEDIATE')) return false;
        // Somebody had it for a moment between the two, and the row tells of that one.
        if (read()[0]?.session === me && held()) return true;
        could('ROLLBACK');
      }
      return false;
    },
    held,
    free() {
      const was = held();
      if (connection?.isTransaction) connection.exec('ROLLBACK');
      return was;
    },
    holders() {
      if (held()) return read();
      if (!existsSync(path)) return [];
      if (!could('BEGIN IMMEDIATE')) return read();
      could('ROLLBACK');
      return [];
    },
    close() {
      connection?.close();
      connection = undefined;
    },
  };
}
