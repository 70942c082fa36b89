/**
 * Publishes the events that other functions committed to the outbox together with their changes.
 *
 * Trigger: schedule, every minute; a firing that comes while the one before still runs is skipped, since that one takes what is new as well.
 * Input: the documents of `outbox` (shared/events/outbox-record.ts); those who commit there name the topic and the ordering key.
 * Store: looks into `outbox`, one read a minute and instance while it is empty; deletes from it what is published and moves to `outbox-dead` what can
 *   never be, each fenced by the schedule's lease.
 * Idempotency: an event keeps its `id` and `source` however often it is published; consumers tell by them. A run needs no memory: it publishes what it finds.
 * Failures: a key whose event is not taken waits for the next firing, in its order, and no other waits for it. What no queue will ever take is an
 *   error in the log and a document in `outbox-dead`. A relay that dies has repeated, at most, the last 400 events.
 */
import { defineFunction } from '#shared/define.ts';
import { OUTBOX } from '#shared/events/outbox-record.ts';
import { createRelay } from './handler.ts';

export default defineFunction((runtime) => ({
  kind: 'schedule',
  idle: async () => (await runtime.store.list(OUTBOX, { limit: 1 })).docs.length === 0,
  run: createRelay(runtime),
}));
