/**
 * Walks every interleaving of the real state machine with itself, for two and three contenders over the model's store and network, and checks in
 * each world that can be reached:
 *
 * - I1: at no instant do two processes count on the lease, by their own clocks and without any timer having run;
 * - I2: what the resource takes comes from no earlier term than what it took before, and the leader's own write is not refused;
 * - I3: a term has one holder, one nonce and one fence; renewals and releases go over their own term only;
 * - I4: no two attempts that may both still happen look alike in the record;
 * - I5: nobody takes a lease that was not released before its record's duration has passed in real time, even by the slowest clock that is tolerated;
 * - I6: who holds the lease was told so, who was told so holds it or is told otherwise, who reads its own take has won, and nobody takes again
 *   before it looked what became of its last attempt;
 * - L1, L2 (explorer-fair.ts): once faults end, somebody who waits leads within the patience, one poll and one retry.
 *
 * I2 to I4 hold whatever the clocks do, which one scenario shows by having everybody take whatever it sees, at once. I1 is not asked of a holder whose lease was taken away from outside (`break`, a deleted record) until it
 * learns of it; I2 is.
 *
 * **How far it goes.** Faults are counted: so many lost answers, late requests, pauses, restarts. What is not made late by one of them happens before
 * time goes on, in any order. Within that, each scenario is walked to its end: times count from now, so there is one. A run with no such
 * count, where anything may be late by any time, is walked as far as it is told to.
 *
 * **The server's own age** of a version is as good as having watched it. Whoever reads that the version had stood for `a` by the server's clock, and
 * receives that at its own time m, takes it at m + (patience - a) at the earliest. No clock gains more than 1 % on true time: so at least
 * a / 1.01 had passed when the answer was made, and at least (patience - a) / 1.01 pass after it was received, which is later. That is
 * patience / 1.01 together, exactly what is asked of one who watched all the while, and more than the duration / 0.99, the longest that a holder
 * counts by a slow clock; and the holder counts from before the server wrote. So a process that has seen nothing before need not wait. This
 * asks of the server what is asked of everybody: that its clock runs at a true rate between the write and the read, and is not set forward
 * in between. A server of which that cannot be said must tell no ages; fenced writes are refused even then.
 */
import {
  type Calls,
  createWorld,
  type Faults,
  type Machine,
  type Move,
  movesOf,
  type Rules,
  timeMayPass,
  Violation,
  type World,
} from './model.ts';
import { keyOf, pruned } from './model-key.ts';
import { make } from './model-moves.ts';

export interface Scenario {
  rules: Rules;
  left: Faults & Calls;
}

export interface Exploration {
  states: number;
  depth: number;
  /** Every world that can be reached was seen; else as many as were asked for. */
  complete: boolean;
  violation?: { invariant: string; message: string; moves: string[] };
}

interface Seen {
  world: World;
  via: Via | undefined;
}
interface Via {
  move: Move;
  before: Via | undefined;
}

/** Walks all worlds that can be reached, nearest first, until an invariant does not hold or `most` of them were seen. */
export function explore(
  machine: Machine,
  { rules, left }: Scenario,
  most: number,
  look?: (world: World) => void,
): Exploration {
  const making = { machine, rules };
  const first = createWorld(machine, rules, left);
  const known = new Set([keyOf(rules, first)]);
  let level: Seen[] = [{ world: first, via: undefined }];
  let depth = 0;
  for (; level.length > 0; depth++) {
    const next: Seen[] = [];
    for (const { world, via } of level) {
      for (const move of movesWithTime(machine, rules, world)) {
        const seen = { move, before: via };
        try {
          const reached = pruned(make(making, world, move));
          const key = keyOf(rules, reached);
          if (known.has(key)) continue;
          known.add(key);
          check(machine, rules, reached);
          look?.(reached);
          next.push({ world: reached, via: seen });
        } catch (error) {
          if (!(error instanceof Violation)) throw error;
          const { invariant, message } = error;
          return {
            states: known.size,
            depth: depth + 1,
            complete: false,
            violation: { invariant, message, moves: path(seen) },
          };
        }
        if (known.size >= most) return { states: known.size, depth, complete: false };
      }
    }
    level = next;
  }
  return { states: known.size, depth, complete: true };
}

function movesWithTime(machine: Machine, rules: Rules, world: World): Move[] {
  const moves = movesOf(machine, rules, world);
  if (timeMayPass(machine, world)) moves.push({ type: 'time', ticks: 1 });
  return moves;
}

/** What holds in every world, at every instant. */
export function check(machine: Machine, { lawless }: Rules, world: World): void {
  const holders = world.processes.flatMap(({ state, mono, wall, asleep, leads }, index) => {
    const standing = machine.standing(state, { mono, wall });
    if (standing !== 'over' && !leads)
      throw new Violation('I6', `process ${index} holds the lease and nobody was told`);
    if (leads && (!state.term || state.term.lapsed))
      throw new Violation('I6', `process ${index} has lost the lease and nobody was told`);
    const { term } = state;
    if (standing !== 'held' || asleep || !term || Number(term.fence) < world.barrier) return [];
    return [index];
  });
  if (holders.length > 1 && !lawless)
    throw new Violation('I1', `processes ${holders.join(' and ')} hold the lease at the same time`);
}

function path(via: Via | undefined): string[] {
  const moves: string[] = [];
  for (let at = via; at; at = at.before) {
    moves.unshift(told(at.move));
  }
  return moves;
}

export function told({ type, ...rest }: Move): string {
  return [type, ...Object.values(rest)].join(' ');
}
