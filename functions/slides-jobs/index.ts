/**
 * slides-jobs: does the queued work of `slides`: the same images in the same decks, once.
 *
 * Trigger: each `slides.job` event, published by `slides` after it has written the job's record.
 * Input: {job}; what is to be done is in the record, the bytes that came with it in blobs. Google is asked in the own name: no caller's token is ever kept.
 * Store: `inbox`; `slides-jobs`, where the record tells how far each image is; `slides-grants` and `slides-keys` for the addresses that Google fetches from.
 * Idempotency: by the event's source and id, in the inbox; and by the deck itself, whose object ids derive from the job. Whoever takes over from a worker that died after its
 *   write finds the images there and writes nothing. The end of the job is committed together with the end of the event.
 * Failures: what may pass is tried again, further and further apart, and the record says why meanwhile; at the last delivery the job ends as failed. What cannot pass ends it at once.
 */
import { defineFunction } from '#shared/define.ts';
import { createInbox } from '#shared/events/inbox.ts';
import { createJobs } from '#shared/slides/jobs.ts';
import { createGrants } from '#shared/slides/open-grants.ts';
import { createWork } from '#shared/slides/work.ts';
import { createSlidesJobs } from './handler.ts';

export default defineFunction((runtime) => {
  const inbox = createInbox({ consumer: 'slides-jobs', ...runtime });
  const grants = createGrants(runtime);
  const openWork = async () => {
    const [google, blobs] = await Promise.all([runtime.google(), runtime.blobs()]);
    return { work: createWork({ ...runtime, google, blobs, grants }), blobs };
  };
  return { kind: 'message', handle: createSlidesJobs({ ...runtime, inbox, jobs: createJobs(runtime), openWork }) };
});
