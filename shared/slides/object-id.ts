/**
 * Object ids of the images that a job creates. They follow from the job, the image and the occurrence alone: a batch that is sent again names the same ids, which Slides
 * refuses as taken, and whoever reads the deck can tell what a job has created.
 */
import { createHash } from 'node:crypto';

/** 96 bits of the job's SHA-256; with two numbers it stays below the 50 characters that Slides allows (CreateImageRequest.objectId). */
const HASH_DIGITS = 24;

/** `index`: of the image in the job, from 0. `occurrence`: of the image in the deck, from 0. */
export function objectIdFor(job: string, index: number, occurrence: number): string {
  return `${objectIdPrefix(job, index)}${occurrence}`;
}

/** What the ids of one image of a job start with, and no other's. */
export function objectIdPrefix(job: string, index: number): string {
  return `${jobPrefix(job)}${index}_`;
}

/** The index of the job's image that `objectId` was made for; undefined where it is none of the job's. */
export function belongsTo(objectId: string, job: string): number | undefined {
  const prefix = jobPrefix(job);
  if (!objectId.startsWith(prefix)) return undefined;
  const index = /^(0|[1-9]\d{0,8})_(?:0|[1-9]\d{0,8})$/.exec(objectId.slice(prefix.length))?.[1];
  return index === undefined ? undefined : Number(index);
}

function jobPrefix(job: string): string {
  return `hk_${createHash('sha256').update(job).digest('hex').slice(0, HASH_DIGITS)}_`;
}
