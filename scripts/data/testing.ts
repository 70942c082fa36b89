/** Stores to move between, and the command as people call it: a process of its own, on what the test gives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { createFirestoreDriver } from '#shared/store/firestore.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createSqliteDriver } from '#shared/store/sqlite.ts';
import type { Store } from '#shared/store/store.ts';
import { exportData } from './export.ts';
import type { Trailer } from './file-format.ts';
import { type Imported, importData } from './import.ts';
import type { Policy } from './page-fates.ts';
import { checkFile } from './read-file.ts';

const SCRIPT = join(import.meta.dirname, '..', 'data.ts');
const LIMIT_MS = 60_000;

export const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
export const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';

let projects = 0;
export const newProject = () => `data-${Date.now().toString(36)}-${process.pid}-${projects++}`;

export interface Folder extends Disposable {
  path: string;
  file(name: string): string;
}

/** Removed with the scope. */
export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'hawker-data-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

export type Opened = { store: Store } & AsyncDisposable;

export function openSqlite(folder: string, clock: Clock = systemClock): Opened {
  const database = openDatabase(join(folder, 'hawker.db'));
  const store = withShorthands(createSqliteDriver(database, clock));
  return { store, [Symbol.asyncDispose]: async () => database.close() };
}

export function openFirestore(project = newProject()): Opened {
  const driver = createFirestoreDriver({ project, emulator, clock: systemClock, ids: systemIds, timeoutMs: 30_000 });
  return { store: withShorthands(driver), [Symbol.asyncDispose]: () => driver.close() };
}

export function exported(
  store: Store,
  path: string,
  collections: readonly string[],
  more: { resume?: boolean; clock?: Pick<Clock, 'now'>; from?: string } = {},
): Promise<Trailer> {
  const options = { clock: systemClock, from: 'a test', resume: false, oneMoment: true, ...more };
  return exportData({ store, path, collections, ...options });
}

export async function imported(
  store: Store,
  path: string,
  collections: readonly string[],
  more: { policy?: Policy; dryRun?: boolean; clock?: Clock } = {},
): Promise<Imported> {
  const file = await checkFile(path, collections);
  const options = { policy: 'refuse' as const, dryRun: false, clock: systemClock, ids: systemIds, ...more };
  return importData({ store, path, file, ...options });
}

/** The lines of documents. */
export function documentLines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(1, -2);
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Nothing of this machine's settings reaches it. */
export function startData(
  args: readonly string[],
  env: Record<string, string>,
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      told[name] += chunk.toString();
    });
  const ended = new Promise<Ended>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`data ${args.join(' ')} did not end: ${JSON.stringify(told)}`));
    }, LIMIT_MS);
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, ...told });
    });
  });
  return { child, ended };
}

export function runData(args: readonly string[], env: Record<string, string>): Promise<Ended> {
  return startData(args, env).ended;
}
