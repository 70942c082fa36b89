/**
 * Random histories of thousands of steps with the durations that are used for real, clocks at the ends of what is tolerated, and every fault at any
 * time. Where one goes wrong, fast-check prints its seed and the shortest history that still does.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { patienceMs } from '../expiry.ts';
import type { Machine, Rules } from './model.ts';
import { live, ORDINARY, type Tally, type Weights } from './model-history.ts';
import { changed } from './model-mutants.ts';
import { initialState, standing, wakeAt } from './state.ts';
import { step } from './step.ts';
import { timingFor } from './timing.ts';

const MACHINE: Machine = { step, standing, wakeAt, initialState };
const STEPS = 5_000;
const RUNS = 30;
const SHRINK_MS = 30_000;

const rulesOf = (durationMs: number, remote: boolean): Rules => ({
  timing: timingFor(durationMs, remote),
  rates: [0.99, 1.01, 1],
  slowest: 0.99,
  wants: ['once', 'patiently'],
  fenced: true,
  tokenOf: (fence) => fence,
});

const histories = fc.array(fc.nat({ max: 2 ** 30 }), { minLength: 1, maxLength: STEPS, size: 'max' });

/** What came of `numRuns` histories altogether. */
function all(rules: Rules, weights: Weights, numRuns: number): Tally {
  const sum: Tally = { steps: 0, terms: 0, taken: 0 };
  fc.assert(
    fc.property(histories, (choices) => {
      const { steps, terms, taken } = live(MACHINE, rules, { ...ORDINARY, ...weights }, choices);
      sum.steps += steps;
      sum.terms += terms;
      sum.taken += taken;
    }),
    // Once a history has gone wrong, so long is spent on a shorter one.
    { numRuns, interruptAfterTimeLimit: SHRINK_MS },
  );
  return sum;
}

const KINDS: Record<string, { weights: Weights; rules?: Partial<Rules> }> = {
  'lost and late answers': { weights: {} },
  'restarts, deletions and operators': { weights: { restart: 0.2, delete: 0.1, break: 0.1 } },
  'machines that sleep': { weights: { sleep: 0.5 } },
  'wall clocks that are set': { weights: { jump: 1 }, rules: { jumps: [-3_600_000, -300, 300, 3_600_000] } },
  successors: { weights: { leave: 2 }, rules: { successor: true } },
  'a fast server that tells ages': { weights: { restart: 0.5 }, rules: { serverRate: 1.01 } },
};

describe('in long histories of three contenders', () => {
  for (const [name, { weights, rules }] of Object.entries(KINDS))
    test(`nothing goes wrong with ${name}`, (t) => {
      for (const [durationMs, remote] of [
        [1_000, false],
        [15_000, true],
        [3_600_000, true],
      ] as const) {
        const { steps, terms, taken } = all({ ...rulesOf(durationMs, remote), ...rules }, weights, RUNS);
        t.diagnostic(`${durationMs} ms: ${steps} steps, ${terms} terms, ${taken} writes taken`);
        assert.ok(terms > 50 && taken > 50, 'a history in which nothing happens proves nothing');
      }
    });
});

test('patience that does not stretch with the duration is too short for the drift of clocks', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-expiry-'));
  t.after(() => rm(folder, { recursive: true }));
  const text = await readFile(join(import.meta.dirname, '../expiry.ts'), 'utf8');
  await writeFile(
    join(folder, 'expiry.ts'),
    changed(text, { find: 'const STRETCH = 1.01 / 0.99', replace: 'const STRETCH = 1' }),
  );
  const mutant = (await import(pathToFileURL(join(folder, 'expiry.ts')).href)) as { patienceMs: typeof patienceMs };
  const rules = rulesOf(100_000, true);
  const found = fc.check(
    fc.property(histories, (choices) => {
      live(MACHINE, { ...rules, timing: { ...rules.timing, patience: mutant.patienceMs } }, ORDINARY, choices);
    }),
    { numRuns: 100, endOnFailure: true },
  );
  assert.match(String(found.errorInstance), /I[15]:/);
  all(rules, {}, RUNS);
});

test('a contender waits longer by its fast clock than a holder counts by its slow one, whatever the duration', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 3_600_000 }), (durationMs) => {
      assert.ok(patienceMs(durationMs) / 1.01 > durationMs / 0.99);
      const { guardMs, suspendMs, callMs, renewMs } = timingFor(durationMs, true);
      assert.ok(suspendMs <= guardMs, 'a sleep that goes unnoticed is covered by the guard');
      assert.ok(renewMs + 2 * callMs < durationMs - guardMs, 'there is time for a renewal, a look and another renewal');
    }),
  );
});
