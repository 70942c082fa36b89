/** The work of a run that has the lease and the database's lock: from what has taken effect already to the last step there is time for. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Held } from '../lease/lease.ts';
import type { Log } from '../log.ts';
import { applyStep, placeOf } from './apply-step.ts';
import { askProgress } from './ask-progress.ts';
import { checkDeviations, warningsOf } from './deviations.ts';
import type { Bundle, Step, VersionState } from './migration.ts';
import { measureRun, observePages, observeStep, partText } from './observed-run.ts';
import { planSteps, shortText } from './plan-steps.ts';
import { checkRebless, rebless } from './rebless.ts';
import { replayHistory } from './replay-history.ts';
import type { Command, RunRecord } from './run.ts';
import type { Claim } from './run-claim.ts';
import type { Told } from './run-events.ts';
import { createProgress, type Progress } from './run-progress.ts';
import { commandOf, stopWanted } from './run-records.ts';
import type { Applied, ApplyGiven, HistoryRow, Session, StopReason } from './session.ts';
import { dirtyError, rowAhead, settleDirty } from './settle-dirty.ts';
import type { Policy } from './target.ts';

/** Kept back to end in good order: to stamp, to write the record, to publish. */
export const RESERVE_MS = 15_000;
/** More than any bundle has steps. */
const MOST_ROWS = 100_000;

