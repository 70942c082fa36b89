/** The commands. What --json prints is what the HTTP interface answers. */
import {
  driftTold,
  historyTold,
  holderTold,
  lookedTold,
  planTold,
  runTold,
  targetTold,
} from '#functions/migrations/told.ts';
import { stateTold, versionTold } from '#functions/migrations/versions.ts';
import { systemClock } from '#shared/clock.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import { leaseName } from '#shared/migrations/look.ts';
import type { Target } from '#shared/migrations/target.ts';
import { say, sayJson } from '../command/print.ts';
import { UsageError } from '../command/usage.ts';
import { EXIT, exitCodeOfRun, exitCodeOfStatus } from './exit-codes.ts';
import { lint } from './lint.ts';
import { caller, type Opened, openMigrate } from './open.ts';
import { rehearse } from './rehearse.ts';
import { runRolloutTyped } from './rollout.ts';
import { sayHistory, sayHolders, sayPlan, sayRunEnd, sayStatus, sayVerified, teller } from './show.ts';
import { catchSignals } from './signals.ts';
import type { Typed } from './usage.ts';

/** Answers the exit code. */
export async function runTyped(typed: Typed): Promise<number> {
  // It may need no settings and no store.
  if (typed.does === 'lint') return lint(typed, chosenOf);
  // Awaited, since what it uses is closed when this returns.
  await using opened = await openMigrate();
  return await opened.observed(`migrate ${typed.does === 'run' ? typed.command.command : typed.does}`, () =>
    carryOut(opened, typed),
  );
}

async function carryOut(opened: Opened, typed: Exclude<Typed, { does: 'lint' }>): Promise<number> {
  switch (typed.does) {
    case 'status':
      return status(opened, typed);
    case 'plan':
      return plan(opened, typed);
    case 'rehearse':
      return rehearse(opened, typed, chosenOf);
    case 'rollout':
    case 'rollout of':
    case 'fleet':
      return runRolloutTyped(opened, typed);
    case 'run':
      return run(opened, typed);
    case 'verify':
      return verify(opened, typed);
    case 'history':
      return history(opened, typed);
    case 'cancel':
    case 'pause':
      return stop(opened, typed);
    case 'resume':
      return resume(opened, typed);
    case 'unlock':
      return unlock(opened, typed);
    case 'create':
      return create(opened, typed);
  }
}

type Of<D extends Typed['does']> = Extract<Typed, { does: D }>;

async function status({ targets, runner }: Opened, { target, json }: Typed): Promise<number> {
  const all = await targets();
  const chosen = target === undefined ? all : [await chosenOf(all, target)];
  const items = await Promise.all(
    chosen.map(async (one) => {
      const told = targetTold(one);
      try {
        const { drift, holders, lease, ...looked } = await runner.status(one.name);
        const holder = holderTold(lease, holders);
        return { ...told, ...lookedTold(looked), drift: driftTold(drift), ...(holder && { holder }) };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { ...told, error: { code: error.code, detail: error.message } };
      }
    }),
  );
  if (json) sayJson(target === undefined ? { items } : items[0]);
  else for (const item of items) sayStatus(item);
  return exitCodeOfStatus(items);
}

async function plan({ targets, runner }: Opened, { target, json, command, weigh }: Of<'plan'>): Promise<number> {
  const { name } = await chosenOf(await targets(), target);
  const planned = planTold(command.command, await runner.plan(name, command, undefined, weigh));
  if (json) sayJson(planned);
  else sayPlan(name, planned);
  return EXIT.done;
}

async function run({ targets, carryOut }: Opened, typed: Of<'run'>): Promise<number> {
  const { target, json, command, lockTimeoutMs, maxCostUsd } = typed;
  const { name } = await chosenOf(await targets(), target);
  const asked = {
    ...{ target: name, command },
    ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
    ...(maxCostUsd !== undefined && { maxCostUsd }),
  };
  const { id, record, stop } = await carryOut(asked, teller(name, json));
  if (json) sayJson(runTold(id, record));
  else sayRunEnd(id, record);
  return exitCodeOfRun(record, stop.code());
}

async function verify({ targets, runner }: Opened, { target, json }: Typed): Promise<number> {
  const { name } = await chosenOf(await targets(), target);
  const { drift, state, historyAt, ok } = await runner.verify(name);
  const told = {
    ...{ target: name, ok, ...stateTold(state), drift: driftTold(drift) },
    ...(historyAt !== undefined && { historyAt: versionTold(historyAt ?? undefined) }),
  };
  if (json) sayJson(told);
  else sayVerified(told);
  if (state.dirty) return EXIT.dirty;
  return ok ? EXIT.done : EXIT.drift;
}

