/**
 * One contender for one lease: what callers wish, one wish at a time, and what the machine makes of it.
 *
 * Whoever asks while this contender leads, or is about to, is a contender like any other: `tryAcquire` answers undefined, `acquire` waits for its
 * turn. So one Lease may be shared by all requests of a process, and no two callers ever get the same term; only `resume` answers it again.
 */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { count } from '../telemetry/metrics.ts';
import { observe } from '../telemetry/observe.ts';
import { explain } from './explain.ts';
import { createReign, type Reign } from './held.ts';
import type { TermHistory } from './history.ts';
import type { ContenderReport, Held, Lease } from './lease.ts';
import { createMachine, type News } from './machine.ts';
import type { LeaseRecords } from './records.ts';
import { initialState, type LossReason } from './state.ts';
import { createTally } from './tally.ts';
import type { LeaseTiming } from './timing.ts';
import { viewOf } from './view.ts';

export interface ContenderParts {
  name: string;
  identity: string;
  note: string | undefined;
  timing: LeaseTiming;
  records: LeaseRecords;
  store: Store;
  history: TermHistory;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Told before this contender begins anything. */
  wanted(): void;
}

/** A Lease and what only the manager may do with it. */
export interface Contender {
  readonly lease: Lease;
  /** Whether it wants, has or gives back the lease. */
  readonly busy: boolean;
  /** Whether its term may be counted on now. */
  readonly leads: boolean;
  report(): ContenderReport;
  /** Refuses all wishes from now on, ends what waits and gives back what is held. Never throws. */
  retire(): Promise<void>;
  /** Stops whatever still goes on; who waits for the end of it is let go. */
  halt(): void;
}

type Attempt = PromiseWithResolvers<Held | undefined> & { how: 'once' | 'patiently' };

const LOST: Record<LossReason, string> = {
  expired: 'was lost: it ran out before a renewal got through',
  taken: 'was lost: somebody else has taken it',
  broken: 'was lost: an operator has taken it away',
  deleted: 'was lost: its record is gone',
};

const unclean = (clean: boolean) => (clean ? undefined : 'outcome_unknown');