export interface CarryOut {
  id: string;
  claim: Claim;
  session: Session;
  held: Held;
  bundle: Bundle;
  policy: Policy;
  told: Told;
  /** Milliseconds until the process should have ended. */
  left: () => number;
  /** Aborts when no further step should begin. */
  stop: AbortSignal;
  /** Aborts when the step under way should be given up too. */
  giveUp: AbortSignal;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export type Outcome = {
  end: 'done' | StopReason;
  /** Steps took effect, but fewer than were asked for, in golang-migrate's words. */
  short?: string;
};

/** Throws what stopped it; what took effect before is in the record all the same. */
export async function carryOut(parts: CarryOut): Promise<Outcome> {
  const { id, claim, session, held, bundle, told, clock, stop } = parts;
  const { by } = claim.record;
  const given = { token: held.token, run: id, by, bundle: bundle.hash };
  const asked = commandOf(claim.record);
  let state = await session.state();
  let history = await session.history(MOST_ROWS);
  await claim.update((found) => ({ ...found, token: held.token, from: found.from ?? shown(state) }));

  if (asked.command === 'force' || asked.command === 'baseline') {
    const to = { version: asked.version, dirty: false };
    // Whoever stamped it may have died before it was noted.
    if (!history.some((row) => row.run === id)) {
      const wanted = stopWanted(claim.record);
      if (wanted) return { end: wanted };
      planSteps(asked, bundle, state, history);
      told.started(claim.record);
      held.assert();
      const name = bundle.migrations.find(({ version }) => version === asked.version)?.name ?? '';
      await session.stamp(to, { ...given, direction: asked.command, name: asked.command === 'baseline' ? name : '' });
    }
    await claim.update((found) => ({ ...found, to: shown(to), changed: true }));
    return { end: 'done' };
  }

  if (asked.command === 'rebless') {
    const edited = checkRebless(asked, bundle, state, history);
    const wanted = stopWanted(claim.record);
    if (wanted) return { end: wanted };
    const before = history.filter((row) => row.run === id).length;
    if (before === 0) told.started(claim.record);
    await rebless(session, edited, { state, held, stop, given });
    const done = before + edited.length;
    await claim.update((found) => ({ ...found, to: shown(state), planned: done, done }));
    return { end: 'done' };
  }

  let resume: Step | undefined;
  if (!state.dirty && !replayHistory(history, state.version).agrees) {
    // Another tool was at work. Without this row, what it applied would look as if it never was, once there are rows above it.
    const name = bundle.migrations.find(({ version }) => version === state.version)?.name ?? '';
    held.assert();
    await session.stamp(state, { ...given, direction: 'baseline', name });
    history = await session.history(MOST_ROWS);
  }
  if (state.dirty) {
    const settled = await settleDirty(session, { state, bundle, history, given });
    resume = settled.resume;
    state = settled.state;
    history = await session.history(MOST_ROWS);
    if (resume && !mayResume(resume, asked, claim.record)) throw dirtyError(state, [resume]);
    // Planned on where it will be when that step has ended.
    if (resume) state = { version: resume.to, dirty: false };
  }

  const rows = history.filter((row) => isStepOf(row, id));
  const progress = createProgress(claim, rows, parts);
  const rest = restOf(asked, claim.record, progress.done + (resume ? 1 : 0));
  const known = resume ? [rowAhead(resume, given), ...history] : history;
  // Its second half is a `goto`, and nothing else is to be taken on that way.
  const policy = asked.command === 'redo' ? {} : parts.policy;
  const planned = rest ? planSteps(rest, bundle, state, known, policy) : { steps: [] };
  const began = claim.record.from?.version ?? undefined;
  const from = began === undefined ? undefined : BigInt(began);
  await warn(parts, warningsOf(asked, from, parts.policy, bundle, state, known));
  if (planned.steps.some(({ direction }) => direction === 'up')) checkDeviations(parts.policy, bundle, state, known);
  const steps = [...(resume ? [resume] : []), ...planned.steps];
  const [first] = steps;
  await claim.update((found) => ({
    ...found,
    ...progress.told(),
    planned: progress.done + steps.length,
    // Once it is taken back, nothing else tells which one to apply again.
    ...(asked.command === 'redo' &&
      found.version === undefined &&
      first && { version: String(first.migration.version) }),
  }));
  if (progress.done === 0) told.started(claim.record);
  // Whoever did that one may have died before it was told.
  else tellAgain(told, claim.record, progress.done);

  let taken = 0;
  let end: Parameters<typeof partText>[0] = 'failed';
  const ends = (outcome: Outcome) => {
    end = outcome.short === undefined ? outcome.end : 'failed';
    return outcome;
  };
  const { target } = claim.record;
  const unmeasured = measureRun(target, { left: () => steps.length - taken, idleMs: () => progress.idleMs });
  try {
    for (const step of steps) {
      held.assert();
      if (stop.aborted) throw stop.reason;
      const wanted = await progress.wantsStop();
      if (wanted) return ends({ end: wanted });
      if (taken > 0 && parts.left() < progress.slowestMs + RESERVE_MS) return ends({ end: 'time over' });
      const more = taken < steps.length - 1;
      const following = steps[taken + 1];
      const next = following && { step: following, more: taken + 2 < steps.length };
      const takeIt = () => take(step, { ...given, more, ...(next && { next }) }, progress, parts);
      const { ms, stopped } = await observeStep(step, { id, target }, takeIt).catch((error: unknown) => {
        throw named(error, step);
      });
      if (stopped) return ends({ end: stopped });
      taken++;
      const entry = progress.end(ms);
      told.step(claim.record, progress.done, entry);
    }
    const short = shortText(planned);
    return ends({ end: 'done', ...(short !== undefined && { short }) });
  } finally {
    unmeasured();
    await progress.settled();
    await noteEnd();
  }

  /** Steps before may have been promised to the last one's flush, which does not come now: a write of our own is flushed like any. */
  async function noteEnd(): Promise<void> {
    if (taken > 0 && taken < steps.length) await session.raiseFence(held.token).catch(() => undefined);
    const to = await session.state().then(shown, () => undefined);
    await claim
      .update(({ to: _, ...found }) => ({ ...found, ...progress.told(), ...(to && { to }) }))
      .catch((error: unknown) => parts.log.warn('how far a run came could not be noted', { run: id, error }));
    parts.log.info(partText(end), { run: id, taken, at: clock.now() });
  }
}

/** Whoever took the run over finds them in its record, and in the log once. */
async function warn({ id, claim, log }: CarryOut, warnings: string[]): Promise<void> {
  if (warnings.length === 0 || claim.record.warnings) return;
  await claim.update((found) => ({ ...found, warnings }));
  log.warn('files and database tell different stories', { run: id, target: claim.record.target, warnings });
}

/** One step to its end, or to a page behind which it is to stop. Throws the signal's reason where that came between two pages. */
async function take(
  step: Step,
  given: Omit<ApplyGiven, 'signal'>,
  progress: Progress,
  parts: CarryOut,
): Promise<Applied> {
  const { session, held, clock, stop } = parts;
  progress.begin(step, progress.knows(step) ? undefined : await rowsAhead(step, parts));
  let thrown: { error: unknown } | undefined;
  const pageDone = observePages();
  const onPage: ApplyGiven['onPage'] = async (done) => {
    progress.page(done);
    pageDone(done);
    try {
      held.assert();
      if (stop.aborted) throw stop.reason;
      const wanted = await progress.wantsStop();
      return wanted ?? (parts.left() < progress.slowestPageMs + RESERVE_MS ? 'time over' : undefined);
    } catch (error) {
      // Within the step it would be taken for one of the database's.
      thrown = { error };
      return 'time over';
    }
  };
  const enough = askProgress(session, clock, progress.server);
  try {
    const all = { ...given, onStatement: progress.statement, onPage, signal: parts.giveUp };
    const applied = await applyStep(step, all, parts);
    if (thrown && applied.stopped) throw thrown.error;
    return applied;
  } finally {
    enough();
  }
}

/** Of a step in pages, as the database estimates. Throws `migration_refused` where it is likely to cost more than it may. */
async function rowsAhead(step: Step, { session, claim, log, id }: CarryOut): Promise<number | undefined> {
  const { maxCostUsd } = claim.record;
  const script = step.migration[step.direction];
  if (!script || (maxCostUsd === undefined && !script.directives.backfill && session.kind !== 'firestore'))
    return undefined;
  const estimate = await session.estimate(step).catch((error: unknown) => {
    if (maxCostUsd !== undefined) throw error;
    log.warn('how much there is of a step could not be estimated', { run: id, error });
    return undefined;
  });
  const { costUsd = 0, rows } = estimate ?? {};
  if (maxCostUsd !== undefined && costUsd > maxCostUsd)
    throw new AppError(
      'migration_refused',
      `${script.file} is likely to cost ${shortly(costUsd)} US dollars, and this run may spend ${shortly(maxCostUsd)} on a step: give it more, or leave the limit out`,
    );
  return rows;
}

/** Three digits, however little it is. */
function shortly(usd: number): number {
  return Number(usd.toPrecision(3));
}

/** What is still to be done of a command of whose steps this many took effect. */
function restOf(asked: Command, record: RunRecord, done: number): Command | undefined {
  if (done === 0) return asked;
  if ((asked.command === 'up' || asked.command === 'down') && asked.steps !== undefined)
    return done < asked.steps ? { ...asked, steps: asked.steps - done } : undefined;
  if (asked.command === 'redo')
    return done === 1 && record.version !== undefined
      ? { command: 'goto', version: BigInt(record.version) }
      : undefined;
  return asked;
}

/** Nobody who asks for `down` wants half an `up` brought to its end first, and the other way round. */
function mayResume(step: Step, asked: Command, { progress }: RunRecord): boolean {
  const own = progress.at(-1);
  if (own && own.ms === undefined && own.version === String(step.migration.version)) return true;
  return asked.command === 'goto' || asked.command === step.direction;
}

/** A `down` that was found to have taken effect is stamped as `force`, with its name. */
function isStepOf({ run, direction, name }: HistoryRow, id: string): boolean {
  return run === id && (direction === 'up' || direction === 'down' || (direction === 'force' && name !== ''));
}

function tellAgain(told: Told, record: RunRecord, done: number): void {
  const last = record.progress.findLast(({ ms }) => ms !== undefined);
  if (last) told.step(record, done, last);
}

/** Which step it was, for the record. */
const steps = new WeakMap<object, Step>();
function named(error: unknown, step: Step): unknown {
  if (error instanceof AppError) steps.set(error, step);
  return error;
}

/** The version and file at fault, of an error that a step threw. */
export function stepOf(error: unknown): Omit<NonNullable<RunRecord['error']>, 'code' | 'detail'> {
  const step = error instanceof Error ? steps.get(error) : undefined;
  if (!step) return {};
  const file = step.migration[step.direction]?.file;
  return { version: String(step.migration.version), ...(file !== undefined && { file }), ...placeOf(error) };
}

function shown({ version, dirty }: VersionState): { version: string | null; dirty: boolean } {
  return { version: version === undefined ? null : String(version), dirty };
}
