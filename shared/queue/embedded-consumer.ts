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
import { beginDelivery, type DeliveryRun } from '../telemetry/delivery.ts';
import { count } from '../telemetry/metrics.ts';
import { runOutOfScope } from '../telemetry/scope.ts';
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
  delivery: DeliveryRun;
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
  const labels = { 'messaging.destination.subscription.name': subscription.name };
  const running = new Set<Running>();
  const outcomes: { claim: Claim; outcome: Outcome }[] = [];
  const idle: (() => void)[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;
  let failing = false;

  const wake = () => {
    // Whoever published has nothing to do with what follows from here.
    scheduled ??= runOutOfScope(() =>
      setImmediate(() => {
        scheduled = undefined;
        turn();
      }),
    );
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
      if (buried > 0) count('hawker.queue.dead_letters', labels, buried);
      // There may be more; but places must have become free first, and their handlers' ends wake us anyway.
      if (buried > 0 || (claims.length === CLAIMS_PER_TURN && running.size < subscription.concurrency)) wake();
      // Only a turn that has written comes here: one that found nothing to do says nothing of the file.
      if (failing) log.info('the queue file can be used again');
      failing = false;
    } catch (error) {
      // Of a file that is gone whoever opened it tells, once for all.
      if (!failing && !database.gone) log.error('the queue file cannot be used; trying again', { error });
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
    const { event, unreadable } = read(claim);
    const common = { log, clock, subscription: subscription.name };
    const delivery = beginDelivery({ ...common, event, fields: { attempt: claim.attempt } });
    const deadline = setTimeout(() => {
      cutOff(run, `the handler did not end within ${subscription.ackDeadlineMs} ms`);
    }, subscription.ackDeadlineMs).unref();
    const run: Running = { claim, abort, delivery, deadline };
    running.add(run);
    try {
      if (!event) throw unreadable;
      await delivery.run(() => handler(event, { signal: abort.signal }));
      delivery.end('done');
      end(run, 'done');
    } catch (error) {
      fail(run, error);
    }
  };

  const read = (claim: Claim): { event?: Event; unreadable?: unknown } => {
    try {
      return { event: decode(claim) };
    } catch (error) {
      return { unreadable: error };
    }
  };

  const fail = (run: Running, error: unknown, delayMs?: number) => {
    const last = run.claim.attempt >= subscription.maxAttempts;
    run.delivery.end(isRetryable(error) ? (last ? 'dead' : 'again') : 'dropped', error);
    if (!isRetryable(error)) end(run, 'done');
    else end(run, { reason: messageOf(error), ...(delayMs !== undefined && { delayMs }) });
  };

  /** Ends an attempt whose handler may go on. */
  const cutOff = (run: Running, reason: string, delayMs?: number) => {
    const error = new AppError('unavailable', reason);
    run.abort.abort(error);
    fail(run, error, delayMs);
  };

  /** Notes how an attempt ended. After a deadline or a stop only a late success counts. */
  const end = (run: Running, outcome: Outcome) => {
    clearTimeout(run.deadline);
    if (!running.delete(run) && outcome !== 'done') return;
    outcomes.push({ claim: run.claim, outcome });
    wake();
    if (running.size === 0) for (const resolve of idle.splice(0)) resolve();
  };

  const cutOffAll = () => {
    for (const run of running) cutOff(run, 'the process had to end before the handler did', 0);
  };

  return {
    wake,
    async stop(withinMs) {
      stopped = true;
      if (running.size > 0) {
        const timer = setTimeout(cutOffAll, withinMs);
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
