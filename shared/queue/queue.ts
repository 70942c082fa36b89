/**
 * Topics and subscriptions: events go to a topic, each of its subscriptions gets every event at least once.
 *
 * A delivered event is done when its handler resolves, or throws an error that is not `retryable` (logged: trying again cannot help).
 * A retryable error brings it back later, further apart each time; after `maxAttempts` it moves to the subscription's dead letters.
 * Events with one ordering key reach a subscription one at a time and in the order of publication.
 */
import type { Event, NewEvent } from '../events/event.ts';

/** One row per message function, derived from the manifest. */
export interface SubscriptionSpec {
  /** 3 to 255 letters, digits, `-`, `.`, `_`; unique in the bundle. */
  name: string;
  topic: string;
  /** Most events of it that one process handles at a time. */
  concurrency: number;
  /** How long a handler has, in milliseconds, before the event may be delivered elsewhere. 10,000 to 600,000. */
  ackDeadlineMs: number;
  /** Deliveries before an event becomes a dead letter. 5 to 100. */
  maxAttempts: number;
}

export interface HandlerContext {
  /** Aborts at the ack deadline, and when the process must go. */
  signal: AbortSignal;
}

export type EventHandler = (event: Event, context: HandlerContext) => Promise<void>;

export interface Consumer {
  /** Takes no more events and resolves when those under way have ended, or after `withinMs`, whichever is first; what is cut off comes again. */
  stop(withinMs: number): Promise<void>;
}

export interface DeadLetter {
  event: Event;
  subscription: string;
  attempts: number;
  /** The last error in one line. */
  reason: string;
  /** RFC 3339. */
  at: string;
}

export interface Queue {
  /** Resolves when the event is as durable as the driver makes it: on disk, or accepted by Pub/Sub. Errors: `unavailable`, `storage_full`, `too_large`, `invalid`. */
  publish(topic: string, event: NewEvent, options?: { orderingKey?: string }): Promise<void>;
  /** Delivers a subscription's events to `handler` in this process until stopped. */
  consume(subscription: SubscriptionSpec, handler: EventHandler): Consumer;
  /** The newest dead letters of a subscription, at most `limit`; where the transport keeps them as a topic of their own, reading them does not remove them. */
  deadLetters(subscription: string, limit: number): Promise<DeadLetter[]>;
  /** Resolves when the queue takes events; throws what stands in the way. */
  check(): Promise<void>;
  /** Resolves when all that was handed to `publish` is durable or `withinMs` have passed; answers how many events were not. */
  close(withinMs: number): Promise<number>;
}
