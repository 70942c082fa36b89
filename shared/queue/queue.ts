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
  /** Names it among the subscription's dead letters. It is not the event's, which several may have. */
  id: string;
  event: Event;
  subscription: string;
  attempts: number;
  /** The last error in one line. */
  reason: string;
  /** RFC 3339. */
  at: string;
}

/** How much of a subscription is not done. */
export interface Depth {
  subscription: string;
  /** Events that are not finished: waiting, under way, backing off. Counted up to 100,000. */
  waiting: number;
  /** When the oldest of them was published, in milliseconds since the epoch. */
  oldest: number | undefined;
  /** Dead letters, counted up to 100,000. */
  dead: number;
}

/** Dead letters by their ids, or that many of those that died first. */
export type DeadLetterChoice = { ids: readonly string[] } | { oldest: number };

export interface Queue {
  /** Resolves when the event is as durable as the driver makes it: on disk, or accepted by Pub/Sub. Errors: `unavailable`, `storage_full`, `too_large`, `invalid`. */
  publish(topic: string, event: NewEvent, options?: { orderingKey?: string }): Promise<void>;
  /** Delivers a subscription's events to `handler` in this process until stopped. */
  consume(subscription: SubscriptionSpec, handler: EventHandler): Consumer;
  /**
   * Those dead letters of a subscription that are there, the newest first; reading leaves them where they are. `newest` of a transport that does not hand
   * them out in order, which Pub/Sub does not, are that many of them.
   */
  deadLetters(subscription: string, choice: { newest: number } | { ids: readonly string[] }): Promise<DeadLetter[]>;
  /**
   * Delivers dead letters again: the same events under the same ordering keys, with their attempts counted anew. Pub/Sub knows no way to one subscription
   * alone, so there they go to all of its topic's. They are published first and removed then: a failure in between makes them come twice. What dies again
   * meanwhile stays dead.
   * Answers the ids of those that were there. Errors: those of `publish`; what was done before stays done.
   */
  redrive(subscription: string, choice: DeadLetterChoice): Promise<string[]>;
  /** Removes dead letters for good. Answers the ids of those that were there. */
  purge(subscription: string, choice: DeadLetterChoice): Promise<string[]>;
  /** Of each subscription of the bundle, read from the file at once. Absent with Pub/Sub, whose depth Cloud Monitoring knows. */
  depths?(): Depth[];
  /** Resolves when the queue takes events; throws what stands in the way. */
  check(): Promise<void>;
  /** Resolves when all that was handed to `publish` is durable or `withinMs` have passed; answers how many events were not. */
  close(withinMs: number): Promise<number>;
}
