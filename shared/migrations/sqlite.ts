/**
 * Migrations of a SQLite file, by node:sqlite. golang-migrate has no lock there; ours is on a file beside it (sqlite-lock.ts).
 *
 * SQLite runs in this process and on its one thread: while a statement runs, nothing else does, no lease is renewed and no timer goes off, so there is no `statementTimeoutMs` here and
 * nothing to cancel. That is slow at worst, never wrong: a lease that runs out meanwhile frees neither the lock nor the file's write lock, and the fence is in the same file.
 */
import type { Clock } from '../clock.ts';
import { explainSqliteError } from '../sqlite/failures.ts';
import { fingerprintOfLines } from './schema-lines.ts';
import type { Session } from './session.ts';
import { applySqlite, lookSqlite } from './sqlite-apply.ts';
import { estimateSqlite, previewSqlite } from './sqlite-backfill.ts';
import { closedError, type SqliteContext, sqliteContext } from './sqlite-context.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { sqliteSchema } from './sqlite-fingerprint.ts';
import { type SideLock, sideLock } from './sqlite-lock.ts';
import { nilAsNumber, sqliteTables } from './sqlite-tables.ts';
import type { Target } from './target.ts';
import { sizesOf } from './weigh/sqlite-sizes.ts';

export interface OpenGiven {
  signal: AbortSignal;
  application: string;
  clock: Clock;
}

export async function openSqlite(
  target: Target,
  address: string,
  { signal, application, clock }: OpenGiven,
): Promise<Session> {
  signal.throwIfAborted();
  const label = `the database of ${target.name}`;
  const { connection, path, connect } = await openSqliteFile(address, label);
  const tables = sqliteTables(connection, target.table);
  const context = sqliteContext({ connection, tables, target, clock, label });
  const lock = sideLock({ path: `${path}.migrate-lock`, application, now: context.now, connect });
  return session(context, lock, target);
}

function session(context: SqliteContext, lock: SideLock, target: Target): Session {
  const { connection, tables, label, patiently, write } = context;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: whoever asks while a step waits must not see, or end, its transaction. */
  function turn<T>(work: () => T | Promise<T>): Promise<T> {
    const mine = last.then(async () => {
      if (closed) throw closedError(label);
      try {
        return await work();
      } catch (error) {
        throw explainSqliteError(error, label);
      }
    });
    last = mine.catch(() => {});
    return mine;
  }
  /** The lock's own file says what is the matter with it under its own name. */
  const locking = <T>(work: () => T) =>
    turn(() => {
      try {
        return work();
      } catch (error) {
        throw explainSqliteError(error, `the lock beside ${label}`);
      }
    });
  const read = <T>(work: () => T) => turn(() => patiently(work));

  return {
    kind: 'sqlite',
    prepare: () =>
      turn(async () => {
        if (!(await patiently(tables.exist))) await write(undefined, tables.create);
      }),
    state: () => read(tables.state),
    tryLock: () => locking(() => lock.take()),
    holdsLock: () => locking(() => lock.held()),
    unlock: () => locking(() => lock.free()),
    holders: () => locking(() => lock.holders()),
    raiseFence: (token) => turn(() => write(undefined, () => tables.raiseFence(token))),
    apply: (step, given) =>
      turn(() => {
        given.signal.throwIfAborted();
        return applySqlite(context, step, given);
      }),
    look: (step) => read(() => lookSqlite(context, step)),
    stamp: (state, given) =>
      turn(() => {
        context.flush(true);
        return write(given, () => {
          const found = tables.state();
          if (found.version !== state.version || found.dirty !== state.dirty) tables.setState(state);
          tables.mark(undefined);
          tables.remember({
            ...{ version: given.of ?? nilAsNumber(state.version), name: given.name, direction: given.direction },
            ...{ checksum: given.checksum, down: given.down, at: context.now(), ms: 0 },
            ...{ run: given.run, by: given.by, token: given.token, bundle: given.bundle },
          });
        });
      }),
    history: (limit) => read(() => tables.history(limit)),
    schema: () => read(() => sqliteSchema(connection, target.table)),
    fingerprint: () => read(() => fingerprintOfLines(sqliteSchema(connection, target.table))),
    // What runs here runs on the thread that would have to stop it.
    sizes: (names) => read(() => sizesOf(connection, names)),
    estimate: (step) => read(() => estimateSqlite(context, step)),
    preview: (step, rows) => read(() => previewSqlite(context, step, rows)),
    progress: async () => undefined,
    cancel: async () => {},
    async [Symbol.asyncDispose]() {
      await last;
      if (closed) return;
      closed = true;
      lock.close();
      connection.close();
    },
  };
}
