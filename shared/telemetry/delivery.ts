/** A delivery of an event as one invocation, part of the trace in which the event was made: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
import type { Clock } from '../clock.ts';
import type { Event } from '../events/event.ts';
import type { Log } from '../log.ts';
import { isUnexpected } from './error-report.ts';
import { errorTypeOf } from './error-type.ts';
import { beginInvocation, type InvocationEnd } from './invocation.ts';
import { count, record } from './metrics.ts';
import { parseTraceparent, TRACEPARENT } from './trace-context.ts';

/**
 * `again`: it will be delivered again. `dead`: it has become a dead letter. `dropped`: it can never be handled.
 * One that is `done`, and whose function noted an error, is told as `failed`: it does not come again, and what it asked for failed.
 */
export type DeliveryOutcome = 'done' | 'again' | 'dropped' | 'dead';

export interface DeliveryRun {
  run<T>(work: () => T): T;
  /** The first time counts: what a handler comes to after its deadline is nobody's business any more. */
  end(outcome: DeliveryOutcome, error?: unknown): void;
}

export interface DeliveryOptions {
  log: Log;
  clock: Clock;
  /** Also the function's name. */
  subscription: string;
  /** Undefined where what came cannot be read as one; `fields` then say what is known. */
  event: Event | undefined;
  fields?: Record<string, unknown>;
}

const ENDS: Record<DeliveryOutcome, { message?: string; severity: InvocationEnd['severity'] }> = {
  done: { severity: 'INFO' },
  again: { severity: 'WARNING', message: 'an event could not be handled and will come again' },
  dropped: { severity: 'ERROR', message: 'an event can never be handled and is dropped' },
  dead: { severity: 'ERROR', message: 'an event becomes a dead letter' },
};

/** Whoever may publish to a topic of ours is one of us, so the trace of an event is believed. */
export function beginDelivery({ log, clock, subscription, event, fields }: DeliveryOptions): DeliveryRun {
  const invocation = beginInvocation({
    kind: 'event',
    name: subscription,
    log,
    parent: parseTraceparent(event?.attributes[TRACEPARENT]),
    trusted: true,
    attributes: {
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.subscription.name': subscription,
      ...(event && { 'messaging.message.id': event.id, 'cloudevents.event_type': event.type }),
    },
  });
  const { scope } = invocation;
  Object.assign(scope.invocation.fields, {
    function: subscription,
    subscription,
    ...(event && fieldsOf(event, clock.now())),
    ...fields,
  });
  let ended = false;

  return {
    run: invocation.run,
    end(outcome, error) {
      if (ended) return;
      ended = true;
      const { fields: noted } = scope.invocation;
      const failedWell = outcome === 'done' && error === undefined && noted['error'] !== undefined;
      const { message, severity } = failedWell
        ? { message: failureText(noted), severity: 'WARNING' as const }
        : ENDS[outcome];
      const seconds = invocation.end({
        outcome: failedWell ? 'failed' : outcome,
        // What nobody foresaw may pass as well, and somebody has to look at it all the same.
        severity: isUnexpected(failedWell ? noted['error'] : error) ? 'ERROR' : severity,
        ...(message !== undefined && { message }),
        ...(error !== undefined && { error }),
      });
      const labels = { 'messaging.destination.subscription.name': subscription };
      const failed = error === undefined ? {} : { 'error.type': errorTypeOf(error) };
      record('messaging.process.duration', seconds, { ...labels, ...failed }, scope.span?.spanContext());
      if (outcome === 'dead') count('hawker.queue.dead_letters', labels);
    },
  };
}

/** Of what is carried out as runs against targets, the function notes which. */
function failureText({ run, target }: Record<string, unknown>): string {
  if (run === undefined) return 'what an event asked for failed';
  return typeof target === 'string' ? `a run on ${target} failed` : 'a run failed';
}

function fieldsOf({ id, source, type, time, delivery }: Event, now: number): Record<string, unknown> {
  const age = now - Date.parse(delivery.publishTime ?? time);
  return {
    // Every line of every delivery of the event bears it.
    requestId: id,
    event: { id, type, source },
    ...(delivery.attempt !== undefined && { attempt: delivery.attempt }),
    ...(!Number.isNaN(age) && { ageMs: Math.max(0, Math.round(age)) }),
  };
}
