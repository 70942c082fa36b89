/** Liveness: from any world, once the faults are over, somebody who waits leads within a bounded time. */
import {
  type Machine,
  type Move,
  movesOf,
  type Process,
  type Rules,
  timeMayPass,
  Violation,
  type World,
} from './model.ts';
import { make } from './model-moves.ts';

const NO_MORE = { fail: 0, lag: 0, pause: 0, restart: 0, delete: 0, break: 0, sleep: 0, jump: 0 };
const NO_CALLS = { want: 0, leave: 0, resume: 0, doubt: 0, act: 0 };
/** Far more than any orderly run makes; who needs more runs in a circle. */
const MOST_MOVES = 400;

/** From here on every request is answered at once, and everybody acts in time, except for the process `dead`, which does nothing any more. */
export function mustGoOn(machine: Machine, rules: Rules, start: World, dead: number | undefined): void {
  const waits = ({ wish }: Process, index: number) => wish === 'patiently' && index !== dead;
  if (!start.processes.some(waits)) return;
  const { timing, slowest } = rules;
  const retry = timing.renewMs + timing.pollMs + timing.guardMs;
  const most = Math.ceil((timing.patience(timing.durationMs) + retry) / slowest) + 1;

  const processes = start.processes.map((one, index) => ({ ...one, paused: index === dead, asleep: false }));
  let world: World = { ...start, processes, left: { ...NO_MORE, ...NO_CALLS } };
  let ticks = 0;
  for (let moves = 0; moves < MOST_MOVES; moves++) {
    if (world.processes.some(({ leads }, index) => leads && index !== dead)) return;
    const next = movesOf(machine, rules, world).find((move) => move.type !== 'go' && move.type !== 'land');
    if (!next && !timeMayPass(machine, world)) throw new Violation('L1', 'nothing can happen any more');
    if (!next && ++ticks > most) throw new Violation('L1', `nobody leads after ${most} ticks without a fault`);
    const move: Move = next ?? { type: 'time', ticks: 1 };
    world = make({ machine, rules }, world, move);
  }
  throw new Violation('L2', 'the contenders run in a circle');
}
