/**
 * migration-runs: carries out runs of migrations, one runner for each database, and goes on where a deadline ended a run.
 *
 * Trigger: each `migration.run` event, published by `migrations`, by this function itself when its time is over, or by anybody who wants a run. Its ordering key is the target.
 * Input: {run, seq} of a run whose record is there; or {target, command, steps?, version?, dryRun?, lockTimeoutMs?, maxCostUsd?, by?}, which makes one named by the event's source and id.
 * Store: `migration-runs`, where the record tells how far each run is; `migration-rollouts`, where a run that is part of one and has ended lets it go on; the lease `migrate.<target>`. What took effect is in the database, committed with each step.
 * Idempotency: by the record's state, `seq` and `claim` (shared/migrations/run.ts), and not by the inbox. A run may last longer than any ack deadline, so a claim of an event would have to
 *   be taken over while its worker lives; the lease and the database's fence can tell that, the inbox cannot. A message of an older `seq`, or of a run that has ended, does nothing.
 * Failures: what may pass puts the run back to `queued` and the event comes again; at the last delivery the run ends as failed. What cannot pass, such as a migration that the database refuses, ends it at once.
 */
import { defineFunction } from '#shared/define.ts';
import { checkTargets } from '#shared/migrations/check-targets.ts';
import { sessionsWith } from '#shared/migrations/index.ts';
import { readBundle } from '#shared/migrations/read-folder.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import { createRunner } from '#shared/migrations/runner.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { createMigrationRuns, type MigrationRunsOptions } from './handler.ts';

export default defineFunction((runtime) => {
  void checkTargets(runtime);
  const runs = createRuns(runtime);
  const targets = () => readTargets(runtime.config);
  const runner = createRunner({ ...runtime, openSession: sessionsWith(runtime), readBundle, targets, runs });
  // Few runs are part of one.
  const rollouts: MigrationRunsOptions['rollouts'] = {
    async advance(id) {
      const { createRollouts, startByQueue } = await import('#shared/migrations/rollout/rollouts.ts');
      return createRollouts({ ...runtime, runs, start: startByQueue(runtime) }).advance(id);
    },
  };
  return { kind: 'message', handle: createMigrationRuns({ runs, runner, rollouts }) };
});
