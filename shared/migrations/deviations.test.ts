import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bundleOf } from './bundle.ts';
import { checkDeviations, editedMigrations, lateMigrations, missingMigrations } from './deviations.ts';
import { at, bundleWith, historyOf } from './plan-rig.ts';
import { replayHistory } from './replay-history.ts';

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
    assert.deepEqual(late(bundle, 2, 1, 3, { force: 2 }), []);
  });

  it('no more once it was applied, which leaves the version where it is, until it is taken back', () => {
    assert.deepEqual(late(bundle, 5, 1, 5, 2, 4), [3]);
    assert.deepEqual(late(bundle, 5, 1, 4, 2, 3, 5), []);
    assert.deepEqual(late(bundle, 5, 1, 3, 2, -3, -2, 4, 5), [2, 3]);
    assert.deepEqual(late(bundle, 3, 1, 3, 2, -3, -2, 2, 3), []);
  });

  it('also where a `down` came to it, which had passed it over on the way up', () => {
    assert.deepEqual(late(bundle, 2, 1, 3, -3), [2]);
    assert.deepEqual(late(bundle, 2, 1, 3, -3, 2), []);
    assert.deepEqual(versions(lateMigrations(bundle, at(2, true), historyOf(bundle, 1, 3, -3))), []);
  });

  it('but not where another tool moved the database there, before or since', () => {
    assert.deepEqual(late(bundle, 5, 1, 2), []);
    assert.deepEqual(late(bundle, 5, 1, 3), [2]);
    assert.deepEqual(late(bundle, 3, 1, 2, 3, -3, -2), []);
    // Back to 1 by somebody else, then up again by us and on by them.
    assert.deepEqual(late(bundle, 3, 1, 2, 3, 2), []);
    // What carries a run out leaves this row where it finds the database elsewhere.
    assert.deepEqual(late(bundle, 5, 1, { baseline: 3 }, 4, 5), []);
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

describe('a history', () => {
  const bundle = bundleWith(1, 2, 3, 4, 5);
  const past = (
    current: number | undefined,
    ...done: Parameters<typeof historyOf> extends [unknown, ...infer Rest] ? Rest : never
  ) => replayHistory(historyOf(bundle, ...done), at(current).version);

  it('ends where its rows left the database, whatever was applied late or reblessed since', () => {
    assert.deepEqual(past(3, 1, 3, 2).end, { at: 3n });
    assert.deepEqual(past(3, 1, 3, { rebless: 1 }).end, { at: 3n });
    assert.deepEqual(past(3, 1, 2, 4, { rebless: 2 }, -4).end, { below: 4n });
    assert.deepEqual(past(undefined).end, undefined);
  });

  it('says whether the database is still there', () => {
    const agrees = (...given: Parameters<typeof past>) => past(...given).agrees;
    assert.deepEqual(
      [agrees(3, 1, 3, 2), agrees(2, 1, 3, 2), agrees(4, 1, 3), agrees(undefined, 1)],
      [true, false, false, false],
    );
    assert.deepEqual(
      [agrees(2, 1, 3, -3), agrees(1, 1, 2, 3, -3), agrees(3, 3, -3), agrees(undefined, 1, -1)],
      [true, false, false, true],
    );
    assert.deepEqual([agrees(undefined, { force: -1 }), agrees(7)], [true, true]);
  });
});

describe('what was reblessed', () => {
  const applied = bundleWith(1, 2, 3);
  const now = bundleOf({
    '1_v1.up.sql': 'up one',
    '1_v1.down.sql': 'down one',
    '2_v2.up.sql': 'up two',
    '3_v3.up.sql': 'up 3',
  });
  const rows = (...done: Parameters<typeof historyOf> extends [unknown, ...infer Rest] ? Rest : never) =>
    historyOf(now, ...done);
  const history = [...rows({ rebless: 1 }), ...historyOf(applied, 1, 2, 3)];

  it('counts as what was applied, with the way back that it has now', () => {
    assert.deepEqual(versions(editedMigrations(now, at(3), history)), [2]);
    assert.deepEqual(versions(editedMigrations(applied, at(3), history)), [1]);
    const { applied: of } = replayHistory(history, 3n);
    assert.deepEqual([of.get(1n)?.down, of.get(1n)?.direction, of.get(2n)?.down], ['down one', 'up', 'down 2']);
  });

  it('no more once it was taken back and applied again', () => {
    const again = [...historyOf(applied, -3, -2, -1, 1), ...history];
    assert.deepEqual(versions(editedMigrations(now, at(1), again)), [1]);
  });
});

describe('the policy', () => {
  const applied = bundleWith(1, 3);
  const bundle = bundleOf({ '1_v1.up.sql': 'edited', '2_late.up.sql': '', '3_v3.up.sql': 'up 3' });
  const given = [bundle, at(3), historyOf(applied, 1, 3)] as const;

  it('warns unless told to refuse, and then names the versions', () => {
    checkDeviations({}, ...given);
    assert.throws(() => checkDeviations({ late: 'error', edited: 'error' }, ...given), {
      code: 'migration_refused',
      message:
        'merged late, so never applied: 2 (give them a later version, or let the policy say `late: "apply"`); ' +
        'edited since they were applied: 1 (restore their files, or `rebless` them)',
    });
    checkDeviations({ late: 'apply' }, ...given);
    assert.throws(() => checkDeviations({ missing: 'error' }, bundleWith(3), given[1], given[2]), {
      message: 'applied, and without a file now: 1 (restore their files)',
    });
    const strict = { late: 'error', edited: 'error', missing: 'error' } as const;
    checkDeviations(strict, applied, ...([given[1], given[2]] as const));
  });

  it('names ten at most', () => {
    const many = bundleWith(...Array.from({ length: 13 }, (_, index) => index + 1));
    assert.throws(() => checkDeviations({ late: 'error' }, many, at(13), historyOf(many, 1, 13)), {
      message: /^merged late, so never applied: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more \(/,
    });
  });
});
