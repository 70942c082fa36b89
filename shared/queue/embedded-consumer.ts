/**
 * Hands one subscription's due events to a handler, at most `concurrency` at a time.
 *
 * All that happened since the last turn (handlers that ended) and what is due next are one transaction: settle, then claim into the free
 * places. A turn runs when it is woken: by a publication in this process, by a handler that ended, or by the poll that notices other
 * processes, leases that ran out and backoffs that are over. While the file cannot be written, outcomes are kept and tried again with the poll.
 *
 * A claim's lease outlasts the handler's deadline a little, so that this process puts the event back before another may take it. A handler
 * that is still busy after its deadline has lost its place; should it succeed before anyone else claims the event, the event is finished.
 */
import type { Clock } from '../clock.ts';
import { AppError, isRetryable, messageOf } from '../errors.ts';
import type { Event } from '../events/event.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../retry.ts';
import type { Database } from '../sqlite/database.ts';
import type { Claim, Deliveries } from './deliveries.ts';
import type { Consumer, EventHandler, SubscriptionSpec } from './queue.ts';

/** How much longer than the handler's deadline a lease lasts, in milliseconds. */
const LEASE_GRACE_MS = 2_000;
/** A turn claims no more than this, to hold up the event loop for a millisecond or two at most. */
const CLAIMS_PER_TURN = 100;

export interface Timing {
  /** Ceiling of the first wait before another attempt; it doubles with each. */
  backoffBaseMs: number;
  backoffMaxMs: number;
  /** How long what other processes did may go unnoticed. */
  pollMs: number;
}

export interface EmbeddedConsumerOptions {
  database: Database;
  deliveries: Deliveries;
  clock: Clock;
  ids: Ids;
  log: Log;
  timing: Timing;
  decode: (claim: Claim) => Event;
}

export interface EmbeddedConsumer extends Consumer {
  /** Says that something may be due. */
  wake(): void;
}

interface Running {
  claim: Claim;
  abort: AbortController;
  deadline: NodeJS.Timeout;
}

type Outcome = 'done' | { reason: string; delayMs?: number };

export function createEmbeddedConsumer(
  subscription: SubscriptionSpec,
  handler: EventHandler,
  options: EmbeddedConsumerOptions,
): EmbeddedConsumer {
  const { database, deliveries, clock, ids, timing, decode } = options;
  const log = options.log.with({ subscription: subscription.name });
  const running = new Set<Running>();
  const outcomes: { claim: Claim; outcome: Outcome }[] = [];
  const idle: (() => void)[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;
  let failing = false;

  const wake = () => {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      turn();
    });
  };
  // Kept referenced: a consumer keeps its process alive until it is stopped, as a server does.
  const poll = setInterval(() => turn(), timing.pollMs);
  wake();

  const turn = () => {
    const free = stopped ? 0 : Math.min(subscription.concurrency - running.size, CLAIMS_PER_TURN);
    const now = clock.now();
    try {
      const claiming = free > 0 && deliveries.hasDue(subscription.name, now);
      if (!claiming && outcomes.length === 0) return;
      const settleAndClaim = () => {
        for (const each of outcomes) settle(each, now);
        return claiming ? claim(free, now) : { claims: [], buried: 0 };
      };
      // The last turn has no other behind it.
      const { claims, buried } = database.transaction(settleAndClaim, stopped ? undefined : 'briefly');
      outcomes.length = 0;
      for (const each of claims) void deliver(each);
      // There may be more; but places must have become free first, and their handlers' ends wake us anyway.
      if (buried > 0 || (claims.length === CLAIMS_PER_TURN && running.size < subscription.concurrency)) wake();
      failing = false;
    } catch (error) {
      if (!failing) log.error('the queue file cannot be used; trying again', { error });
      failing = true;
    }
  };

  const claim = (limit: number, now: number) =>
    deliveries.claim(subscription.name, {
      now,
      limit,
      leaseUntil: now + subscription.ackDeadlineMs + LEASE_GRACE_MS,
      maxAttempts: subscription.maxAttempts,
    });

  const settle = ({ claim, outcome }: { claim: Claim; outcome: Outcome }, now: number) => {
    if (outcome === 'done') return deliveries.finish(claim, now);
    if (claim.attempt >= subscription.maxAttempts) return deliveries.bury(claim, now, outcome.reason);
    const wait =
      outcome.delayMs ?? backoffMs(claim.attempt, { baseMs: timing.backoffBaseMs, maxMs: timing.backoffMaxMs, ids });
    deliveries.putBack(claim, now + Math.ceil(wait), outcome.reason);
  };

  const deliver = async (claim: Claim) => {
    const abort = new AbortController();
    const deadline = setTimeout(() => {
      const reason = `the handler did not end within ${subscription.ackDeadlineMs} ms`;
      abort.abort(new AppError('unavailable', reason));
      end(run, { reason });
    }, subscription.ackDeadlineMs).unref();
    const run: Running = { claim, abort, deadline };
    running.add(run);
    try {
      await handler(decode(claim), { signal: abort.signal });
      end(run, 'done');
    } catch (error) {
      const fields = { error, attempt: claim.attempt, event: claim.event.slice(0, 300) };
      if (!isRetryable(error)) {
        log.error('an event can never be handled and is dropped', fields);
        return end(run, 'done');
      }
      if (claim.attempt >= subscription.maxAttempts) log.error('an event becomes a dead letter', fields);
      else log.warn('an event could not be handled and will come again', fields);
      end(run, { reason: messageOf(error) });
    }
  };

  /** Notes how an attempt ended. After a deadline or a stop only a late success counts. */
  const end = (run: Running, outcome: Outcome) => {
    clearTimeout(run.deadline);
    if (!running.delete(run) && outcome !== 'done') return;
    outcomes.push({ claim: run.claim, outcome });
    wake();
    if (running.size === 0) for (const resolve of idle.splice(0)) resolve();
  };

  const cutOff = () => {
    const reason = 'the process had to end before the handler did';
    for (const run of running) {
      run.abort.abort(new AppError('unavailable', reason));
      end(run, { reason, delayMs: 0 });
    }
  };

  return {
    wake,
    async stop(withinMs) {
      stopped = true;
      if (running.size > 0) {
        const timer = setTimeout(cutOff, withinMs);
        await new Promise<void>((resolve) => idle.push(resolve));
        clearTimeout(timer);
      }
      clearInterval(poll);
      clearImmediate(scheduled);
      scheduled = undefined;
      turn();
    },
  };
}
