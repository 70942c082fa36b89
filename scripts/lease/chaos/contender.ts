/**
 * One place among the contenders, and the processes that take it one after another. A process is `up`, `frozen` (SIGSTOP, for a while), or `gone` until
 * another takes its place. Whatever happens to this program, the process is killed with it, also a frozen one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { News, Order, WorkerPlan } from './plan.ts';

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** How long a process may take to end by itself when it is told to. */
const FINISH_MS = 15_000;

export interface Contender {
  readonly state: 'up' | 'frozen' | 'gone';
  /** By its own account. */
  readonly leads: boolean;
  /** How often one of its processes came to lead. */
  readonly reigns: number;
  /** Processes so far. */
  readonly lives: number;
  /** How many of them killed themselves, as they may. */
  readonly crashes: number;
  /** Kills the process and starts another after `restartMs`. False where none is up. */
  kill(restartMs: number): boolean;
  /** Stops the process for so long. False where none is up. */
  freeze(ms: number): boolean;
  setWallClock(skewMs: number): void;
  /** Has a process that runs from now on: at once, not later. */
  rouse(): void;
  /** Lets the process finish, or kills it, and starts no other. */
  end(): Promise<void>;
}

interface Options {
  planFor: (life: number) => WorkerPlan;
  /** This process is about to be stopped. */
  onFreeze: (pid: number) => void;
  /** A process ended that nobody had killed; `said` is the end of what it had to say. */
  onDeath: (pid: number, said: string) => void;
}

export function startContender({ planFor, onFreeze, onDeath }: Options): Contender {
  let lives = 0;
  let crashes = 0;
  let state: Contender['state'] = 'gone';
  let leads = false;
  let reigns = 0;
  let ended = false;
  let child = start();
  /** What comes next for it: to go on, or to be followed by another. */
  let next: NodeJS.Timeout | undefined;

  function start(): ChildProcess {
    const started = fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(planFor(++lives))], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    living.add(started);
    let said = '';
    state = 'up';
    leads = false;
    started.stderr?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2_000);
    });
    started.on('message', (news: News) => {
      if (started !== child) return;
      leads = news.leads;
      if (leads) reigns++;
    });
    started.on('error', () => {});
    started.once('exit', (code, by) => {
      living.delete(started);
      // Another may have taken its place before this was heard.
      if (started !== child) return;
      leads = false;
      if (state === 'gone' || ended) return;
      clearTimeout(next);
      if (by === 'SIGKILL') crashes++;
      else onDeath(started.pid ?? 0, `ended with ${by ?? code}: ${said.trim()}`);
      child = start();
    });
    return started;
  }

  function signal(name: NodeJS.Signals): void {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
  }

  function order(what: Order): void {
    if (child.connected) child.send(what, () => {});
  }

  function goOn(): void {
    clearTimeout(next);
    if (state === 'frozen') {
      state = 'up';
      signal('SIGCONT');
    } else if (state === 'gone') child = start();
  }

  return {
    get state() {
      return state;
    },
    get leads() {
      return leads;
    },
    get reigns() {
      return reigns;
    },
    get lives() {
      return lives;
    },
    get crashes() {
      return crashes;
    },
    kill(restartMs) {
      if (state !== 'up') return false;
      state = 'gone';
      signal('SIGKILL');
      next = setTimeout(goOn, restartMs);
      return true;
    },
    freeze(ms) {
      if (state !== 'up') return false;
      state = 'frozen';
      onFreeze(child.pid ?? 0);
      signal('SIGSTOP');
      next = setTimeout(goOn, ms);
      return true;
    },
    setWallClock: (skewMs) => order({ skewMs }),
    rouse: goOn,
    async end() {
      ended = true;
      clearTimeout(next);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      signal('SIGCONT');
      order('finish');
      const late = setTimeout(() => signal('SIGKILL'), FINISH_MS);
      await exited;
      clearTimeout(late);
    },
  };
}
