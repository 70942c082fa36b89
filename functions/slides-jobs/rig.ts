/** The function as tests call it: a deck in this process, over a store and blobs that outlive each worker. */
import { blobName } from '#shared/blobs/blobs.ts';
import type { Runtime } from '#shared/define.ts';
import type { Delivery, Event } from '#shared/events/event.ts';
import { createInbox } from '#shared/events/inbox.ts';
import { systemIds } from '#shared/ids.ts';
import { GIVEN_KEPT_MS, type JobRecord, type StoredAsked, type Work } from '#shared/slides/job.ts';
import { createJobs } from '#shared/slides/jobs.ts';
import { atPage, createWorkRig, DECK, inPlaceOf, someDeck } from '#shared/slides/work-rig.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { png } from '#shared/testing/google/pictures.ts';
import { createSlidesJobs } from './handler.ts';

export const JOB = 'job-1';

export async function createRig() {
  const rig = createWorkRig(someDeck());
  const clock = createFakeClock();
  const { store, log, blobs } = rig;
  const jobs = createJobs({ store, clock });
  const given = blobName(clock.now() + GIVEN_KEPT_MS, 'given-1');
  await blobs.put(given, png(4, 3, 7), 'image/png');
  const images: StoredAsked['images'] = [
    { ...atPage(1), source: { type: 'blob', name: given } },
    { ...inPlaceOf('old_one', 2), source: { type: 'blob', name: given } },
  ];
  const asked: StoredAsked = { images, onError: 'abort', mode: 'private', keepReplaced: true };
  const now = new Date(clock.now()).toISOString();
  const record: JobRecord = {
    presentationId: DECK,
    caller: 'somebody',
    kind: 'queued',
    state: 'queued',
    asked,
    images: images.map((_, index) => ({ index, state: 'queued', objects: [], changes: [] })),
    writes: 0,
    kept: [],
    createdAt: now,
    updatedAt: now,
  };
  await jobs.create(JOB, record);

  /** Another process each time. */
  function open(change: { store?: Runtime['store']; work?: (real: Work) => Work } = {}) {
    const { store: own = store, work = (real: Work) => real } = change;
    const handle = createSlidesJobs({
      inbox: createInbox({ consumer: 'slides-jobs', store: own, clock, log }),
      jobs: createJobs({ store: own, clock }),
      openWork: () => Promise.resolve({ work: work(rig.work()), blobs }),
      clock,
      ids: systemIds,
      log,
    });
    return (delivery: Delivery = {}, signal = new AbortController().signal, data: unknown = { job: JOB }) =>
      handle(eventFor(data, delivery), { signal });
  }

  return { ...rig, clock, jobs, given, record, open, told: () => jobs.get(JOB) };
}

function eventFor(data: unknown, delivery: Delivery = {}): Event {
  const time = '2026-01-01T00:00:00.000Z';
  return { id: JOB, source: '/slides', type: 'slides.job', time, data, attributes: {}, delivery };
}
