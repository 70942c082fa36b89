/** Chaos on the Firestore emulator: one of the run's own, which it kills and replaces, where the Google Cloud SDK is at hand. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { openBacking } from '../../scripts/lease/chaos/backing.ts';
import { FAULTS } from '../../scripts/lease/chaos/faults.ts';
import { assertMuchHappened } from './command.ts';
import { chaosOn } from './rig.ts';

const { FIRESTORE_EMULATOR_HOST, CI } = process.env;
if (!FIRESTORE_EMULATOR_HOST && CI) throw new Error('CI must run the emulators: FIRESTORE_EMULATOR_HOST is not set');

guardAgainstLeaks();

it('finds nothing wrong with leases on Firestore in a minute of kills, stops, lying wall clocks, cut connections and lost data', {
  skip:
    !FIRESTORE_EMULATOR_HOST &&
    'needs the Firestore emulator; npm test starts it from the Google Cloud SDK (FIRESTORE_EMULATOR_HOST)',
}, async () => {
  const procs = 5;
  const options = { kind: 'firestore', procs, cut: true } as const;
  const report = await chaosOn(
    (folder) =>
      openBacking({ ...options, folder, environment: {} }).catch(() =>
        openBacking({ ...options, folder, environment: { FIRESTORE_EMULATOR_HOST } }),
      ),
    { procs, seconds: 60, durationMs: 2_000, faults: FAULTS },
  );
  const story = JSON.stringify(report, undefined, 1);
  assert.deepEqual(report.violations, [], story);
  assertMuchHappened(report, { elections: 10, kills: 8, stops: 10, wallClockJumps: 8, commits: 30, stale: 1 });
  const { answersLost, requestsLost, dropped, stalled, delayed, emulatorRestarts } = report.faults;
  assert.ok(answersLost >= 1 && answersLost + requestsLost + dropped >= 8 && stalled + delayed >= 4, story);
  if (report.store.includes('its own')) assert.ok(emulatorRestarts >= 1, story);
});
