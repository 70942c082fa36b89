import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bundleOf } from './bundle.ts';
import { assertRefused, at, bundleWith, historyOf, NO_FILE } from './plan-rig.ts';
import { planSteps } from './plan-steps.ts';
import { checkRebless } from './rebless.ts';
import type { Command } from './run.ts';

describe('rebless', () => {
  const applied = bundleWith(1, 2, 3);
  const history = historyOf(applied, 1, 2, 3);
  const bundle = bundleOf({
    ...{ '1_v1.up.sql': 'up one', '1_v1.down.sql': 'down 1', '2_v2.up.sql': 'up 2', '2_v2.down.sql': 'down two' },
    ...{ '3_v3.up.sql': 'up three', '3_v3.down.sql': 'down 3', '4_v4.up.sql': '' },
  });
  const found = (version?: bigint, state = at(3), rows = history) =>
    checkRebless({ command: 'rebless', ...(version !== undefined && { version }) }, bundle, state, rows).map((one) =>
      Number(one.version),
    );

  it('is for what was edited since it was applied, one way or the other', () => {
    const edited = [1, 2, 3];
    assert.deepEqual([found(), found(1n), found(2n)], [edited, [1], [2]]);
    assert.deepEqual(found(undefined, at(1)), [1]);
    assert.deepEqual(found(undefined, at(), []), []);
  });

  it('leaves alone what another tool applied, or was only found to be applied', () => {
    assert.deepEqual([found(1n, at(3), historyOf(applied, 3)), found(1n, at(3), [])], [[], []]);
    assert.deepEqual(
      found(
        undefined,
        at(3),
        history.map((row) => ({ ...row, checksum: undefined })),
      ),
      [],
    );
  });

  it('refuses what was not applied or has no file, and a dirty database', () => {
    const command = (version?: bigint): Command => ({ command: 'rebless', ...(version !== undefined && { version }) });
    const words = 'version 4 was not applied, so there is nothing that its file could stand for';
    assertRefused(() => planSteps(command(4n), bundle, at(3), history), words);
    assertRefused(() => planSteps(command(2n), bundle, at(3), historyOf(applied, 1, 3)), words.replace('4', '2'));
    assertRefused(() => planSteps(command(9n), bundle, at(3), history), NO_FILE(9));
    assertRefused(
      () => planSteps(command(), bundle, at(3, true), history),
      'Dirty database version 3. Fix and force version.',
      'migration_dirty',
    );
    assert.deepEqual(planSteps(command(), bundle, at(3), history), { steps: [] });
  });
});
