/** A job: one request for images in one presentation, done at once or queued; its record is a document of `slides-jobs`, and what an undo needs is in it. */
import type { Identity } from '../google/google.ts';
import type { PageElement } from '../google/slides.ts';
import type { ImageAsked, ImagesAsked } from './asked.ts';
import type { ImageOutcome, JobOutcome, JobState } from './outcome.ts';

/** How long a record is kept, and how long what was replaced, in milliseconds. */
export const JOB_KEPT_MS = 7 * 24 * 3_600_000;
export const REPLACED_KEPT_MS = 30 * 60_000;
/** How long what a queued job was given is kept for it. */
export const GIVEN_KEPT_MS = 24 * 3_600_000;

/**
 * What was there before, for an undo. Of a shape, `element.transform` is absolute: where it stood in a group, the group's is worked in. `above`: the elements that stood above it
 * on its slide, the lowest first. Of an image, `mode` is the job's: Google fetches its bytes back in the same way.
 */
export type Kept =
  | { index: number; kind: 'shape'; page: string; element: PageElement; above: string[] }
  | {
      index: number;
      kind: 'image';
      page: string;
      objectId: string;
      title: string;
      description: string;
      mode: ImagesAsked['mode'];
      blob: string;
      type: string;
      size: number;
      sha256: string;
    };

/** As `ImagesAsked`, with bytes only as blobs, so that it is JSON. */
export interface StoredAsked extends ImagesAsked {
  images: readonly (ImageAsked & { source: Exclude<ImageAsked['source'], { type: 'bytes' }> })[];
}

export interface JobRecord {
  presentationId: string;
  /** The id of the caller who asked. */
  caller: string;
  kind: 'now' | 'queued';
  state: JobState;
  /** Of a queued job that has not ended. */
  asked?: StoredAsked;
  images: ImageOutcome[];
  writes: number;
  revisionId?: string;
  error?: { code: string; detail: string };
  kept: Kept[];
  /** RFC 3339; until then what was replaced can be brought back. */
  keptUntil?: string;
  /** Of an undone job, so that asking again answers the same. */
  undone?: Undone[];
  createdAt: string;
  updatedAt: string;
  endedAt?: string;
}

export interface Jobs {
  /** Answers false where there is one of this id already, which is left as it is. */
  create(id: string, record: JobRecord): Promise<boolean>;
  get(id: string): Promise<JobRecord | undefined>;
  /** Reads, changes and writes until nobody was in between (bounded; then `conflict`). `change` answers undefined to leave it as it is. Answers what is there then; undefined where there is no such job. */
  update(id: string, change: (record: JobRecord) => JobRecord | undefined): Promise<JobRecord | undefined>;
}

export interface WorkInput {
  /** Names it; object ids derive from it, so the same job never inserts twice. */
  job: string;
  presentationId: string;
  asked: ImagesAsked;
  identity: Identity;
  /** Aborts when there is no more time. */
  signal: AbortSignal;
  /** What the job's record says of each image, where somebody began before and did not end. */
  known?: readonly ImageOutcome[];
  /** Told of each step; never awaited, must not throw. */
  onProgress?: (images: readonly ImageOutcome[]) => void;
  /** Called before the first write, with what it would put where and what is kept for an undo; nothing is written where it rejects. */
  beforeWrite?: (images: readonly ImageOutcome[], kept: readonly Kept[]) => Promise<void>;
}

export interface Work {
  /**
   * Puts the images into the deck. Resolves with what became of each; a job that was applied before, by whoever died with it, is found in the deck and told as done.
   * Throws (AppError) what concerns the request as a whole: those of `Google`, `deck_changed`, `google_refused`, `not_configured`, `storage_full`, and
   * `outcome_unknown` where looking did not settle it. Whatever happens, no address is alive and no image is left behind when it settles.
   */
  run(input: WorkInput): Promise<JobOutcome>;
  /** All but the write: the exact batch, its addresses dead. */
  dryRun(input: WorkInput): Promise<JobOutcome>;
}

/** What became of one object in an undo. */
export interface Undone {
  index: number;
  objectId: string;
  /** `gone`: somebody had removed it already. `not restored`: see `detail`. */
  action: 'deleted' | 'gone' | 'restored' | 'not restored';
  detail?: string;
}

export interface Undo {
  /**
   * Deletes what the job created and restores what it replaced, as far as that was kept; doing it again changes nothing more. Throws those of `Google`, `outcome_unknown`.
   */
  run(input: { job: string; record: JobRecord; identity: Identity; signal: AbortSignal }): Promise<Undone[]>;
}
