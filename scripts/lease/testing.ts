/** The command as people call it: a process of its own, on a folder that the test gives. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '..', 'lease.ts');
const LIMIT_MS = 30_000;

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started extends AsyncDisposable {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when one of its outputs has this; rejects when it ends without, or in 30 s. */
  shows(pattern: RegExp): Promise<void>;
  ended: Promise<Ended>;
}

/** A folder for the data, removed with the scope. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'hawker-lease-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Nothing of this machine's settings reaches it. It is killed with the scope, if it has not ended. */
export function startLease(data: string, args: readonly string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { PATH: process.env['PATH'], HAWKER_DATA: data, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      told[name] += chunk.toString();
      for (const listener of listeners) listener();
    });
  const ended = new Promise<Ended>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`lease ${args.join(' ')} did not end: ${JSON.stringify(told)}`));
    }, LIMIT_MS);
    // Not `exit`: what it printed last may still be on its way, and what a killed one left behind holds its outputs open.
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, ...told });
    });
  });
  ended.catch(() => undefined);
  return {
    child,
    stdout: () => told.stdout,
    stderr: () => told.stderr,
    async shows(pattern) {
      const shown = () => pattern.test(told.stdout) || pattern.test(told.stderr);
      const seen = new Promise<void>((resolve) => {
        const look = () => {
          if (!shown()) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
      await Promise.race([seen, ended]);
      assert.ok(shown(), `${pattern} is not in ${JSON.stringify(told)}`);
    },
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended.catch(() => undefined);
    },
  };
}

/** Runs it to its end. */
export async function lease(data: string, args: readonly string[], env?: Record<string, string>): Promise<Ended> {
  await using started = startLease(data, args, env);
  return await started.ended;
}
