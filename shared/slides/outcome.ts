/** What becomes of a job and of each of its images: part of the HTTP surface, and of the job's record. */
import type { SlidesRequest } from '../google/slides.ts';
import type { Change } from '../images/image.ts';

/** Why one image was not placed. Stable; `retryable` says whether the same request may succeed later. */
export const IMAGE_ERRORS = {
  source_invalid: { retryable: false, title: 'The source cannot be read as what it says it is' },
  source_refused: { retryable: false, title: 'The address is none that may be fetched' },
  source_not_found: { retryable: false, title: 'There is nothing at the source' },
  source_forbidden: { retryable: false, title: 'The account may not read the source' },
  source_unavailable: { retryable: true, title: 'The source does not answer' },
  source_too_large: { retryable: false, title: 'The source is larger than the limit' },
  source_changed: { retryable: true, title: 'The source changed while it was read' },
  unsupported_image: { retryable: false, title: 'This is no image, or of a kind that is not understood' },
  broken_image: { retryable: false, title: 'The image is damaged, or cut off' },
  image_too_large: { retryable: false, title: 'The image has more pixels than can be worked on' },
  page_not_found: { retryable: false, title: 'The presentation has no such slide' },
  tag_not_found: { retryable: false, title: 'No shape on a slide has this tag as its text' },
  element_not_found: { retryable: false, title: 'No image on a slide is named so' },
  alt_text_missing: { retryable: false, title: 'The image it replaces has no alt text' },
  place_impossible: { retryable: false, title: 'There is no room at this place' },
  fetch_failed: { retryable: true, title: 'Google could not fetch the image from here' },
  refused: { retryable: false, title: 'Slides refused the image' },
  not_verified: { retryable: false, title: 'The image was not found where it was placed' },
} as const satisfies Record<string, { retryable: boolean; title: string }>;
export type ImageErrorCode = keyof typeof IMAGE_ERRORS;

export interface ImageError {
  code: ImageErrorCode;
  /** One sentence; no token, no address of ours, no text of an answer that may hold one. */
  detail: string;
}

/** In their order; the last two are ends that an image may come to from any of the others. */
export const IMAGE_STATES = [
  'queued',
  'fetched',
  'converted',
  'served',
  'inserted',
  'verified',
  'failed',
  'left out',
] as const;
/** `left out`: nothing is wrong with it, but another one failed and the job was to abort. */
export type ImageState = (typeof IMAGE_STATES)[number];

export interface PlacedObject {
  objectId: string;
  /** The slide's object id. */
  page: string;
  action: 'created' | 'replaced';
  /** The tag's shape that it took the place of. */
  insteadOf?: string;
  /** The replaced image was cropped, recoloured, given a shadow or the like, which Slides takes away with its bytes, wholly or in part. */
  effectsLost?: true;
}

export interface ImageOutcome {
  index: number;
  state: ImageState;
  objects: PlacedObject[];
  source?: { type: string; width: number; height: number; bytes: number };
  /** What Google was given. */
  sent?: { type: string; width: number; height: number; bytes: number };
  changes: Change[];
  /** How often Google fetched it (HEAD not counted), and whether its address was dead when this was written; absent where Google fetched from a bucket. */
  fetches?: number;
  addressDead?: boolean;
  error?: ImageError;
}

/**
 * `queued`: nobody has begun. `running`: somebody works on it, or has died. `done`: each image was placed. `partial`: some were, by `onError: skip`. `failed`: none was.
 * `undone`: they were taken away again. Only `queued` and `running` are followed by others; `done` and `partial` also by `undone`.
 */
export type JobState = 'queued' | 'running' | 'done' | 'partial' | 'failed' | 'undone';

export interface JobOutcome {
  state: Exclude<JobState, 'queued' | 'running' | 'undone'>;
  images: ImageOutcome[];
  /** Writes that Google was sent. */
  writes: number;
  revisionId?: string;
  /** Why none was placed, where it is no image's fault. */
  error?: { code: string; detail: string };
  /** Of a dry run: the batch as it would be sent, its addresses dead. */
  batch?: readonly SlidesRequest[];
}
