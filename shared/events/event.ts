/**
 * An event as every handler sees it, whatever wire shape it came in: the CloudEvents 1.0 attributes made by the producer, and what the
 * transport said about this delivery. `id` with `source` names the event: a redelivery carries the same pair, a transport's message id may not.
 */
export interface Event<T = unknown> {
  id: string;
  source: string;
  type: string;
  /** RFC 3339, UTC. */
  time: string;
  subject?: string;
  dataContentType?: string;
  data: T;
  /** CloudEvents extensions and the message's other attributes, by name. */
  attributes: Record<string, string>;
  /** Events with one key are delivered in the order they were published. */
  orderingKey?: string;
  delivery: Delivery;
}

/** What the transport knows. All of it is lost or changed by a re-publication: never part of an event's identity. */
export interface Delivery {
  messageId?: string;
  /** RFC 3339. */
  publishTime?: string;
  subscription?: string;
  topic?: string;
  /** 1 for the first try, where the transport counts. */
  attempt?: number;
}

/** What a producer hands to a queue. */
export interface NewEvent<T = unknown> {
  id: string;
  source: string;
  type: string;
  time: string;
  subject?: string;
  data: T;
  attributes?: Record<string, string>;
}
