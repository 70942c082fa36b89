/**
 * Removes blobs whose time is over: images on their way, what jobs were given and what was kept for an undo, where whoever put them there has died.
 *
 * Trigger: schedule, every ten minutes; a firing that comes while the one before still runs is skipped.
 * Input: the names of blobs, each of which starts with the time from which it has no use (shared/blobs/blobs.ts).
 * Store: none of its own; the firing's. Blobs: lists and deletes, one listing of one name where nothing is overdue.
 * Idempotency: deleting what is gone succeeds. A run needs no memory: it deletes what it finds.
 * Failures: what could not be deleted is found again by the next firing.
 */
import { defineFunction } from '#shared/define.ts';
import { createSweep } from './handler.ts';

export default defineFunction((runtime) => ({ kind: 'schedule', ...createSweep(runtime) }));
