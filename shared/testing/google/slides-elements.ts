/** Elements for decks of tests, as Slides has them: sizes that say little, and transforms that say the rest. Lengths are EMU on the page, or in the group. */
import type { AffineTransform, Shape } from '../../google/slides.ts';
import { readImageHeader } from './image-header.ts';
import { type GivenElement, plainText } from './slides-deck.ts';
import { type Affine, asSize, asTransform, type Box, composed, naturalSize } from './slides-geometry.ts';

interface Given extends Box {
  objectId: string;
  /** The left upper corner before it is turned. */
  x: number;
  y: number;
  /** Clockwise, around its middle. */
  degrees?: number;
  title?: string;
  description?: string;
}

const SHAPE = { width: 3_000_000, height: 3_000_000 };

export function shape(
  given: Given & { text?: string; shapeType?: string; shapeProperties?: Shape['shapeProperties'] },
): GivenElement {
  const { text = '', shapeType = 'TEXT_BOX', shapeProperties } = given;
  return {
    ...element(given, SHAPE),
    shape: {
      shapeType,
      ...(text && { text: { textElements: plainText(text) } }),
      ...(shapeProperties && { shapeProperties }),
    },
  };
}

export function image(
  given: Given & { bytes: Uint8Array; sourceUrl?: string; imageProperties?: Record<string, unknown> },
): GivenElement {
  const { bytes, sourceUrl, imageProperties = {} } = given;
  const header = readImageHeader(bytes);
  if (!header) throw new Error(`${given.objectId} is no PNG, JPEG or GIF`);
  const size = naturalSize(header);
  return { ...element(given, size), bytes, image: { ...(sourceUrl && { sourceUrl }), imageProperties } };
}

export function group(given: {
  objectId: string;
  children: GivenElement[];
  transform?: AffineTransform;
}): GivenElement {
  const { objectId, children, transform = { scaleX: 1, scaleY: 1, unit: 'EMU' } } = given;
  return { objectId, transform, elementGroup: { children } };
}

function element({ objectId, x, y, width, height, degrees = 0, title, description }: Given, size: Box) {
  const turn = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const turned: Affine = [cos, sin, -sin, cos, x + width / 2, y + height / 2];
  const scaled: Affine = [width / size.width, 0, 0, height / size.height, -width / 2, -height / 2];
  const words = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
  return { objectId, size: asSize(size), transform: asTransform(composed(turned, scaled)), ...words };
}
