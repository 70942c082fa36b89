import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bundleOf } from './bundle.ts';
import { checkDeviations, editedMigrations, lateMigrations, missingMigrations } from './deviations.ts';
import { at, bundleWith, historyOf } from './plan-rig.ts';

const versions = (found: readonly { version: bigint }[]) => found.map(({ version }) => Number(version));
const late = (
  bundle: ReturnType<typeof bundleWith>,
  current: number | undefined,
  ...done: Parameters<typeof historyOf> extends [unknown, ...infer Rest] ? Rest : never
) => versions(lateMigrations(bundle, at(current), historyOf(bundle, ...done)));

describe('a migration is late', () => {
  const bundle = bundleWith(1, 2, 3, 4, 5);

  it('when the database is past it and never applied it', () => {
    assert.deepEqual(late(bundle, 4, 1, 3, 4), [2]);
    assert.deepEqual(late(bundle, 4, 1, 2, 3, 4), []);
    assert.deepEqual(late(bundle, 5, 1, 2, 3, -3, -2, 4, 5), [2, 3]);
  });

  it('but not when the history cannot know: before its first row, or skipped by force and baseline', () => {
    assert.deepEqual(late(bundle, 5), []);
    assert.deepEqual(late(bundle, 5, 4, 5), []);
    assert.deepEqual(late(bundle, 5, { baseline: 3 }, 5), [4]);
    assert.deepEqual(late(bundle, 5, 1, { force: 4 }, 5), []);
    assert.deepEqual(late(bundle, 4, 4, -4, 4), []);
    assert.deepEqual(late(bundle, undefined, 1, 3, -3, -1), []);
    assert.deepEqual(late(bundle, 3, 1, 2, -2, { force: 2 }, 3), []);
    assert.deepEqual(late(bundle, 3, { force: -1 }, 3), [1, 2]);
  });

  it('nor for a force that only repaired', () => {
    assert.deepEqual(late(bundle, 5, 1, 3, { force: 4 }, 5), [2]);
    assert.deepEqual(late(bundle, 5, 1, 3, { force: 3 }, 4, 5), [2]);
    assert.deepEqual(late(bundle, 3, 1, 2, 4, { force: 3 }), []);
  });

  it('never where the same bundle went up and down by itself', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), fc.nat(3), (moves, lost) => {
        let current = 0;
        const done = moves.flatMap((up) => {
          if (up) return current < 5 ? ++current : [];
          return current > 0 ? -current-- : [];
        });
        // A history may be read without its oldest rows.
        assert.deepEqual(late(bundle, current || undefined, ...done.slice(lost)), []);
      }),
    );
  });
});

describe('an edited or missing migration', () => {
  const bundle = bundleWith(1, 2, 3);
  const history = historyOf(bundle, 1, 2, 3);

  it('is one whose text is not what was applied', () => {
    const changed = bundleOf({
      '1_v1.up.sql': 'up 1',
      '2_v2.up.sql': 'up two',
      '3_v3.down.sql': 'x',
      '4_new.up.sql': '',
    });
    assert.deepEqual(versions(editedMigrations(bundle, at(3), history)), []);
    assert.deepEqual(versions(editedMigrations(changed, at(3), history)), [2, 3]);
    assert.deepEqual(versions(editedMigrations(changed, at(2), history)), [2]);
    assert.deepEqual(versions(editedMigrations(changed, at(3), historyOf(bundle, 1, 2, 3, -3, -2))), []);
    const unknown = history.map((row) => ({ ...row, checksum: undefined }));
    assert.deepEqual(versions(editedMigrations(changed, at(3), unknown)), []);
  });

  it('or was applied, not taken back, and has no file', () => {
    assert.deepEqual(versions(missingMigrations(bundleWith(2), at(3), history)), [1, 3]);
    assert.deepEqual(versions(missingMigrations(bundleWith(2), at(2), history)), [1]);
    assert.deepEqual(versions(missingMigrations(bundle, at(3), history)), []);
    assert.deepEqual(
      versions(missingMigrations(bundleWith(1, 3), at(3), historyOf(bundle, 1, 2, { force: 1 }, 3))),
      [],
    );
  });
});

describe('the policy', () => {
  const applied = bundleWith(1, 3);
  const bundle = bundleOf({ '1_v1.up.sql': 'edited', '2_late.up.sql': '', '3_v3.up.sql': 'up 3' });
  const given = [bundle, at(3), historyOf(applied, 1, 3)] as const;

  it('warns unless told to refuse, and then names the versions', () => {
    checkDeviations({}, ...given);
    assert.throws(() => checkDeviations({ late: 'refuse', edited: 'refuse' }, ...given), {
      code: 'migration_refused',
      message: 'merged late, so never applied: 2; edited since they were applied: 1',
    });
    assert.throws(() => checkDeviations({ edited: 'refuse' }, ...given), {
      message: 'edited since they were applied: 1',
    });
    checkDeviations({ late: 'refuse', edited: 'refuse' }, applied, ...([given[1], given[2]] as const));
  });

  it('names ten at most', () => {
    const many = bundleWith(...Array.from({ length: 13 }, (_, index) => index + 1));
    assert.throws(() => checkDeviations({ late: 'refuse' }, many, at(13), historyOf(many, 1, 13)), {
      message: 'merged late, so never applied: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more',
    });
  });
});
