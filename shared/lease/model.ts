/**
 * The world in which the lease's state machine is proven: a few processes with clocks of their own, a network, a store that compares and sets,
 * and a resource that the lease protects. Everything that may happen next is a move, and making one gives the next world; nothing is changed in
 * place. The explorer makes all of them in every order, the histories make long random choices.
 *
 * **Time** is real time in ticks. A process's monotonic clock gains its `rate` with each tick; nothing else happens by itself, so a process that
 * makes no move while time passes is one that was paused.
 *
 * **A request** arrives at the store at any time after it was sent, or never. Its answer arrives at any time after that, or is lost; its sender may
 * give it up at any time, and it may arrive even then.
 *
 * **The resource** is written to by whoever counts on the lease, with its token, and such a write lands at any later time. There are two: one
 * refuses a token lower than one it has seen, the other one that is not the term document's.
 */
import type { LeaseRecord, RecordWrite } from './record.ts';
import type { initialState, LeaseState, Outcome, standing, wakeAt } from './state.ts';
import type { step } from './step.ts';
import type { LeaseTiming } from './timing.ts';

/** What is proven, or a mutant of it. */
export interface Machine {
  step: typeof step;
  standing: typeof standing;
  wakeAt: typeof wakeAt;
  initialState: typeof initialState;
}

/** How often something may happen, in all processes together. */
export interface Faults {
  /** An answer is lost, or a request is given up. */
  fail: number;
  /** A request or its answer takes its time. */
  lag: number;
  /** A process stands still, while its clocks go on. */
  pause: number;
  restart: number;
  /** Somebody deletes the record. */
  delete: number;
  /** An operator takes the lease away. */
  break: number;
  /** A machine sleeps, and its monotonic clock stands still. */
  sleep: number;
  /** A wall clock is set. */
  jump: number;
}

/** How often a caller does something, in all processes together. */
export interface Calls {
  want: number;
  leave: number;
  resume: number;
  doubt: number;
  /** Writes to the resource. */
  act: number;
}

export interface Rules {
  timing: LeaseTiming;
  /** How long each process's lease stands, where that is not the timing's. */
  durations?: readonly number[];
  /** By how much each process's clock gains in a tick. */
  rates: readonly number[];
  /** The least that a clock within the tolerance gains in a tick. */
  slowest: number;
  /** By how much the server's clock gains in a tick, where it tells ages. */
  serverRate?: number;
  /** How callers want the lease: all of these are tried. */
  wants: readonly ('once' | 'patiently')[];
  /** Whoever leaves names the next process as its successor. */
  successor?: boolean;
  /** By how much a wall clock is set. */
  jumps?: readonly number[];
  /** Clocks do what they like: only what must hold even then is asked. */
  lawless?: boolean;
  /** Without it the resource takes everything. */
  fenced: boolean;
  /** The token of a term. */
  tokenOf: (fence: number, record: LeaseRecord) => number;
}

export interface Process {
  state: LeaseState;
  incarnation: number;
  mono: number;
  wall: number;
  paused: boolean;
  asleep: boolean;
  /** What its caller asked for and has not been answered. */
  wish: 'once' | 'patiently' | 'resume' | undefined;
  /** What its caller was told: it won, and neither lost nor left since. */
  leads: boolean;
  /** A take or renewal failed, and nothing was read since. */
  blind: boolean;
}

export interface Request {
  by: number;
  call: number;
  /** Nobody waits for its answer any more. */
  orphan: boolean;
  slow: boolean;
  write?: RecordWrite;
  /** When it has arrived. */
  answer?: Outcome;
}

export interface Stored {
  version: number;
  record?: LeaseRecord;
  /** Ticks since it was written. */
  idle: number;
  /** The same by the server's clock. */
  age: number;
}

export interface Act {
  token: number;
  fence: number;
}

export interface World {
  processes: readonly Process[];
  requests: readonly Request[];
  stored: Stored;
  versions: number;
  /** The version of the term document. */
  term: number;
  /** Terms that began before were taken away from outside: their holders learn of it later. */
  barrier: number;
  acts: readonly Act[];
  /** The highest token that the resource took, and the latest term it came from. */
  taken: Act;
  left: Faults & Calls;
  nonces: number;
}

