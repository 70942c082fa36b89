/** A request that is answered as soon as it is sure to be done: what it was given is kept, its record is there, its event is published. */
import { type Blobs, blobName } from '#shared/blobs/blobs.ts';
import type { Clock } from '#shared/clock.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import type { Ids } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Queue } from '#shared/queue/queue.ts';
import type { ImagesAsked } from '#shared/slides/asked.ts';
import { GIVEN_KEPT_MS, type JobRecord, type Jobs, type StoredAsked } from '#shared/slides/job.ts';
import { newRecord } from './job-answer.ts';

const TOPIC = 'slides.job';

export interface QueueParts {
  jobs: Jobs;
  blobs: () => Promise<Blobs>;
  queue: Pick<Queue, 'publish'>;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export interface QueueInput {
  id: string;
  presentationId: string;
  asked: ImagesAsked;
  caller: string;
  /** Whether the same request comes with the same id again: then it goes on with what is there. */
  repeatable: boolean;
}

/** Throws those of blobs, store and queue. After one of the queue a job that nobody can ask for again is failed, so that it is not done behind their back. */
export async function queueJob(parts: QueueParts, input: QueueInput): Promise<JobRecord> {
  const { jobs, queue, clock } = parts;
  const { id, presentationId, asked, caller, repeatable } = input;
  const publish = async (record: JobRecord) => {
    // Named after the job, so that however often it is published it is done once.
    const event = { id, source: '/slides', type: TOPIC, time: record.createdAt, data: { job: id } };
    await queue.publish(TOPIC, event);
    return record;
  };

  const known = await jobs.get(id);
  if (known) return known.state === 'queued' ? publish(known) : known;
  const stored = await keepGiven(parts, asked);
  const record = { ...newRecord({ presentationId, kind: 'queued', caller }, clock.now()), asked: stored };
  const images = asked.images.map((_, index) => ({ index, state: 'queued' as const, objects: [], changes: [] }));
  if (!(await jobs.create(id, { ...record, images })))
    throw new AppError('conflict', 'The same job was made by another request just now');
  try {
    return await publish({ ...record, images });
  } catch (error) {
    if (!repeatable) await giveUp(parts, id, stored);
    throw isAppError(error) ? error : new AppError('unavailable', 'The job could not be queued', { cause: error });
  }
}

/** Bytes become blobs; a part that several images share becomes one. Who knows the job cannot guess their names, and have Hawker read them as `gs://` of its own bucket. */
async function keepGiven({ blobs, clock, ids }: QueueParts, asked: ImagesAsked): Promise<StoredAsked> {
  const kept = new Map<Uint8Array, string>();
  const images: StoredAsked['images'][number][] = [];
  for (const { source, ...image } of asked.images) {
    if (source.type !== 'bytes') {
      images.push({ ...image, source });
      continue;
    }
    const name = kept.get(source.bytes) ?? blobName(clock.now() + GIVEN_KEPT_MS, `given-${ids.secret(16)}`);
    if (!kept.has(source.bytes)) await (await blobs()).put(name, source.bytes, 'application/octet-stream');
    kept.set(source.bytes, name);
    images.push({ ...image, source: { type: 'blob', name } });
  }
  return { ...asked, images };
}

async function giveUp({ jobs, blobs, clock, log }: QueueParts, id: string, stored: StoredAsked): Promise<void> {
  try {
    const endedAt = new Date(clock.now()).toISOString();
    const error = { code: 'unavailable', detail: 'The job could not be queued' };
    await jobs.update(id, ({ asked: _, ...record }) =>
      record.state === 'queued' ? { ...record, state: 'failed', error, endedAt } : undefined,
    );
    for (const { source } of stored.images) if (source.type === 'blob') await (await blobs()).delete(source.name);
  } catch (error) {
    log.warn('what is left of a job that could not be queued stays until it is swept', { job: id, error });
  }
}
