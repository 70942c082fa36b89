/** How large a picture becomes. */
import { MOST_PIXELS, type Shaping } from './image.ts';

export interface Size {
  width: number;
  height: number;
}

/** Of a side, where a picture is written anew: JPEG has no larger ones (libjpeg's JPEG_MAX_DIMENSION). */
const MOST_SIDE = 65_500;

/** What it is to be before any limit, in whole pixels: the least that is cut off, or the least that is added. The same as before where its ratio fits within half a pixel. */
export function shaped({ width, height }: Size, shaping: Shaping): Size {
  if (shaping.type === 'none') return { width, height };
  const pick = shaping.type === 'crop' ? Math.min : Math.max;
  return {
    width: Math.max(1, Math.round(pick(width, height * shaping.ratio))),
    height: Math.max(1, Math.round(pick(height, width / shaping.ratio))),
  };
}

/** The largest part, at most 1, to which a picture of this size may be drawn. */
export function mostScale({ width, height }: Size): number {
  return Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)), MOST_SIDE / Math.max(width, height));
}

/** In whole pixels, never more than asked for; a line stays one. */
export function scaled({ width, height }: Size, scale: number): Size {
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}
