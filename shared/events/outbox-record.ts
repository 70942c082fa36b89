/** What the outbox keeps, as the one who commits and the one who relays know it. */
import type { NewEvent } from './event.ts';

/**
 * One event on its way from a commit to its topic. No record: it was never committed, or is published. From there:
 *
 * - Waiting: it is created by the commit whose news it is, so it exists exactly where that commit happened. Its id names its stream (all
 *   events of one topic and ordering key, or this one alone where it has no key) and, in digits that sort, its number within. A stream's last
 *   number is kept in `outbox-keys`, and is replaced in the same commit: of two commits to one stream the second has to begin anew, so the
 *   numbers are in the order of the commits, and whoever sees one has seen, or could have seen, all before it.
 * - Published: the relay has handed it to the queue, in the order of its stream, and deletes it in a commit that its lease fences. A relay that
 *   dies in between leaves it waiting; the next one publishes it again, as the same event with the same `id` and `source`.
 * - Held back: the queue did not take it for now. It and all behind it in its stream wait for the next run; other streams go on.
 * - Dead: no queue will ever take it. One fenced commit moves it to `outbox-dead`, with the reason, and its stream goes on.
 */
export interface OutboxRecord {
  topic: string;
  event: NewEvent;
  orderingKey?: string;
}

/** An event that can never be published; it stays until somebody has looked and deletes it. */
export interface DeadOutboxRecord extends OutboxRecord {
  /** The last error in one line. */
  reason: string;
  /** RFC 3339. */
  at: string;
}

/** The last number of a stream. Not needed once it is older than any clock is wrong, since numbers begin from the clock. */
export interface OutboxKey {
  last: number;
  /** For people who look. */
  topic: string;
  orderingKey: string;
}

export const OUTBOX = 'outbox';
export const OUTBOX_KEYS = 'outbox-keys';
export const OUTBOX_DEAD = 'outbox-dead';

/** As many digits as the greatest safe integer has. */
const DIGITS = 16;

/** `stream` is 64 hexadecimal digits. */
export function outboxId(stream: string, number: number): string {
  return `${stream}|${String(number).padStart(DIGITS, '0')}`;
}

export function streamOf(id: string): string {
  return id.slice(0, id.indexOf('|'));
}

/** Comes after every id of the stream and before those of the next. */
export function endOfStream(stream: string): string {
  return `${stream}|~`;
}
