import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Exploration, explore, type Scenario } from './explorer.ts';
import { mustGoOn } from './explorer-fair.ts';
import { SCENARIOS, UNBOUNDED } from './explorer-scenarios.ts';
import type { Machine } from './model.ts';
import { initialState, standing, wakeAt } from './state.ts';
import { step } from './step.ts';

const MACHINE: Machine = { step, standing, wakeAt, initialState };
/** More than any scenario has worlds. */
const MOST = 200_000;
/** One of so many worlds is followed to where somebody leads, with everybody alive and with each process dead in turn. */
const EVERY = 40;

function explored({ rules, left }: Scenario, most: number): Exploration {
  let seen = 0;
  return explore(MACHINE, { rules, left }, most, (world) => {
    if (seen++ % EVERY > 0) return;
    for (const dead of [undefined, ...rules.rates.keys()]) mustGoOn(MACHINE, rules, world, dead);
  });
}

describe('in every interleaving, all invariants hold', () => {
  for (const [name, scenario] of Object.entries(SCENARIOS))
    test(`with ${name}`, (t) => {
      const { states, depth, complete, violation } = explored(scenario, MOST);
      t.diagnostic(`${states} worlds, ${depth} moves deep`);
      assert.equal(violation, undefined);
      assert.ok(complete, 'there are more worlds than were walked');
    });

  test('when anything may be late by any time, as far as it was walked', (t) => {
    const { states, depth, violation } = explored(UNBOUNDED, 60_000);
    t.diagnostic(`${states} worlds, ${depth} moves deep`);
    assert.equal(violation, undefined);
    assert.ok(depth >= 9);
  });
});
