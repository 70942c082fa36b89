/**
 * What the processes of a chaos run write down as they go: one JSON line at a time, each in the kernel's hands before anything else is done, so
 * that a process that is killed has told all it did. Times are milliseconds of the machine's one monotonic clock, which all processes share
 * and which nothing sets; wall clocks are lied about here.
 */
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type Line =
  | { kind: 'began'; at: number; pid: number; worker: string }
  /** A lease was given; `asked` is from before the call. `hold` numbers what this process held. */
  | { kind: 'held'; hold: number; token: number; identity: string; asked: number; resumed: boolean }
  /** `assert()` passed at some moment between `from` and `to`; by `remaining()` the term may be counted on until `until` at least. */
  | { kind: 'counts'; hold: number; from: number; to: number; until: number }
  /** From here on it was not counted on: released, or `assert()` threw. */
  | { kind: 'over'; hold: number; at: number; how: 'released' | 'lost' }
  /** A fenced commit of this id was handed over for the first and only time. */
  | { kind: 'commit'; id: string; token: number; at: number }
  /** What its writer was told: `done`, `refused` where it cannot have happened, or `unknown`. */
  | { kind: 'told'; id: string; outcome: 'done' | 'refused' | 'unknown'; code: string; at: number }
  /** The resource decided over a write. */
  | { kind: 'write'; at: number; token: number; identity: string; accepted: boolean }
  /** Trouble was made for the contender of this place, or for all of them; `ms` is how long for. */
  | { kind: 'fault'; at: number; what: string; contender: number | 'all'; ms: number }
  /** An error that no part of the interface announces. */
  | { kind: 'trouble'; at: number; doing: string; what: string };

export interface Witness {
  write(line: Line): void;
}

/** Milliseconds of CLOCK_MONOTONIC, the same in every process of this machine. */
export function sharedMono(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function openWitness(path: string): Witness {
  const file = openSync(path, 'a');
  return { write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`) };
}

/** All lines of each process, by the name of its file. What a process was writing when it was killed is left out. */
export function readEvidence(folder: string): Map<string, Line[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return new Map(
    files.sort().map((name) => {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
      return [name, lines.map((line) => JSON.parse(line) as Line)];
    }),
  );
}