export type Move =
  | { type: 'time'; ticks: number }
  | { type: 'tick' | 'resume' | 'doubt' | 'act' | 'leave' | 'fail' | 'restart' | 'sleep' | 'pause' | 'go'; by: number }
  | { type: 'want'; by: number; how: 'once' | 'patiently' }
  | { type: 'jump'; by: number; ms: number }
  | { type: 'arrive' | 'answer' | 'lag'; request: number }
  | { type: 'land'; act: number }
  | { type: 'delete' | 'break' };

/** An invariant of the research behind leases does not hold. */
export class Violation extends Error {
  readonly invariant: string;
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export function createWorld(machine: Machine, rules: Rules, left: Faults & Calls): World {
  const processes = rules.rates.map((_, index) => born(machine, rules, index, 0));
  return {
    processes,
    requests: [],
    stored: { version: 0, idle: 0, age: 0 },
    versions: 0,
    term: 0,
    barrier: 0,
    acts: [],
    taken: { token: 0, fence: 0 },
    left,
    nonces: 0,
  };
}

export function born(
  { initialState: initial }: Machine,
  { timing, durations }: Rules,
  index: number,
  incarnation: number,
): Process {
  const durationMs = durations?.[index] ?? timing.durationMs;
  return {
    state: initial(`${index}.${incarnation}`, { ...timing, durationMs }),
    incarnation,
    mono: 0,
    wall: 0,
    paused: false,
    asleep: false,
    wish: undefined,
    leads: false,
    blind: false,
  };
}

/** Everything that may happen next, apart from the passing of time. */
export function movesOf(machine: Machine, rules: Rules, world: World): Move[] {
  const { left, stored } = world;
  const moves: Move[] = [];
  world.processes.forEach(({ state, mono, wall, paused, asleep, wish, leads }, by) => {
    if (paused || asleep) {
      moves.push({ type: 'go', by });
      return;
    }
    const wake = machine.wakeAt(state);
    if (wake !== undefined && wake <= mono) moves.push({ type: 'tick', by });
    if (left.want > 0 && !wish && !leads) for (const how of rules.wants) moves.push({ type: 'want', by, how });
    if (left.leave > 0 && (leads || wish) && !state.leaving) moves.push({ type: 'leave', by });
    if (left.resume > 0 && state.term && !wish && !state.leaving) moves.push({ type: 'resume', by });
    if (left.doubt > 0 && leads && !state.call) moves.push({ type: 'doubt', by });
    if (left.act > 0 && machine.standing(state, { mono, wall }) === 'held') moves.push({ type: 'act', by });
    if (left.fail > 0 && state.call) moves.push({ type: 'fail', by });
    if (left.restart > 0) moves.push({ type: 'restart', by });
    if (left.pause > 0 && left.pause < Infinity) moves.push({ type: 'pause', by });
    if (left.sleep > 0) moves.push({ type: 'sleep', by });
    if (left.jump > 0) for (const ms of rules.jumps ?? []) moves.push({ type: 'jump', by, ms });
  });
  world.requests.forEach(({ answer, by, slow, orphan }, request) => {
    const process = world.processes[by] as Process;
    if (!answer) moves.push({ type: 'arrive', request });
    else if (!process.paused && !process.asleep) moves.push({ type: 'answer', request });
    if (left.lag > 0 && left.lag < Infinity && !slow && !orphan) moves.push({ type: 'lag', request });
  });
  world.acts.forEach((_, act) => {
    moves.push({ type: 'land', act });
  });
  if (left.delete > 0 && stored.record) moves.push({ type: 'delete' });
  if (left.break > 0 && stored.record) moves.push({ type: 'break' });
  return moves;
}

/** Time passes when everything that is due has happened, apart from what a fault has made late. */
export function timeMayPass(machine: Machine, { left, processes, requests }: World): boolean {
  const mayWait = ({ by, answer, slow, orphan }: Request) =>
    orphan || slow || left.lag === Infinity || (answer !== undefined && still(processes[by] as Process));
  const still = ({ paused, asleep }: Process) => paused || asleep || left.pause === Infinity;
  const due = ({ state, mono }: Process) => (machine.wakeAt(state) ?? Infinity) <= mono;
  return requests.every(mayWait) && !processes.some((process) => !still(process) && due(process));
}