async function history({ targets, runner }: Opened, { target, json, limit }: Of<'history'>): Promise<number> {
  const { name } = await chosenOf(await targets(), target);
  const items = (await runner.history(name, limit)).map(historyTold);
  if (json) sayJson({ items });
  else sayHistory(name, items);
  return EXIT.done;
}

async function stop({ runs, moveOn }: Opened, { does, json, run: id }: Of<'cancel' | 'pause'>): Promise<number> {
  const record = does === 'cancel' ? await runs.cancel(id) : await runs.pause(id);
  if (!record) throw new AppError('not_found', `there is no run ${id}, or none any more`);
  // Of one that was paused no message comes any more.
  await moveOn(record);
  if (json) sayJson(runTold(id, record));
  else if (record.endedAt !== undefined || record.state === 'paused') say(`${id}: ${record.state}`);
  else say(`${id}: it stops before its next file or page`);
  return EXIT.done;
}

/** Carries a paused run out here, as `up` does; of one that somebody works on it only takes back that it is to be paused. */
async function resume({ runs, watched, moveOn }: Opened, { json, run: id }: Of<'resume'>): Promise<number> {
  const found = await runs.resume(id);
  if (!found) throw new AppError('not_found', `there is no run ${id}, or none any more`);
  const told = teller(found.target, json);
  const caught = catchSignals(told);
  const record = found.state === 'queued' ? await watched(told, caught).run(id, { signal: caught.signal }) : found;
  await moveOn(record);
  if (json) sayJson(runTold(id, record));
  else sayRunEnd(id, record);
  return exitCodeOfRun(record, caught.code());
}

/** Ends no session of the database by itself: whether it may be ended, only people know. */
async function unlock({ targets, runner, leases }: Opened, { target, json, yes }: Typed): Promise<number> {
  const { name } = await chosenOf(await targets(), target);
  const held = await (await leases()).observe(leaseName(name));
  const broken = yes && held?.holder !== undefined;
  // Before the database is asked, which takes a while or does not answer: by then it may be somebody else's.
  if (broken) await (await leases()).break(held.name, 'unlock', caller());
  const looked = await runner.status(name).catch((error: unknown) => {
    if (isAppError(error)) return { error: { code: error.code, detail: error.message } };
    throw error;
  });
  const holder = holderTold(held, 'error' in looked ? [] : looked.holders);
  if (json) sayJson({ target: name, broken, ...(holder && { holder }), ...('error' in looked && looked) });
  else sayHolders(name, { broken, ...(holder && { holder }), ...('error' in looked && looked) });
  if (held?.holder !== undefined && !yes) throw new UsageError('nothing was changed: add --yes to break the lease');
  return EXIT.done;
}

async function create({ targets }: Opened, { target, json, name, time }: Of<'create'>): Promise<number> {
  const { folder, ...of } = await chosenOf(await targets(), target);
  if (typeof folder !== 'string')
    throw new AppError('not_configured', `${of.name} has no folder: name one in HAWKER_DATABASES`);
  const { create: createFiles } = await import('#shared/migrations/create-files.ts');
  const extension = of.kind === 'firestore' ? 'ts' : 'sql';
  const numbered = time ? { time: new Date(systemClock.now()) } : ({ sequential: true } as const);
  const files = await createFiles(folder, name, { ...numbered, extension }).catch((error: unknown) => {
    // golang-migrate's words, which know nothing of ours.
    if (time || !isAppError(error, 'invalid') || !error.message.startsWith('next sequence number')) throw error;
    throw new AppError('invalid', `${error.message}; --time puts the time there instead`);
  });
  if (json) sayJson({ target: of.name, files });
  else for (const file of files) say(file);
  return EXIT.done;
}

async function chosenOf(all: readonly Target[], name: string | undefined): Promise<Target> {
  const names = all.map((one) => one.name).join(', ');
  const found = name === undefined ? all[0] : all.find((one) => one.name === name);
  if (name === undefined && all.length > 1) throw new UsageError(`which one? Add --target, of ${names}`);
  if (!found)
    throw new UsageError(`there is no target ${name ?? ''}; there ${all.length === 0 ? 'are none' : `is ${names}`}`);
  return found;
}
