/**
 * A command that must not outlive the right to run it.
 *
 * It gets a process group of its own, so that ending it ends all that it started: the second half of `sh -c 'a; b'` as well. A terminal's Ctrl-C
 * does not reach that group by itself; signals to this process are passed on to it, once each.
 *
 * A shell of three lines keeps watch over this process: it waits for one line from here, and if there comes none because this process was killed, it ends
 * the group. Nothing else would, since nobody tells a program on all systems that its parent has died.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#shared/errors.ts';

export interface Child {
  /** The exit code as shells tell it: 128 and the signal's number where a signal ended it. */
  ended: Promise<number>;
  /** Passes a signal on. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM to all of it, and SIGKILL after the grace. Resolves when nothing of it is left, or nothing more can be done. */
  terminate(): Promise<void>;
}

const LOOK_MS = 20;

/** `$1` is the group, `$2` the grace in seconds. */
const WATCH = 'read -r line || { kill -TERM "-$1"; sleep "$2"; kill -KILL "-$1"; }';

/** Throws `unavailable` where it cannot be started. `graceMs` is what it has between SIGTERM and SIGKILL. */
export async function startChild(
  [command = '', ...args]: readonly string[],
  env: Record<string, string>,
  graceMs: number,
): Promise<Child> {
  const child = spawn(command, args, { detached: true, stdio: 'inherit', env: { ...process.env, ...env } });
  try {
    await once(child, 'spawn');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such command' : code === 'EACCES' ? 'it may not be executed' : code;
    throw new AppError('unavailable', `cannot run ${command}: ${why}`, { cause: error });
  }
  const group = child.pid ?? 0;
  const watcher = watchOver(group, graceMs);
  const send = (name: NodeJS.Signals | 0) => {
    try {
      return process.kill(-group, name);
    } catch {
      // Nobody is left in the group.
      return false;
    }
  };
  const ended = once(child, 'exit').then(([code, signal]) => {
    watcher.stdin?.end('over\n');
    return (code as number | null) ?? 128 + constants.signals[signal as NodeJS.Signals];
  });
  return {
    ended,
    signal: send,
    async terminate() {
      const deadline = performance.now() + graceMs;
      send('SIGTERM');
      // Of a stopped process nothing else would be left but that it can be killed.
      send('SIGCONT');
      while (performance.now() < deadline && send(0)) await sleep(LOOK_MS);
      send('SIGKILL');
      await ended;
    },
  };
}

function watchOver(group: number, graceMs: number): ChildProcess {
  const watcher = spawn('/bin/sh', ['-c', WATCH, 'lease-watch', String(group), String(graceMs / 1_000)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell the command is only less well guarded; a pipe to one that has ended says nothing new.
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  return watcher;
}
