/** One event: a run that is begun, gone on with, or seen to have been. */

import type { Rollouts } from '#shared/migrations/rollout/rollouts.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import { hasEnded, type Runs, runIdOf } from '#shared/migrations/run-records.ts';
import type { Runner } from '#shared/migrations/runner.ts';
import type { EventHandler } from '#shared/queue/queue.ts';
import { parseMessage } from './schema.ts';

/** `retries` of the manifest's row. */
export const DELIVERIES = 5;
/** The row's timeout, 600 s, but for what it takes to end. */
const BUDGET_MS = 570_000;

export interface MigrationRunsOptions {
  runs: Pick<Runs, 'begin'>;
  runner: Pick<Runner, 'run'>;
  rollouts: Pick<Rollouts, 'advance'>;
}

/** Throws `invalid` for what is no such event, and what may pass. */
export function createMigrationRuns({ runs, runner, rollouts }: MigrationRunsOptions): EventHandler {
  /** Where this fails, the event comes again, finds the run ended, and comes here once more. */
  const seeEnd = async (record: RunRecord) => {
    if (record.rollout !== undefined && hasEnded(record)) await rollouts.advance(record.rollout);
  };

  return async (event, { signal }) => {
    const message = parseMessage(event.data);
    const isLast = (event.delivery.attempt ?? 1) >= DELIVERIES;
    const given = { signal, budgetMs: BUDGET_MS, isLast };
    if ('run' in message) return seeEnd(await runner.run(message.run, { ...given, seq: message.seq }));
    const asked = { by: `event ${event.source} ${event.id}`.slice(0, 200), ...message };
    const { id } = await runs.begin(asked, runIdOf(event));
    await runner.run(id, { ...given, seq: 0 });
  };
}
