/** Transforms, and where Slides puts an image into a size or a box (https://developers.google.com/slides/api/guides/transform). Lengths are EMU. */
import type { AffineTransform, Dimension, PageElement, Size } from '../../google/slides.ts';
import { Refused } from './answers.ts';

/** x' = a x + c y + e; y' = b x + d y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
export type Box = { width: number; height: number };

const EMU = { EMU: 1, PT: 12_700 };
/** An image without a size is shown at 96 dots per inch. */
const PER_PIXEL = 9_525;

/** `outer` after `inner`. */
export function composed([a, b, c, d, e, f]: Affine, [g, h, i, j, k, l]: Affine): Affine {
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}

export function ofElement({ transform }: PageElement): Affine {
  return transform ? ofTransform(transform) : [1, 0, 0, 1, 0, 0];
}

function ofTransform({
  scaleX = 0,
  scaleY = 0,
  shearX = 0,
  shearY = 0,
  translateX = 0,
  translateY = 0,
  unit = 'EMU',
}: AffineTransform): Affine {
  const per = EMU[unit];
  return [scaleX, shearY, shearX, scaleY, translateX * per, translateY * per];
}

export function asTransform([scaleX, shearY, shearX, scaleY, translateX, translateY]: Affine): AffineTransform {
  return { scaleX, scaleY, shearX, shearY, translateX, translateY, unit: 'EMU' };
}

export function asSize({ width, height }: Box): Size {
  return { width: { magnitude: width, unit: 'EMU' }, height: { magnitude: height, unit: 'EMU' } };
}

export function boxOf({ size }: PageElement): Box {
  return { width: emu(size?.width), height: emu(size?.height) };
}

function emu({ magnitude = 0, unit = 'EMU' }: Dimension = {}): number {
  return magnitude * EMU[unit];
}

/** As a request gives it. Throws Refused where it has none of a unit, or is no box. */
export function askedSize(size: Size | null | undefined): Box | undefined {
  if (!size) return undefined;
  for (const side of [size.width, size.height]) {
    if (!side) throw new Refused(400, 'The size must have both a width and a height.');
    if (!side.unit) throw new Refused(400, 'The unit of a dimension must be specified.');
    if (!((side.magnitude ?? 0) > 0)) throw new Refused(400, 'The page element size must be greater than 0.');
  }
  return { width: emu(size.width), height: emu(size.height) };
}

export function askedTransform(transform: AffineTransform | null | undefined): Affine {
  if (!transform) return [1, 0, 0, 1, 0, 0];
  if (!transform.unit) throw new Refused(400, 'The unit of the transform must be specified.');
  const affine = ofTransform(transform);
  const [a, b, c, d] = affine;
  if (Math.abs(a * d - b * c) < 1e-12) throw new Refused(400, 'The transform is not invertible.');
  return affine;
}

export function naturalSize({ width, height }: Box): Box {
  return { width: width * PER_PIXEL, height: height * PER_PIXEL };
}

/**
 * An image as large as fits into `size` and in its middle, then the transform: what `createImage` does. The element has the image's natural size, its scale the rest.
 */
export function inSize(image: Box, size: Box | undefined, transform: Affine): { size: Box; transform: Affine } {
  const natural = naturalSize(image);
  if (!size) return { size: natural, transform };
  const scale = Math.min(size.width / natural.width, size.height / natural.height);
  return { size: natural, transform: composed(transform, centred(natural, size, scale, scale)) };
}

/**
 * What `replaceImage` does. `CENTER_INSIDE`: as large as fits into what the old one showed on the page, its middle and its rotation kept. `CENTER_CROP`: the old one's box,
 * with what does not fit cut off; the parts that are cut off at each side are told as well.
 */
export function inPlaceOf(image: Box, old: { size: Box; transform: Affine }, method: 'CENTER_INSIDE' | 'CENTER_CROP') {
  const [a, b, c, d] = old.transform;
  const shown = { width: old.size.width * Math.hypot(a, b), height: old.size.height * Math.hypot(c, d) };
  const natural = naturalSize(image);
  const ratios = [shown.width / natural.width, shown.height / natural.height] as const;
  const scale = method === 'CENTER_INSIDE' ? Math.min(...ratios) : Math.max(...ratios);
  // In the element's own coordinates, where both sides may be scaled differently.
  const scaleX = (natural.width * scale * old.size.width) / shown.width / natural.width;
  const scaleY = (natural.height * scale * old.size.height) / shown.height / natural.height;
  if (method === 'CENTER_INSIDE')
    return { size: natural, transform: composed(old.transform, centred(natural, old.size, scaleX, scaleY)) };
  const crop = (part: number) => (1 - Math.min(1, part)) / 2;
  const sides = crop(shown.width / (natural.width * scale));
  const ends = crop(shown.height / (natural.height * scale));
  return { ...old, crop: { leftOffset: sides, rightOffset: sides, topOffset: ends, bottomOffset: ends } };
}

function centred(inner: Box, outer: Box, scaleX: number, scaleY: number): Affine {
  return [scaleX, 0, 0, scaleY, (outer.width - inner.width * scaleX) / 2, (outer.height - inner.height * scaleY) / 2];
}

/** What is to be seen on the page: the middle, the lengths of the sides and the turn in degrees, clockwise. */
export function seen({ width, height }: Box, [a, b, c, d, e, f]: Affine) {
  return {
    centerX: (a * width + c * height) / 2 + e,
    centerY: (b * width + d * height) / 2 + f,
    width: width * Math.hypot(a, b),
    height: height * Math.hypot(c, d),
    degrees: (Math.atan2(b, a) * 180) / Math.PI,
    /** The left upper corner where it is not turned. */
    x: e,
    y: f,
  };
}
