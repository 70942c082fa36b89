/** Opens what migrating needs, in this process: the store, the leases, the queue that the settings name, and the runner on them. */
import { hostname, userInfo } from 'node:os';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import type { Leases } from '#shared/lease/lease.ts';
import { sessionsWith } from '#shared/migrations/index.ts';
import type { Bundle } from '#shared/migrations/migration.ts';
import { readBundle } from '#shared/migrations/read-folder.ts';
import { type Rehearsal, rehearse } from '#shared/migrations/rehearse/rehearse.ts';
import { createRollouts, type Rollouts, startByQueue } from '#shared/migrations/rollout/rollouts.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import { type AskedRun, createRuns, hasEnded, type Runs } from '#shared/migrations/run-records.ts';
import { createRunner, type Runner } from '#shared/migrations/runner.ts';
import type { Target } from '#shared/migrations/target.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { openRuntime } from '#shared/runtime.ts';
import { openWorkplace } from '../command/workplace.ts';
import { type ObservedCommand, observeCommand } from './observed-command.ts';
import { catchSignals, type Stop } from './signals.ts';
import { type Teller, watchRuns, watchSession } from './watch.ts';

const CLOSE_MS = 3_000;

export interface Opened extends AsyncDisposable {
  /** What of the command is part of its trace; once. */
  observed: ObservedCommand['run'];
  targets(): Promise<readonly Target[]>;
  bundle(target: Target): Promise<Bundle>;
  leases(): Promise<Leases>;
  runs: Runs;
  /** For looking alone; `carryOut` is what runs. */
  runner: Runner;
  /** On a database of its own. */
  rehearsed(target: Target, signal: AbortSignal): Promise<Rehearsal>;
  /** What carries out runs here, telling of it. */
  watched(teller: Teller, stop: Stop): Runner;
  /** `start` is told of each run that is to be carried out. */
  rollouts(start: Parameters<typeof createRollouts>[0]['start']): Rollouts;
  /** Has what follows in the rollout that a run was part of, if it has ended, begun by whoever takes the queue's messages. */
  moveOn(run: RunRecord): Promise<void>;
  /** Runs it to its end here, telling of it. */
  carryOut(asked: Omit<AskedRun, 'by'>, teller: Teller): Promise<{ id: string; record: RunRecord; stop: Stop }>;
}

/** `only`: instead of those that the settings name. Closed with the scope. Throws ConfigError and AppError. */
export async function openMigrate(only?: Target): Promise<Opened> {
  const { config, log } = openWorkplace('migrate', 'made');
  const parts = { config, log, clock: systemClock, ids: systemIds };
  const runtime = await openRuntime({ ...parts, subscriptions: subscriptionsOf(MANIFEST), prefix: '' });
  const command = await observeCommand(parts);
  const targets = async () => (only ? [only] : readTargets(config));
  const runs = createRuns(runtime);
  const openSession = sessionsWith(runtime);
  const common = { ...runtime, readBundle, targets };
  const watched: Opened['watched'] = (teller, stop) =>
    createRunner({
      ...common,
      runs: watchRuns(runs, teller),
      openSession: async (target, options) => watchSession(await openSession(target, options), { teller, stop }),
    });
  return {
    observed: command.run,
    watched,
    rehearsed: async (target, signal) => rehearse(target, { ...runtime, bundle: await readBundle(target), signal }),
    rollouts: (start) => createRollouts({ ...runtime, runs, start }),
    ...{ targets, bundle: readBundle, leases: () => runtime.leases(), runs },
    runner: createRunner({ ...common, openSession, runs }),

    async moveOn(run) {
      if (run.rollout === undefined || !hasEnded(run)) return;
      await createRollouts({ ...runtime, runs, start: startByQueue(runtime) }).advance(run.rollout);
    },

    async carryOut(asked, teller) {
      const stop = catchSignals(teller);
      const { id } = await runs.begin({ ...asked, by: caller() });
      teller.began?.(id);
      return { id, record: await watched(teller, stop).run(id, { signal: stop.signal }), stop };
    },

    async [Symbol.asyncDispose]() {
      await runtime.close(CLOSE_MS);
      await command.close();
    },
  };
}

/** Who asks, for records and histories. */
export function caller(): string {
  return `${user()}@${hostname()} (command line)`;
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have it.
    return String(process.getuid?.() ?? 'unknown');
  }
}
