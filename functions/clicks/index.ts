/**
 * Counts hits of branded links.
 *
 * Trigger: each `link.hit` event, published by `redirects`.
 * Input: a Hit (shared/links/records.ts); its day and hour are those of the event's time.
 * Store: `link-stats` (counters, one shard at a time for each process), `link-visitors` (people seen that day, kept for two), `inbox`.
 * Idempotency: by the event's source and id; its record in the inbox and its counters are one commit.
 * Failures: what is no hit is dropped and logged; when the store fails, every event of the batch is delivered again.
 */
import { defineFunction } from '#shared/define.ts';
import { createInbox } from '#shared/events/inbox.ts';
import { createClicks } from './handler.ts';

export default defineFunction(({ store, clock, ids, log }) => {
  const inbox = createInbox({ consumer: 'clicks', store, clock, log });
  const { handle, drain } = createClicks({ store, inbox, clock, ids });
  return { kind: 'message', handle: (event) => handle(event), drain };
});
