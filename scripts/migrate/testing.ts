/** The command as people call it: a process of its own, on folders that the test gives. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '..', 'migrate.ts');
const LIMIT_MS = 60_000;

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Place extends Disposable {
  path: string;
  /** Runs it to its end. */
  migrate(args: readonly string[], more?: { env?: Record<string, string>; input?: string }): Promise<Ended>;
  start(
    args: readonly string[],
    more?: { env?: Record<string, string>; input?: string },
  ): { child: ChildProcess; shows(pattern: RegExp): Promise<void>; ended: Promise<Ended> };
  /** Writes files and answers the folder. */
  folder(files: Readonly<Record<string, string>>): string;
  file(name: string, content: string): string;
}

/** HAWKER_DATA of all that runs there; removed with the scope. Nothing of this machine's settings reaches it. */
export function openPlace(): Place {
  const path = mkdtempSync(join(tmpdir(), 'hawker-migrate-'));
  const file: Place['file'] = (name, content) => {
    writeFileSync(join(path, name), content);
    return join(path, name);
  };
  const start: Place['start'] = (args, { env = {}, input = '' } = {}) => {
    const child = spawn(process.execPath, [SCRIPT, ...args], {
      env: { PATH: process.env['PATH'], HAWKER_DATA: path, ...env },
      stdio: 'pipe',
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const told = { stdout: '', stderr: '' };
    let look = () => {};
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        told[name] += chunk.toString();
        look();
      });
    const ended = new Promise<Ended>((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`migrate ${args.join(' ')} did not end: ${JSON.stringify(told)}`));
      }, LIMIT_MS);
      child.once('close', (code) => {
        clearTimeout(late);
        resolve({ code, ...told });
      });
    });
    const shows = async (pattern: RegExp) => {
      const shown = () => pattern.test(told.stdout) || pattern.test(told.stderr);
      const seen = new Promise<void>((resolve) => {
        look = () => shown() && resolve();
        look();
      });
      await Promise.race([seen, ended]);
      assert.ok(shown(), `${pattern} is not in ${JSON.stringify(told)}`);
    };
    return { child, ended, shows };
  };
  return {
    ...{ path, file, start },
    migrate: (args, more) => start(args, more).ended,
    folder(files) {
      const folder = mkdtempSync(join(path, 'files-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      return folder;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