export function createContender(parts: ContenderParts): Contender {
  const { name, identity, note, timing, records, store, history, clock, log, wanted } = parts;
  const tally = createTally();
  const madeAt = clock.mono();
  const initial = initialState(identity, timing, note);
  const machine = createMachine({ ...parts, initial, told, settled });

  /** Those who wait for their turn, and the one whose turn it is. */
  const queue: Attempt[] = [];
  let attempt: Attempt | undefined;
  let resuming: PromiseWithResolvers<Held | undefined> | undefined;
  let leaving: PromiseWithResolvers<boolean> | undefined;
  let reign: Reign | undefined;
  let retired = false;

  const attributes = { 'hawker.lease': name };
  // That somebody else has it is an answer.
  const acquiring = {
    name: 'lease.acquire',
    attributes,
    isFailure: (error: unknown) => !isAppError(error, 'lease_held'),
  };

  const leads = () => machine.state.term?.lapsed === false;
  const occupied = () => Boolean(attempt || resuming || leaving || leads());

  function told(news: News): void {
    if (news.type === 'won') won();
    else if (news.type === 'lost') end(LOST[news.reason], news.reason);
    else if (news.type === 'denied') denied();
    else {
      leaving?.resolve(news.clean);
      leaving = undefined;
    }
  }

  function settled(): void {
    const { want } = machine.state;
    if (resuming && want !== 'resume' && want !== 'resuming') finishResuming(standingReign());
    if (attempt?.how === 'patiently' && isAppError(machine.trouble) && !machine.trouble.retryable)
      withdraw(attempt, machine.trouble);
    if (!occupied()) begin(queue.shift());
  }

  function begin(next: Attempt | undefined): void {
    attempt = next;
    if (next) machine.dispatch({ type: 'want', how: next.how });
  }

  function won(): void {
    const { term } = machine.state;
    if (!term) return;
    reign?.end('has begun another term');
    reign = createReign({ name, fence: term.fence, machine, records, store, clock, giveBack, guarded: tally.guarded });
    if (!resuming) tally.won();
    const { token } = reign;
    log.debug(resuming ? 'resumed a term' : 'began a term', { lease: name, token, term: term.record.term, identity });
    history.began(name, token, term.record);
    count('hawker.lease.transitions', { 'hawker.lease': name, 'hawker.outcome': 'acquired' });
    if (resuming) finishResuming(reign.held);
    else {
      attempt?.resolve(reign.held);
      attempt = undefined;
    }
  }

  function denied(): void {
    if (resuming) finishResuming(undefined);
    else {
      if (machine.state.failures > 0) attempt?.reject(trouble());
      else attempt?.resolve(undefined);
      attempt = undefined;
    }
  }

  /** Why the record cannot be read or written: a mistake that no repetition mends as it is, all else as `unavailable`. */
  function trouble(): AppError {
    const { trouble: cause, state } = machine;
    if (isAppError(cause) && !cause.retryable) return cause;
    return new AppError('unavailable', `the lease "${name}" cannot be had: ${state.failure}`, { cause });
  }

  function finishResuming(held: Held | undefined): void {
    resuming?.resolve(held);
    resuming = undefined;
  }

  const standingReign = () => (reign && !reign.over && machine.standing() === 'held' ? reign.held : undefined);

  /** `reason` where the term was not given up. */
  function end(how: string, reason?: LossReason): void {
    if (!reign || reign.over) return;
    const { token, since } = reign;
    const ledMs = clock.mono() - since;
    reign.end(how);
    tally.ended(ledMs, reason);
    history.ended(name, token, reason ?? 'released');
    count('hawker.lease.transitions', { 'hawker.lease': name, 'hawker.outcome': reason ? 'lost' : 'released' });
    const told = { lease: name, token, identity, ledMs: Math.round(ledMs) };
    const { failures, failure } = machine.state;
    // `why` says who has it now. Where it has run out and no request has failed, this process did not get to run in time.
    if (reason) log.warn('lost a term', { ...told, reason, why: why(), failures, failure });
    else log.debug('ended a term', told);
  }

  /** Of a term that was lost there may still be the record to give back; what has become of another term since is none of its business. */
  async function giveBack(given: Reign, successor: string | undefined): Promise<void> {
    if (given !== reign) return;
    end('was released');
    if (attempt || resuming || !machine.state.term) return;
    const clean = await observe({ name: 'lease.release', attributes, failureOf: unclean }, () => leave(successor));
    if (!clean) log.info('a lease could not be given back; it runs out by itself', { lease: name, token: given.token });
  }

  function leave(successor?: string): Promise<boolean> {
    if (leaving) return leaving.promise;
    const left = Promise.withResolvers<boolean>();
    leaving = left;
    machine.dispatch({ type: 'leave', ...(successor !== undefined && { successor }) });
    return left.promise;
  }

  function request(how: Attempt['how']): Attempt {
    const made: Attempt = { ...Promise.withResolvers<Held | undefined>(), how };
    queue.push(made);
    if (!occupied()) begin(queue.shift());
    return made;
  }

  /** At once, so that nothing is won for somebody who has gone. */
  function withdraw(given: Attempt, error: unknown): void {
    given.reject(error);
    const at = queue.indexOf(given);
    if (at >= 0) queue.splice(at, 1);
    if (given !== attempt) return;
    attempt = undefined;
    void leave();
  }

  async function tryAcquire(): Promise<Held | undefined> {
    refuseWhenRetired();
    machine.dispatch({ type: 'tick' });
    if (attempt || resuming || leads() || queue.length > 0) return undefined;
    return request('once').promise;
  }

  async function acquire({ wait, signal }: { wait: number; signal?: AbortSignal }): Promise<Held> {
    refuseWhenRetired();
    signal?.throwIfAborted();
    if (wait <= 0) {
      const held = await tryAcquire();
      if (!held) throw new AppError('lease_held', why());
      return held;
    }
    machine.dispatch({ type: 'tick' });
    const mine = request('patiently');
    const done = new AbortController();
    const onAbort = () => withdraw(mine, signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const late = () => withdraw(mine, machine.state.failures > 0 ? trouble() : new AppError('lease_held', why()));
    clock.sleep(wait, done.signal).then(late, () => {});
    try {
      return (await mine.promise) as Held;
    } finally {
      done.abort();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async function resume(): Promise<Held | undefined> {
    if (resuming) return resuming.promise;
    machine.dispatch({ type: 'tick' });
    if (retired || attempt || leaving || !machine.state.term) return undefined;
    const standing = standingReign();
    if (standing) return standing;
    wanted();
    const begun = Promise.withResolvers<Held | undefined>();
    resuming = begun;
    machine.dispatch({ type: 'resume' });
    return begun.promise;
  }

  function refuseWhenRetired(): void {
    wanted();
    if (retired) throw new AppError('unavailable', 'this process is closing and takes no lease any more');
  }

  const why = () => explain(name, machine.state, machine.now());

  return {
    lease: {
      name,
      identity,
      tryAcquire: () => observe(acquiring, tryAcquire),
      acquire: (options) => observe(acquiring, () => acquire(options)),
      resume,
      explain: why,
      async observe() {
        tally.observed();
        const sighting = await records.read(name);
        return sighting && viewOf(name, sighting, records);
      },
    },
    get busy() {
      return occupied();
    },
    get leads() {
      return standingReign() !== undefined;
    },
    report: () => ({
      name,
      identity,
      explain: why(),
      held: standingReign() !== undefined,
      ...tally.report(machine.counts, clock.mono() - madeAt, reign && !reign.over ? clock.mono() - reign.since : 0),
    }),
    async retire() {
      retired = true;
      const closing = new AppError('unavailable', 'this process is closing');
      for (const waiting of [...queue, attempt]) if (waiting) withdraw(waiting, closing);
      finishResuming(undefined);
      end('was released');
      await leave();
    },
    halt() {
      machine.halt();
      leaving?.resolve(false);
    },
  };
}
