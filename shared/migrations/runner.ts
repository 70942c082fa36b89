/** Carries out runs, one at a time for each target, as `RunState` describes. */
import type { Clock } from '../clock.ts';
import { AppError, isAppError, isRetryable } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Held, Leases } from '../lease/lease.ts';
import type { Log } from '../log.ts';
import type { Queue } from '../queue/queue.ts';
import { note } from '../telemetry/scope.ts';
import { carryOut, type Outcome, RESERVE_MS, stepOf } from './carry-out.ts';
import { createLook, type Look, leaseName } from './look.ts';
import type { Bundle } from './migration.ts';
import { observePart } from './observed-run.ts';
import type { RunRecord } from './run.ts';
import { type Claim, claimRun } from './run-claim.ts';
import { createTold, publishRun } from './run-events.ts';
import { commandOf, hasEnded, type Runs, unfinished } from './run-records.ts';
import type { Holder, Session } from './session.ts';
import type { Target } from './target.ts';
import { defaultWaitMs, gaveUpText, LEASE_MS, lapseMs, takeLease, takeLock } from './wait-for-lock.ts';

const MOST_HOPS = 100;
/** How long a step goes on after the process was told to end; the platform gives it ten seconds. */
const GRACE_MS = 8_000;

export interface RunOptions {
  signal: AbortSignal;
  /** How long this process has, in milliseconds; without it there is no limit. */
  budgetMs?: number;
  /** Of the message that asks for it. An older one than the record's does nothing. */
  seq?: number;
  /** Whether nobody will come again for this `seq`: then what may pass ends the run. True without it. */
  isLast?: boolean;
}

export interface Runner extends Look {
  /**
   * Answers the record as it is then: ended, or `queued` where another message goes on with it. A failure of the run is in its record and is not thrown. Throws `not_found`; `request_in_progress` where
   * another worker has it; and unless `isLast`, what may pass.
   */
  run(id: string, options: RunOptions): Promise<RunRecord>;
}

export interface RunnerParts {
  openSession(target: Target, options: { signal: AbortSignal; application: string; clock: Clock }): Promise<Session>;
  readBundle(target: Target): Promise<Bundle>;
  targets(): Promise<readonly Target[]>;
  leases(): Promise<Leases>;
  runs: Runs;
  queue: Pick<Queue, 'publish'>;
  clock: Clock;
  ids: Ids;
  log: Log;
}

interface Work extends Required<RunOptions> {
  id: string;
  target: Target;
  left: () => number;
}

