/** Affine geometry in EMU: transforms as matrices, and images laid into what they make of a rectangle. */
import type { AffineTransform, Dimension } from '../google/slides.ts';
import type { Alignment, Fit } from './asked.ts';

/** x' = a x + c y + e; y' = b x + d y + f. */
export interface Transform {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

export interface Extent {
  width: number;
  height: number;
}

/** A rectangle from (0, 0) in coordinates of its own, and where it is on the page: a parallelogram. */
export interface Frame extends Extent {
  transform: Transform;
}

export const IDENTITY: Transform = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
const EMU_PER_PT = 12_700;

/** Without a unit it is EMU. */
export function toEmu({ magnitude = 0, unit }: Dimension = {}): number {
  return unit === 'PT' ? magnitude * EMU_PER_PT : magnitude;
}

/** Fields that are 0 are absent in the API's JSON, 1 is not; without any transform an element is where it would be by itself. */
export function readTransform(transform: AffineTransform | undefined): Transform {
  if (!transform) return IDENTITY;
  const { scaleX = 0, scaleY = 0, shearX = 0, shearY = 0, translateX = 0, translateY = 0, unit } = transform;
  const unitEmu = unit === 'PT' ? EMU_PER_PT : 1;
  return { a: scaleX, b: shearY, c: shearX, d: scaleY, e: translateX * unitEmu, f: translateY * unitEmu };
}

/** In EMU. Says each field, as the schema of a request wants it. */
export function writeTransform({ a, b, c, d, e, f }: Transform): Required<AffineTransform> {
  return { scaleX: a, scaleY: d, shearX: c, shearY: b, translateX: e, translateY: f, unit: 'EMU' };
}

/** First `inner`, then `outer`: of a group's child, the group's is the outer one. */
export function compose(outer: Transform, inner: Transform): Transform {
  const { a, b, c, d, e, f } = outer;
  return {
    a: a * inner.a + c * inner.b,
    b: b * inner.a + d * inner.b,
    c: a * inner.c + c * inner.d,
    d: b * inner.c + d * inner.d,
    e: a * inner.e + c * inner.f + e,
    f: b * inner.e + d * inner.f + f,
  };
}

/** The lengths of its sides on the page. */
export function renderedSize({ width, height, transform: { a, b, c, d } }: Frame): Extent {
  return { width: width * Math.hypot(a, b), height: height * Math.hypot(c, d) };
}

/** In square EMU, never negative: nothing is to be seen where it is 0, as in a shape sheared to a line. */
export function renderedArea({ width, height, transform: { a, b, c, d } }: Frame): number {
  return Math.abs(width * height * (a * d - b * c));
}

/** Of the room that is left over at each axis, the parts before what is aligned in it. */
export function alignedBy(align: Alignment): { across: number; down: number } {
  return {
    across: align.endsWith('left') ? 0 : align.endsWith('right') ? 1 : 0.5,
    down: align.startsWith('top') ? 0 : align.startsWith('bottom') ? 1 : 0.5,
  };
}

/**
 * The size and the transform by which an image of these pixels fills the frame, or for `contain` stands in it as large as it can: turned, sheared and mirrored as the frame is.
 * The size has the image's own ratio, because Slides centres an image within a size of any other (CreateImageRequest.elementProperties); both are whole EMU.
 */
export function layInto(
  frame: Frame,
  pixels: Extent,
  fit: Fit,
  align: Alignment,
): { size: Extent; transform: Transform } {
  const { a, b, c, d, e, f } = frame.transform;
  const across = Math.hypot(a, b);
  const down = Math.hypot(c, d);
  const whole = renderedSize(frame);
  const scale = Math.min(whole.width / pixels.width, whole.height / pixels.height);
  const size = { width: toWhole(pixels.width * scale), height: toWhole(pixels.height * scale) };
  const shown = fit === 'contain' ? size : { width: toWhole(whole.width), height: toWhole(whole.height) };
  // The sides of the frame have the directions (a, b) and (c, d); along them the image's are scaled and moved.
  const widen = shown.width / size.width / across;
  const heighten = shown.height / size.height / down;
  const loose = alignedBy(align);
  const right = ((whole.width - shown.width) * loose.across) / across;
  const below = ((whole.height - shown.height) * loose.down) / down;
  const transform = {
    a: a * widen,
    b: b * widen,
    c: c * heighten,
    d: d * heighten,
    e: Math.round(e + a * right + c * below),
    f: Math.round(f + b * right + d * below),
  };
  return { size, transform };
}

/** An element of no width cannot be made. */
function toWhole(emu: number): number {
  return Math.max(1, Math.round(emu));
}
