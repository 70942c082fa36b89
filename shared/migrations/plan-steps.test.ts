import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { bundleOf } from './bundle.ts';
import { createWalk, type Walked } from './plan-model.ts';
import { arrows, assertRefused, at, bundleWith, historyOf, NO_FILE } from './plan-rig.ts';
import { checkForce, type Planned, planSteps, shortText } from './plan-steps.ts';
import type { Command } from './run.ts';

const plan = (
  command: Command,
  bundle = bundleWith(1, 2, 5),
  state = at(2),
  history: Parameters<typeof planSteps>[3] = [],
) => planSteps(command, bundle, state, history);

describe('a plan', () => {
  it("takes golang-migrate's steps and ends as it does, whatever the folder, the version and the command", () => {
    const versions = fc.uniqueArray(fc.nat(12), { maxLength: 8 });
    const command = fc.oneof(
      fc.record({ command: fc.constant('up' as const), steps: fc.integer({ min: -1, max: 10 }) }),
      fc.record({ command: fc.constant('down' as const), steps: fc.nat(10) }),
      fc.record({ command: fc.constant('goto' as const), version: fc.nat(12) }),
    );
    const walk = (
      asked: typeof command extends fc.Arbitrary<infer T> ? T : never,
      walks: ReturnType<typeof createWalk>,
      from: number,
    ) =>
      asked.command === 'up'
        ? walks.readUp(from, asked.steps)
        : asked.command === 'down'
          ? walks.readDown(from, asked.steps)
          : walks.read(from, asked.version);
    fc.assert(
      fc.property(versions, fc.integer({ min: -1, max: 12 }), command, (given, from, asked) => {
        const sorted = given.toSorted((a, b) => a - b);
        // Zero steps are no change before golang-migrate has looked at anything.
        const expected: Walked =
          'steps' in asked && asked.steps === 0
            ? { steps: [], error: 'no change' }
            : walk(asked, createWalk(sorted), from);
        const ours: Command =
          asked.command === 'goto'
            ? { command: 'goto', version: BigInt(asked.version) }
            : asked.command === 'up' && asked.steps === -1
              ? { command: 'up' }
              : asked;
        assert.deepEqual(
          walked(() => plan(ours, bundleWith(...given), at(from < 0 ? undefined : from))),
          expected,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('goes back from 19 digits without losing one', () => {
    const versions = [1763892581000000001n, 1763892581000000002n];
    const { steps } = plan({ command: 'down', steps: 2 }, bundleWith(...versions), at(versions[1]));
    assert.deepEqual(arrows(steps), [`${versions[1]}>${versions[0]} down`, `${versions[0]}>- down`]);
  });

  it('begins nothing on a dirty version, but for force', () => {
    const words = (version: number) => `Dirty database version ${version}. Fix and force version.`;
    for (const command of [
      { command: 'up' },
      { command: 'redo' },
      { command: 'goto', version: 2n },
      { command: 'baseline', version: 2n },
    ] as const)
      assertRefused(() => plan(command, undefined, at(2, true)), words(2), 'migration_dirty');
    assertRefused(
      () => plan({ command: 'down', steps: 1 }, undefined, at(undefined, true)),
      words(-1),
      'migration_dirty',
    );
    assert.deepEqual(plan({ command: 'force', version: 1n }, undefined, at(2, true)), { steps: [] });
  });

  it('moves the version past a direction that has no file', () => {
    const bundle = bundleOf({ '1_a.up.sql': '', '2_b.down.sql': '' });
    const [first, second] = plan({ command: 'up' }, bundle, at()).steps;
    assert.equal(first?.migration.up?.file, '1_a.up.sql');
    assert.ok(second && !second.migration.up);
  });

  it('takes the last one back and applies it again', () => {
    assert.deepEqual(arrows(plan({ command: 'redo' }).steps), ['2>1 down', '1>2 up']);
    assert.deepEqual(arrows(plan({ command: 'redo' }, undefined, at(1)).steps), ['1>- down', '->1 up']);
    assertRefused(() => plan({ command: 'redo' }, undefined, at()), 'no migration');
    assertRefused(() => plan({ command: 'redo' }, undefined, at(4)), NO_FILE(4));
  });

  it('refuses to pass an irreversible one on the way back before anything is run', () => {
    const text = '-- +job irreversible\n';
    for (const file of ['2_b.up.sql', '2_b.down.sql']) {
      const bundle = bundleOf({ '1_a.up.sql': '', '3_c.up.sql': '', [file]: text });
      const words = `${file} says that it is irreversible; nothing was run`;
      assertRefused(() => plan({ command: 'down', steps: 2 }, bundle, at(3)), words);
      assertRefused(() => plan({ command: 'goto', version: 1n }, bundle, at(3)), words);
      assertRefused(() => plan({ command: 'redo' }, bundle, at(2)), words);
      assert.equal(plan({ command: 'down', steps: 1 }, bundle, at(3)).steps.length, 1);
      assert.equal(plan({ command: 'up' }, bundle, at()).steps.length, 3);
    }
  });

  it('refuses numbers that the table cannot hold, and steps that are none', () => {
    const bundle = bundleWith(1n, 2n ** 63n);
    assertRefused(
      () => plan({ command: 'up' }, bundle, at()),
      'version 9223372036854775808 is above 9223372036854775807, the highest that the table can hold',
    );
    assert.equal(plan({ command: 'up', steps: 1 }, bundle, at()).steps.length, 1);
    for (const steps of [-1, 1.5, Number.NaN])
      assertRefused(() => plan({ command: 'up', steps }), 'steps must be a whole number from 0', 'invalid');
  });
});

describe('force and baseline', () => {
  const bundle = bundleWith(1, 2);

  it('force goes anywhere', () => {
    for (const version of [undefined, 0n, 2n, 77n, 2n ** 63n - 1n])
      checkForce({ command: 'force', version }, bundle, at(1, true));
    assertRefused(() => checkForce({ command: 'force', version: -2n }, bundle, at()), 'version must be >= -1');
    assert.throws(() => checkForce({ command: 'force', version: 2n ** 63n }, bundle, at()), /is above/);
  });

  it('baseline begins a history, at a version that there is', () => {
    checkForce({ command: 'baseline', version: 2n }, bundle, at());
    assertRefused(() => checkForce({ command: 'baseline', version: 3n }, bundle, at()), NO_FILE(3));
    assertRefused(
      () => plan({ command: 'baseline', version: 2n }, bundle, at(1)),
      'baseline is for a database without a version, and this one is at 1',
    );
  });
});

describe('a version that the bundle lacks', () => {
  const newer = bundleWith(1, 2, 3, 4);
  const older = bundleWith(1, 2);
  const history = historyOf(newer, 1, 2, 3, 4);

  it('is taken back with the text that the history kept', () => {
    const { steps } = plan({ command: 'down', steps: 3 }, older, at(4), history);
    assert.deepEqual(arrows(steps), ['4>3 down', '3>2 down', '2>1 down']);
    assert.deepEqual(
      steps.map(({ migration }) => [migration.name, migration.down?.file, migration.down?.text]),
      [
        ['v4', '4_v4.down.sql', 'down 4'],
        ['v3', '3_v3.down.sql', 'down 3'],
        ['v2', '2_v2.down.sql', 'down 2'],
      ],
    );
    assert.equal(steps[0]?.migration.down?.checksum, newer.migrations[3]?.down?.checksum);
    assert.deepEqual(arrows(plan({ command: 'goto', version: 3n }, older, at(4), history).steps), ['4>3 down']);
    assert.deepEqual(arrows(plan({ command: 'goto', version: 1n }, older, at(4), history).steps).at(-1), '2>1 down');
  });

  it('is not gone up from, nor done again, nor guessed at', () => {
    assertRefused(() => plan({ command: 'up' }, older, at(4), history), NO_FILE(4));
    assertRefused(() => plan({ command: 'redo' }, older, at(4), history), NO_FILE(4));
    assertRefused(() => plan({ command: 'goto', version: 9n }, older, at(4), history), NO_FILE(9));
    const without = history.map((row) => ({ ...row, down: undefined }));
    assertRefused(() => plan({ command: 'down', steps: 1 }, older, at(4), without), NO_FILE(4));
    assertRefused(() => plan({ command: 'down', steps: 1 }, older, at(4), historyOf(newer, 3, 4, -4)), NO_FILE(4));
  });

  it("is not passed over on the way down, since it was applied and golang-migrate would leave it behind; a file's own text comes first", () => {
    const [first] = arrows(plan({ command: 'down', steps: 1 }, bundleWith(1, 4), at(4), history).steps);
    assert.equal(first, '4>3 down');
    const changed = bundleOf({ '2_v2.up.sql': '', '2_v2.down.sql': 'changed' });
    assert.equal(
      plan({ command: 'down', steps: 1 }, changed, at(2), history).steps[0]?.migration.down?.text,
      'changed',
    );
    const lost = bundleOf({ '2_v2.up.sql': 'again' });
    assert.equal(plan({ command: 'redo' }, lost, at(2), history).steps[1]?.migration.up?.text, 'again');
    assert.equal(plan({ command: 'down', steps: 1 }, lost, at(2), history).steps[0]?.migration.down?.text, 'down 2');
  });
});

/** The plan in the model's terms. */
function walked(make: () => Planned): Walked {
  try {
    const planned = make();
    const steps = planned.steps.map(({ migration, to }): [number, number] => [
      Number(migration.version),
      Number(to ?? -1n),
    ]);
    const error = shortText(planned) ?? (steps.length === 0 ? 'no change' : undefined);
    return { steps, ...(error !== undefined && { error }) };
  } catch (error) {
    if (!isAppError(error, 'migration_refused')) throw error;
    return { steps: [], error: error.message };
  }
}