export function createRunner(parts: RunnerParts): Runner {
  const { runs, queue, clock, ids, log } = parts;
  const look = createLook(parts);
  const now = () => new Date(clock.now()).toISOString();

  async function run(id: string, { signal, budgetMs = Infinity, seq, isLast = true }: RunOptions): Promise<RunRecord> {
    const began = clock.mono();
    const record = await runs.get(id);
    if (!record) throw new AppError('not_found', `there is no run ${id}`);
    if (hasEnded(record) || record.state === 'paused') return record;
    const at = record.seq ?? 0;
    if (seq !== undefined && seq !== at) {
      // Whoever wrote this `seq` may have died before its message was published.
      if (seq < at && record.state === 'queued') await publishRun(queue, { id, ...record }, clock);
      return record;
    }
    const target = await look.target(record.target).catch(async (error: unknown) => {
      if (!isLast && isRetryable(error)) throw error;
      return error;
    });
    if (!isTarget(target)) return observePart(id, record, () => endUnclaimed(id, at, target));
    const left = () => began + budgetMs - clock.mono();
    const given = { id, target, left, signal, budgetMs, seq: at, isLast };
    return observePart(id, record, () => work(given, record));
  }

  async function endUnclaimed(id: string, seq: number, error: unknown): Promise<RunRecord> {
    const claim = await claimRun(runs, id, (found) => (found.seq ?? 0) === seq, 'waiting');
    return claim ? end(id, claim, { state: 'failed', error }) : ((await runs.get(id)) as RunRecord);
  }

  async function work(given: Work, record: RunRecord): Promise<RunRecord> {
    const { id, seq, signal } = given;
    const isSame = (found: RunRecord) => (found.seq ?? 0) === seq && found.state !== 'paused';
    const defaults = { lockTimeoutMs: defaultWaitMs(given.target.kind) };
    const own = await claimRun(runs, id, (found) => isSame(found) && found.state === 'queued', 'waiting', defaults);
    const over = new AbortController();
    const giveUp = new AbortController();
    const onStop = () =>
      void clock.sleep(GRACE_MS, over.signal).then(
        () => giveUp.abort(new AppError('unavailable', 'This process had to end in the middle of a step')),
        () => undefined,
      );
    if (signal.aborted) onStop();
    else signal.addEventListener('abort', onStop, { once: true });
    let claim = own;
    try {
      if (record.dryRun) {
        claim ??= await claimRun(runs, id, isSame, 'running');
        if (!claim) return await current(id);
        const planned = await look.plan(record.target, commandOf(record), signal);
        const progress = planned.steps.slice(0, 200).map(({ migration, direction }) => ({
          ...{ version: String(migration.version), name: migration.name, direction },
        }));
        const { steps, warnings } = planned;
        return await end(
          id,
          claim,
          { state: 'done' },
          { progress, planned: steps.length, ...(warnings && { warnings }) },
        );
      }
      const bundle = await parts.readBundle(given.target);
      const waited = clock.mono();
      const waitMs = own?.record.lockTimeoutMs ?? defaults.lockTimeoutMs;
      const patience = own
        ? waitMs - (own.record.waitedMs ?? 0)
        : // And a look.
          lapseMs(given.target.kind) + 2_000;
      const leftToWait = () =>
        claim?.record.cancelRequested || claim?.record.pauseRequested
          ? 0
          : Math.min(patience - (clock.mono() - waited), given.left() - RESERVE_MS);
      let seen: { what: 'lease' | 'lock'; holders: Holder[] } = { what: 'lease', holders: [] };
      const since = now();
      const waiting = {
        ...{ left: leftToWait, signal, clock, ids },
        tell: async (what: 'lease' | 'lock', holders: Holder[]) => {
          seen = { what, holders };
          await claim?.update((found) => ({ ...found, state: 'waiting', waitingFor: { what, holders, since } }));
        },
      };
      const gaveUp = async () => {
        if (!claim) throw new AppError('request_in_progress', 'Another worker has this run');
        if (claim.record.cancelRequested) return end(id, claim, { state: 'cancelled' });
        if (claim.record.pauseRequested || patience - (clock.mono() - waited) > 0)
          return goOn(id, claim, clock.mono() - waited);
        const detail = gaveUpText(given.target, waitMs, seen);
        return end(id, claim, { state: 'failed', error: new AppError('lease_held', detail) });
      };
      const leases = await parts.leases();
      const about = { note: `${record.command} (run ${id}) by ${record.by}`.slice(0, 200) };
      const lease = leases.lease(leaseName(given.target.name), { durationMs: LEASE_MS[given.target.kind], ...about });
      const held = await takeLease(lease, waiting);
      if (!held) return await gaveUp();
      let outcome: Outcome | undefined;
      try {
        // That the lease is ours proves that whoever was at this run counts on it no more.
        claim ??= await claimRun(runs, id, isSame, 'running');
        if (!claim) return await current(id);
        outcome = await withLock(given, { claim, held, bundle, giveUp: giveUp.signal, waiting });
        if (!outcome) return await gaveUp();
        if (outcome.end === 'done' || outcome.end === 'cancelled') {
          const { short } = outcome;
          return await end(id, claim, {
            state: short === undefined ? outcome.end : 'failed',
            ...(short !== undefined && { error: new AppError('migration_refused', short) }),
          });
        }
      } finally {
        await held.release();
      }
      return await goOn(id, claim, 0);
    } catch (error) {
      if (!claim) throw error;
      return await failed(given, claim, error);
    } finally {
      over.abort();
      signal.removeEventListener('abort', onStop);
    }
  }

  /** Undefined where the lock was not to be had in time. */
  async function withLock(
    { id, target, left, signal }: Work,
    given: { claim: Claim; held: Held; bundle: Bundle; giveUp: AbortSignal; waiting: Parameters<typeof takeLock>[2] },
  ): Promise<Outcome | undefined> {
    const { claim, held, bundle, giveUp } = given;
    const told = createTold(id, { queue, clock, log });
    const session = await parts.openSession(target, { signal: giveUp, application: `hawker ${id}`, clock });
    try {
      await session.prepare();
      if (!(await takeLock(session, held, given.waiting))) return undefined;
      await claim.update(({ waitingFor: _, ...found }) => ({ ...found, state: 'running' }));
      await raise(session, held);
      const outcome = await carryOut({
        ...{ id, claim, session, held, bundle, told, left, giveUp, clock, ids, log },
        ...{ policy: target.policy ?? {}, stop: signal },
      });
      if (!(await session.unlock().catch(() => false)))
        log.warn('the lock was not ours any more at the end; is there a pooler in between?', { run: id });
      return outcome;
    } finally {
      await session[Symbol.asyncDispose]();
      await told.settled();
    }
  }

  /** A higher fence under a lease that stands means other leases than these. */
  async function raise(session: Session, held: Held): Promise<void> {
    try {
      await session.raiseFence(held.token);
    } catch (error) {
      held.assert();
      if (!isAppError(error, 'lease_lost')) throw error;
      throw new AppError(
        'migration_refused',
        `The database was written to under a later term than ours (${held.token}): it is led from elsewhere, with other settings of HAWKER_STORE or HAWKER_LEASES`,
        { cause: error },
      );
    }
  }

  /** `queued` again, for the next message, which may come before this process has ended; or `paused` where somebody wants it so by now, or `cancelled`. */
  async function goOn(id: string, claim: Claim, waitedMs: number): Promise<RunRecord> {
    const seq = (claim.record.seq ?? 0) + 1;
    if (seq > MOST_HOPS && !claim.record.pauseRequested) {
      const error = new AppError('migration_refused', `It went on ${MOST_HOPS} times and has not come to an end`);
      return end(id, claim, { state: 'failed', error });
    }
    const record = await claim.update(({ waitingFor: _, pauseRequested, ...found }) => {
      if (found.cancelRequested) return found;
      const waitedSoFar = waitedMs > 0 ? (found.waitedMs ?? 0) + waitedMs : 0;
      return pauseRequested
        ? { ...found, state: 'paused', waitedMs: waitedSoFar }
        : { ...found, state: 'queued', seq, waitedMs: waitedSoFar };
    });
    if (record.state === 'queued') await publishRun(queue, { id, ...record }, clock);
    else if (record.state !== 'paused') return end(id, claim, { state: 'cancelled' });
    return record;
  }

  async function failed({ id, isLast, signal }: Work, claim: Claim, error: unknown): Promise<RunRecord> {
    const queued = await runs.get(id);
    // Taken over by another worker, or put back for the next one: whatever failed after that is not the run's end.
    if (!queued || queued.claim !== claim.record.claim || hasEnded(queued)) return queued ?? claim.record;
    if (queued.state === 'paused') return queued;
    if (queued.state === 'queued') throw error;
    const betweenSteps = signal.aborted && error === signal.reason;
    if (isLast) return end(id, claim, betweenSteps ? { state: 'cancelled' } : { state: 'failed', error });
    if (!betweenSteps && !isRetryable(error)) return end(id, claim, { state: 'failed', error });
    const wait = new AppError('unavailable', 'This process had to end before the run did', { cause: error });
    const shown = betweenSteps ? wait : error;
    await claim.update(({ waitingFor: _, ...found }) => ({ ...found, state: 'queued', error: tellable(shown) }));
    throw shown;
  }

  async function end(
    id: string,
    claim: Claim,
    { state, error }: { state: 'done' | 'failed' | 'cancelled'; error?: unknown },
    more: Partial<RunRecord> = {},
  ): Promise<RunRecord> {
    const record = await claim.update(({ waitingFor: _, pauseRequested: __, ...found }) => ({
      ...found,
      ...more,
      state,
      ...(state === 'cancelled' && unfinished(found)),
      ...(error !== undefined && { error: { ...tellable(error), ...stepOf(error) } }),
      changed: found.changed ?? (found.done ?? 0) > 0,
      endedAt: now(),
    }));
    // Whoever carries the run out writes its line.
    if (error !== undefined) note({ error });
    const told = createTold(id, { queue, clock, log });
    if (!record.dryRun) told.ended(record);
    await told.settled();
    return record;
  }

  async function current(id: string): Promise<RunRecord> {
    const record = await runs.get(id);
    if (!record) throw new AppError('not_found', `there is no run ${id}`);
    return record;
  }

  return { ...look, run };
}

function isTarget(found: unknown): found is Target {
  return typeof found === 'object' && found !== null && 'folder' in found;
}

/** An error that nobody has foreseen may say anything. */
function tellable(error: unknown): { code: string; detail: string } {
  return error instanceof AppError
    ? { code: error.code, detail: error.message }
    : { code: 'internal', detail: 'Something went wrong here' };
}
