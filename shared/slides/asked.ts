/** What is asked for: images, each from a source to a place in one presentation. Checked by whoever takes the request; lengths are in EMU or parts of the page. */

/** 100 images go into one write; more would make one failure expensive. */
export const MOST_IMAGES = 100;

export type Source =
  /** Bytes that came with the request. */
  | { type: 'bytes'; bytes: Uint8Array }
  /** Bytes of a queued job, kept as a blob meanwhile. */
  | { type: 'blob'; name: string }
  | { type: 'drive'; id: string }
  | { type: 'url'; url: string }
  | { type: 'gs'; bucket: string; object: string };

/** Where on the page, as given: EMU, or a part of the page's width or height (1 is all of it). */
export type Length = { emu: number } | { part: number };

/** Nine points; the first word is vertical. */
export const ALIGNMENTS = [
  'top-left',
  'top',
  'top-right',
  'left',
  'center',
  'right',
  'bottom-left',
  'bottom',
  'bottom-right',
] as const;
export type Alignment = (typeof ALIGNMENTS)[number];

export interface Grid {
  columns: number;
  rows: number;
  gap: Length;
  /** 0 is the first one, row by row; the images of a page that name none take in their order the cells that no other one names. */
  cell?: number;
}

/**
 * Without `w` and `h` the box is what the margins leave of the page, or of the grid's cell, from `x` and `y` on; these are its left and top edge, from the page's. With one of `w` and `h`
 * the other follows from the image's pixels. Where `x` or `y` is absent the box stands at `align` within what the margins leave.
 * `align` also says where an image with other proportions stands in its box.
 */
export interface Placement {
  x?: Length;
  y?: Length;
  w?: Length;
  h?: Length;
  align: Alignment;
  margin: { top: Length; right: Length; bottom: Length; left: Length };
  grid?: Grid;
}

/** `contain`: all of the image, as large as the box allows. `cover`: the box filled, the image's middle. `stretch`: the box filled, all of the image. */
export type Fit = 'contain' | 'cover' | 'stretch';

export type Target =
  /** A slide by its object id, or by its number from 1. */
  | { type: 'page'; page: string | number; place: Placement }
  /** All shapes on slides whose whole text is `{{tag}}`; given without the braces. */
  | { type: 'tag'; tag: string; align: Alignment }
  /** One image, by its object id. */
  | { type: 'image'; objectId: string; align: Alignment }
  /** All images whose title or description is this. */
  | { type: 'altText'; key: string; align: Alignment };

/** `keep` leaves what a replaced image has; without a `title` it keeps its own, by which it may be found the next time. */
export type AltText = { title?: string; description: string } | 'keep';

export interface ImageAsked {
  source: Source;
  target: Target;
  fit: Fit;
  altText: AltText;
}

export interface ImagesAsked {
  images: readonly ImageAsked[];
  /** What becomes of the others where one cannot be placed: none is placed, or all of them. */
  onError: 'abort' | 'skip';
  /** `private`: Google fetches from `slides-images`. `bucket`: from Cloud Storage by a signed address. */
  mode: 'private' | 'bucket';
  /** The deck must be at this revision. */
  requiredRevisionId?: string;
  /** Keeps the bytes of replaced images and the shapes of tags for KEPT_MS, so that an undo can bring them back. */
  keepReplaced: boolean;
}
