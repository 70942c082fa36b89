/** Two servers under the same load, one after the other and again, so that the machine's changes of speed hit both. */
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './load.ts';
import { median } from './part.ts';
import type { Server } from './servers.ts';

const ROUNDS = 11;
const SECONDS = 1;

/** Answers per second of both, round by round, each in turn the first; the first round only warms up. */
export async function inTurns(
  a: Server,
  b: Server,
  pathA: string,
  pathB: string,
  say: (line: string) => void,
): Promise<[number[], number[]]> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const measured = await load(index === 0 ? a.port : b.port, index === 0 ? pathA : pathB, SECONDS);
      if (round > 0) rates[index].push(measured);
      // What the loaded server still has to write must not slow the other one.
      await sleep(500);
    }
    say(`round ${round} of ${ROUNDS}`);
  }
  return rates;
}

export function rate(values: readonly number[]): string {
  return Math.round(median(values)).toLocaleString('en');
}
