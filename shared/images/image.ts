/** What Slides takes of images, and what was done to one so that it does. */

/** Kinds that Slides takes: CreateImageRequest.url in https://developers.google.com/slides/api/reference/rest/v1/presentations/request. */
export type ServedType = 'image/png' | 'image/jpeg' | 'image/gif';

/** Slides refuses 25,000,001 pixels and 50 MB; Cloud Run's answers end at 32 MiB, so what is served stays well below. */
export const MOST_PIXELS = 25_000_000;
export const MOST_SERVED_BYTES = 20_000_000;
/** Of a source, as it comes. */
export const MOST_SOURCE_BYTES = 64 * 1024 * 1024;

/** What was done to an image on the way, each told once and in this order; nothing is changed silently. Part of the HTTP surface, and told in README. */
export const CHANGES = {
  rotated: "EXIF's orientation was applied to the pixels",
  metadata_removed: 'EXIF, GPS positions, XMP, comments and the like were dropped',
  first_frame: 'Of a moving picture or a document of several pages only the first was taken',
  converted: 'It has another file format than it came in',
  recompressed:
    'A JPEG was written anew, which costs a little quality, because it was too heavy or is put together oddly; told where nothing else tells it',
  colours_converted: 'Other colours than sRGB, or more than 8 bits each, became sRGB with 8',
  downscaled: 'It was made smaller, to 25 megapixels or 20 MB',
  cropped: 'Only its middle was taken, so that it fills its box',
  padded:
    'It got transparent sides (white ones in a JPEG), so that the box of the image that it replaces stays as it is',
  stretched: "It was brought to its box's proportions",
} as const satisfies Record<string, string>;
export type Change = keyof typeof CHANGES;
/** In their order. */
export const CHANGE_NAMES = Object.keys(CHANGES) as [Change, ...Change[]];

/** Where a picture stands among the sides that it gets. */
export type At =
  | 'left top'
  | 'top'
  | 'right top'
  | 'left'
  | 'center'
  | 'right'
  | 'left bottom'
  | 'bottom'
  | 'right bottom';

/** How pixels become those of a box with the ratio `width / height`; `none` leaves them alone. Without `at` a picture that is padded stands in the middle. */
export type Shaping =
  | { type: 'none' }
  | { type: 'crop' | 'stretch'; ratio: number }
  | { type: 'pad'; ratio: number; at?: At };

export interface ServedImage {
  bytes: Uint8Array;
  type: ServedType;
  width: number;
  height: number;
  changes: Change[];
  /** As it came: its media type, pixels after orientation, bytes. */
  source: { type: string; width: number; height: number; bytes: number };
}
