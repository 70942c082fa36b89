/** Images on their way to Google: blobs that exist for the minutes of one job and are removed by whoever put them there. */
import { createHash } from 'node:crypto';
import { type Blobs, blobName } from '../blobs/blobs.ts';
import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import { inLanes } from '../in-lanes.ts';
import type { Log } from '../log.ts';
import { retry } from '../retry.ts';

/** Longer than a job can take with its addresses; then the sweep removes what a dead process left. */
const PASSING_MS = 20 * 60_000;
const CLEANING = { attempts: 3, baseMs: 100, maxMs: 1_000 };
const AT_ONCE = 8;

export interface Passing {
  /** A name for one rendition, `3.0`, that nobody can guess and `isPassing` knows. */
  name(image: string): string;
  put(name: string, bytes: Uint8Array, type: string, signal: AbortSignal): Promise<void>;
  /** Removes all that were put, or may have been; what cannot be removed is left to the sweep. Never rejects. */
  clear(): Promise<void>;
}

export interface PassingOptions {
  blobs: Blobs;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export function createPassing(job: string, { blobs, clock, ids, log }: PassingOptions): Passing {
  const names = new Set<string>();
  return {
    name: (image) => blobName(clock.now() + PASSING_MS, `${mark(job, image)}-${ids.secret(16)}`),
    async put(name, bytes, type, signal) {
      names.add(name);
      await blobs.put(name, bytes, type, { signal });
    },
    async clear() {
      await inLanes(names, { lanes: AT_ONCE }, (name) => removeBlob(name, { blobs, clock, ids, log }));
    },
  };
}

/** Never rejects: what cannot be removed is left to the sweep. */
export async function removeBlob(name: string, { blobs, clock, ids, log }: PassingOptions): Promise<void> {
  await retry(() => blobs.delete(name), { ...CLEANING, clock, ids }).catch((error: unknown) => {
    log.warn('a blob could not be removed and is left to the sweep', { error });
  });
}

/** Whether this address, as Slides shows it of an image, leads to a blob that `name` named for this image of this job. */
export function isPassing(address: string, job: string, image: string): boolean {
  if (!URL.canParse(address)) return false;
  const object = new URL(address).pathname.split('/').at(-1) ?? '';
  return object.slice(object.indexOf('-') + 1).startsWith(`${mark(job, image)}-`);
}

function mark(job: string, image: string): string {
  const digest = createHash('sha256').update(JSON.stringify([job, image]));
  return `img-${digest.digest('base64url').slice(0, 22)}`;
}
