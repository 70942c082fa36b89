/** One long history of the model's world, made of choices: the same moves as the explorer's, with the real durations in milliseconds. */
import { check, told } from './explorer.ts';
import { createWorld, type Machine, type Move, movesOf, type Rules, Violation, type World } from './model.ts';
import { pruned } from './model-key.ts';
import { make } from './model-moves.ts';

/** How likely moves are against one another, where they are possible. */
export type Weights = Partial<Record<Move['type'], number>>;

export const ORDINARY: Weights = {
  arrive: 30,
  answer: 30,
  tick: 30,
  want: 10,
  act: 3,
  land: 5,
  leave: 0.3,
  resume: 1,
  doubt: 0.5,
  fail: 3,
  go: 2,
};

const ALWAYS = {
  fail: Infinity,
  lag: Infinity,
  pause: Infinity,
  restart: Infinity,
  delete: Infinity,
  break: Infinity,
  sleep: Infinity,
  jump: Infinity,
  want: Infinity,
  leave: Infinity,
  resume: Infinity,
  doubt: Infinity,
  act: Infinity,
};

/** Of a history that went wrong. */
const MOVES_TOLD = 60;

export interface Tally {
  steps: number;
  terms: number;
  taken: number;
}

/** Each choice, from 0 to 2^30, is one step. Throws a Violation. */
export function live(machine: Machine, rules: Rules, weights: Weights, choices: readonly number[]): Tally {
  let world = createWorld(machine, rules, ALWAYS);
  let terms = 0;
  let taken = 0;
  const moves: Move[] = [];
  try {
    for (const choice of choices) {
      const random = randomFrom(choice);
      const before = world;
      const move = chosen(machine, rules, weights, world, random);
      moves.push(move);
      world = pruned(make({ machine, rules, random }, world, move));
      check(machine, rules, world);
      if (world.term !== before.term) terms++;
      if (world.taken !== before.taken) taken++;
    }
  } catch (error) {
    if (error instanceof Violation) error.message += ` after ${moves.slice(-MOVES_TOLD).map(told).join(', ')}`;
    throw error;
  }
  return { steps: choices.length, terms, taken };
}

function chosen(machine: Machine, rules: Rules, weights: Weights, world: World, random: () => number): Move {
  const moves: { move: Move; weight: number }[] = movesOf(machine, rules, world).map((move) => ({
    move,
    weight: weights[move.type] ?? 0,
  }));
  const { durationMs } = rules.timing;
  moves.push({ move: { type: 'time', ticks: untilDue(machine, rules, world) }, weight: 12 });
  moves.push({ move: { type: 'time', ticks: random() * 20 }, weight: 6 });
  moves.push({ move: { type: 'time', ticks: random() * durationMs }, weight: 2 });
  moves.push({ move: { type: 'time', ticks: random() * 3 * durationMs }, weight: 0.2 });
  let at = random() * moves.reduce((sum, { weight }) => sum + weight, 0);
  for (const { move, weight } of moves) {
    at -= weight;
    if (at < 0) return move;
  }
  return { type: 'time', ticks: 1 };
}

/** To the very moment at which the next process wants to do something, where margins are narrowest. */
function untilDue(machine: Machine, { rates }: Rules, world: World): number {
  const waits = world.processes.flatMap(({ state, mono, asleep }, index) => {
    const wake = machine.wakeAt(state);
    return wake === undefined || wake <= mono || asleep ? [] : [(wake - mono) / (rates[index] as number)];
  });
  return waits.length === 0 ? 1 : Math.min(...waits) + 1e-6;
}

/** Mulberry32: a choice decides all that is random about its step. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
