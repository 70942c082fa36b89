import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bundleOf } from './bundle.ts';
import { arrows, at, bundleWith, historyOf } from './plan-rig.ts';
import { planSteps } from './plan-steps.ts';
import type { Command } from './run.ts';
import type { HistoryRow } from './session.ts';
import type { Policy } from './target.ts';

describe('what was merged late', () => {
  const bundle = bundleWith(1, 2, 3, 4, 5, 6);
  const history = historyOf(bundle, 1, 3, 5);
  const apply = { late: 'apply' } as const;
  const late = (command: Command, policy: Policy = apply, state = at(5)) =>
    arrows(planSteps(command, bundle, state, history, policy).steps);

  it('comes first on the way up, in its order, and leaves the version where it is; where the policy says so', () => {
    const { steps } = planSteps({ command: 'up' }, bundle, at(5), history, apply);
    assert.deepEqual(
      steps.map(({ migration }) => migration.version),
      [2n, 4n, 6n],
    );
    assert.deepEqual(arrows(steps), ['5>5 up', '5>5 up', '5>6 up']);
    for (const policy of [{}, { late: 'warn' }, { late: 'error' }] as const)
      assert.deepEqual(late({ command: 'up' }, policy), ['5>6 up']);
  });

  it('counts among the steps that were asked for', () => {
    assert.deepEqual(late({ command: 'up', steps: 1 }), ['5>5 up']);
    assert.deepEqual(late({ command: 'up', steps: 3 }), ['5>5 up', '5>5 up', '5>6 up']);
    const planned = planSteps({ command: 'up', steps: 5 }, bundle, at(5), history, apply);
    assert.deepEqual([planned.steps.length, planned.short], [3, 2]);
  });

  it('is on the way to a version that is not below', () => {
    assert.deepEqual(late({ command: 'goto', version: 6n }), ['5>5 up', '5>5 up', '5>6 up']);
    assert.deepEqual(late({ command: 'goto', version: 5n }), ['5>5 up', '5>5 up']);
    assert.deepEqual(late({ command: 'goto', version: 3n }), ['5>4 down', '4>3 down']);
    assert.deepEqual(late({ command: 'goto', version: 5n }, {}), []);
    assert.deepEqual(late({ command: 'redo' }), ['5>4 down', '4>5 up']);
  });

  it('is taken back at its place, with its text of then where the bundle lacks it and all above it', () => {
    const then = historyOf(bundle, 1, 3, 5, 2, 4);
    assert.deepEqual(arrows(planSteps({ command: 'down', steps: 3 }, bundle, at(5), then).steps), [
      '5>4 down',
      '4>3 down',
      '3>2 down',
    ]);
    const { steps } = planSteps({ command: 'down', steps: 4 }, bundleWith(1), at(5), then);
    assert.deepEqual(arrows(steps), ['5>4 down', '4>3 down', '3>2 down', '2>1 down']);
    assert.equal(steps[3]?.migration.down?.text, 'down 2');
  });

  it('is taken back with the text that it was reblessed with', () => {
    const now = bundleOf({ '2_v2.up.sql': 'up 2', '2_v2.down.sql': 'another' });
    const then = [...historyOf(now, { rebless: 2 }), ...historyOf(bundle, 1, 3, 2)];
    const { steps } = planSteps({ command: 'goto', version: 1n }, bundleWith(1), at(3), then);
    assert.deepEqual(
      steps.map(({ migration }) => migration.down?.text),
      ['down 3', 'another'],
    );
  });

  it('is applied once, whatever is merged, and every file is applied in the end', () => {
    const versions = fc.uniqueArray(fc.integer({ min: 2, max: 20 }), { maxLength: 8 });
    const turn = fc.record({ merged: versions, steps: fc.option(fc.integer({ min: 1, max: 4 })), back: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 6 }), (turns) => {
        const files = new Set([1]);
        const there = new Set<bigint>();
        let [state, rows] = [at(), [] as HistoryRow[]];
        const run = (command: Command) => {
          const now = bundleWith(...files);
          for (const { direction, migration, from, to } of planSteps(command, now, state, rows, apply).steps) {
            assert.equal(from, state.version);
            const { version } = migration;
            if (direction === 'up') {
              assert.ok(!there.has(version), `${version} is there already`);
              assert.ok(to === from || to === version);
              there.add(version);
            } else assert.ok(there.delete(version), `${version} is not there`);
            rows = [...historyOf(now, Number(direction === 'up' ? version : -version)), ...rows];
            state = { version: to, dirty: false };
          }
        };
        run({ command: 'up' });
        for (const { merged, steps, back } of turns) {
          for (const one of merged) files.add(one);
          run(steps === null ? { command: 'up' } : { command: 'up', steps });
          run({ command: 'up' });
          assert.deepEqual(
            [...there].map(Number).sort((a, b) => a - b),
            [...files].sort((a, b) => a - b),
          );
          run({ command: 'down', steps: Math.min(back, there.size - 1) });
        }
      }),
      { numRuns: 500 },
    );
  });
});
