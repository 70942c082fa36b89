/** How sharp is asked, and what its refusals mean. Its own words are never passed on: they are for programmers, and may name files. */
import type { SharpOptions } from 'sharp';
import { ImageFault } from './fault.ts';

/** A square of 16,384: some 800 MB, if it were ever in memory as a whole. */
export const MOST_INPUT_PIXELS = 268_402_689;

/** What is damaged or cut off is refused; what is only unusual is taken, as every browser does. */
export const INPUT = { failOn: 'error', limitInputPixels: MOST_INPUT_PIXELS } as const satisfies SharpOptions;

/** For `catch`: throws ImageFault. */
export function broken(error: unknown): never {
  const text = error instanceof Error ? error.message : '';
  if (/exceeds pixel limit/.test(text)) throw tooLarge('has more pixels than can be worked on');
  if (/^timeout:/.test(text)) throw tooLarge('takes too long to work on');
  throw new ImageFault('broken_image', 'The image is damaged, or cut off');
}

export function tooLarge(what: string): ImageFault {
  return new ImageFault('image_too_large', `The image ${what}`);
}
