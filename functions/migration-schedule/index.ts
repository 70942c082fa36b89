/**
 * migration-schedule: begins an `up` for each database whose own schedule has fired.
 *
 * Trigger: schedule, every five minutes; a firing that comes while the one before still runs is skipped.
 * Input: the targets that HAWKER_DATABASES names, those of them with a `schedule`.
 * Store: where no target has one, or none was due within the hour, nothing but the firing itself is read or written; otherwise `migration-runs`, one read for each that was due, and its latest 20 where one is to be begun. Publishes `migration.run`.
 * Idempotency: a run's id follows from the target and the time it was due, so that a second firing finds it there. One whose message was not published is still `queued`, and is published again.
 * Nothing is begun for a target while one of its latest 20 runs is paused.
 * Failures: what was missed by more than an hour waits for its next time. A target whose run cannot be begun holds no other up; the firing comes again. How the run ends is told by its record, by `migration.told`.
 */
import { defineFunction } from '#shared/define.ts';
import { checkTargets } from '#shared/migrations/check-targets.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { createScheduleRun } from './handler.ts';

export default defineFunction((runtime) => {
  void checkTargets(runtime);
  const targets = () => readTargets(runtime.config);
  return {
    kind: 'schedule',
    idle: async () => (await targets()).every(({ schedule }) => schedule === undefined),
    run: createScheduleRun({ ...runtime, targets, runs: createRuns(runtime) }),
  };
});
