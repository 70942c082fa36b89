/** Rollouts carried out by this process, and the report on all databases. */
import { fleetReport } from '#functions/migrations/fleet-report.ts';
import { rolloutTold, wavesTold } from '#functions/migrations/rollout-told.ts';
import { systemClock } from '#shared/clock.ts';
import { AppError, isAppError, messageOf } from '#shared/errors.ts';
import { isOver, isUnderWay, type RolloutRecord } from '#shared/migrations/rollout/rollout.ts';
import { rolloutRunId, waitsBefore } from '#shared/migrations/rollout/rollouts.ts';
import { fallIntoWaves } from '#shared/migrations/rollout/waves.ts';
import { hasEnded } from '#shared/migrations/run-records.ts';
import { oneLine, say, sayJson } from '../command/print.ts';
import { UsageError } from '../command/usage.ts';
import { EXIT } from './exit-codes.ts';
import { caller, type Opened } from './open.ts';
import { sayFleet, sayRollout, sayRolloutEnd, sayWaves } from './rollout-show.ts';
import type { RolloutTyped } from './rollout-usage.ts';
import { sayRunEnd, teller } from './show.ts';
import { catchSignals, type Stop } from './signals.ts';

type Of<D extends RolloutTyped['does']> = Extract<RolloutTyped, { does: D }>;

/** Answers the exit code. */
export function runRolloutTyped(opened: Opened, typed: RolloutTyped): Promise<number> {
  if (typed.does === 'fleet') return fleet(opened, typed.json);
  return typed.does === 'rollout' ? begin(opened, typed) : goOn(opened, typed);
}

async function begin(opened: Opened, { asked, dryRun, json }: Of<'rollout'>): Promise<number> {
  const fallen = intoWaves(await opened.targets(), asked.waves);
  if (dryRun) {
    const told = wavesTold(asked.command.command, fallen);
    if (json) sayJson(told);
    else sayWaves(told);
    return EXIT.done;
  }
  return carryOn(opened, json, async (rollouts) => {
    const { id, record } = await rollouts.create({ ...asked, waves: fallen.waves, by: caller() });
    return { id, record };
  });
}

async function goOn(opened: Opened, { verb, rollout: id, json }: Of<'rollout of'>): Promise<number> {
  // Nothing is begun by showing or cancelling.
  const rollouts = opened.rollouts(async () => {});
  const found = verb === 'cancel' ? await rollouts.cancel(id, caller()) : await rollouts.get(id);
  if (verb === 'approve' && !isOver(found))
    return carryOn(opened, json, async (here) => {
      const number = waitsBefore(found);
      const record = number === undefined ? await here.advance(id) : await here.approve(id, number, caller());
      return { id, record, takeOver: true };
    });
  const told = await rolloutTold(id, found, opened.runs);
  if (json) sayJson(told);
  else sayRollout(told);
  return EXIT.done;
}

type Rollouts = ReturnType<Opened['rollouts']>;

/** Carries out here what `first` begins, until nothing of it is left to do here. `takeOver`: also the runs that are under way already, whose process may be gone. */
async function carryOn(
  opened: Opened,
  json: boolean,
  first: (rollouts: Rollouts) => Promise<{ id: string; record: RolloutRecord; takeOver?: true }>,
): Promise<number> {
  const toRun = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const rollouts = opened.rollouts(async (run) => void toRun.add(run.id));
  let rollout = '';
  const stop = catchSignals({
    stopping(signal) {
      process.stderr.write(`migrate: ${signal}: stopping after the files under way; once more ends at once\n`);
      // Before there is one, there is nothing to cancel but what the loop below sees.
      if (rollout !== '') void rollouts.cancel(rollout, caller()).catch(() => undefined);
    },
  });
  const begun = await first(rollouts);
  const { id } = begun;
  let { record } = begun;
  rollout = id;
  if (!json) say(`rollout ${id}`);
  if (begun.takeOver)
    for (const { target } of record.waves.flatMap(({ takes }) => takes).filter(isUnderWay))
      toRun.add(rolloutRunId(id, target));
  const told = { waves: 0, quiet: json };
  try {
    for (;;) {
      if (stop.by() && !isOver(record) && record.cancelledBy === undefined)
        record = await rollouts.cancel(id, caller());
      sayBegun(record, told);
      for (const run of toRun)
        if (!running.has(run))
          running.set(
            run,
            runHere(opened, run, stop, json).finally(() => running.delete(run)),
          );
      toRun.clear();
      if (isOver(record) || running.size === 0) break;
      await Promise.race(running.values());
      record = await rollouts.advance(id);
    }
  } finally {
    // Whatever went wrong with the record: a file under way is not to be torn off.
    await Promise.all(running.values());
  }
  const answer = await rolloutTold(id, record, opened.runs);
  if (json) sayJson(answer);
  else sayRolloutEnd(answer);
  return exitCodeOfRollout(record, stop.code());
}

/** Never throws: what stands in the way is told, and leaves the run to others. */
async function runHere(opened: Opened, id: string, stop: Stop, json: boolean): Promise<void> {
  try {
    const target = (await opened.runs.get(id))?.target ?? '';
    const record = await opened.watched(teller(target, json), stop).run(id, { signal: stop.signal });
    if (!json && hasEnded(record)) sayRunEnd(id, record);
  } catch (error) {
    process.stderr.write(`migrate: ${oneLine(`run ${id}: ${messageOf(error)}`)}\n`);
  }
}

function sayBegun({ waves }: RolloutRecord, told: { waves: number; quiet: boolean }): void {
  for (const [place, { takes }] of waves.entries()) {
    if (place < told.waves || takes.every(({ state }) => state === 'pending')) continue;
    told.waves = place + 1;
    if (!told.quiet) say(`wave ${place + 1} of ${waves.length}: ${takes.map(({ target }) => target).join(', ')}`);
  }
}

function exitCodeOfRollout({ state, waves }: RolloutRecord, signalled: number | undefined): number {
  if (state === 'done')
    return waves.some(({ takes }) => takes.some(({ changed }) => changed)) ? EXIT.done : EXIT.noChange;
  if (signalled !== undefined) return signalled;
  return isOver({ state }) ? EXIT.failed : EXIT.continued;
}

async function fleet({ targets, runner }: Opened, json: boolean): Promise<number> {
  const errorTold = (_: string, error: unknown) => {
    if (error instanceof AppError) return { code: error.code, detail: error.message };
    throw error;
  };
  const asked = { databases: runner, targets: await targets(), fingerprints: true, clock: systemClock, errorTold };
  const report = await fleetReport(asked);
  if (json) sayJson(report);
  else sayFleet(report);
  if (report.dirty.length + report.unequal.length > 0) return EXIT.drift;
  return report.unreachable.length > 0 ? EXIT.failed : EXIT.done;
}

function intoWaves(...given: Parameters<typeof fallIntoWaves>): ReturnType<typeof fallIntoWaves> {
  try {
    return fallIntoWaves(...given);
  } catch (error) {
    if (isAppError(error, 'invalid')) throw new UsageError(error.errors?.[0]?.detail ?? error.message);
    throw error;
  }
}
