/** A SQLite target of its own for a test, and other processes on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../clock.ts';
import type { DatabaseUnderTest } from './contract-rig.ts';
import { openSqlite } from './sqlite.ts';
import type { Target } from './target.ts';

const sqliteTarget = (path: string): Target => ({
  ...{ name: 'sample', kind: 'sqlite', address: { from: 'path', path }, folder: '/', table: 'schema_migrations' },
  ...{ labels: {}, lockTimeoutMs: 5_000, statementTimeoutMs: 0 },
});

export const openAt = (path: string, signal = new AbortController().signal, lockTimeoutMs = 5_000) =>
  openSqlite({ ...sqliteTarget(path), lockTimeoutMs }, path, { signal, application: 'test', clock: systemClock });

export function startSqlite(): DatabaseUnderTest & { path: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-migrations-'));
  const path = join(folder, 'target.db');
  return {
    path,
    folder,
    open: (signal) => openAt(path, signal),
    async query(sql) {
      const connection = new DatabaseSync(path, {
        readBigInts: true,
        timeout: 1_000,
        enableForeignKeyConstraints: false,
      });
      try {
        return connection
          .prepare(sql)
          .all()
          .map((row) => Object.values(row));
      } finally {
        connection.close();
      }
    },
    close: async () => rmSync(folder, { recursive: true }),
  };
}

/** Runs a script with a `session`, `migration`, `given` and `say`, in a process of its own. */
export function inProcess(path: string, script: string): ChildProcess {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { writeSync } from 'node:fs';
    import { setTimeout as pause } from 'node:timers/promises';
    import { given, migration } from ${from('./contract-rig.ts')};
    import { openAt } from ${from('./sqlite-rig.ts')};
    const say = (text) => writeSync(1, text + '\\n');
    const session = await openAt(${JSON.stringify(path)});
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
}
