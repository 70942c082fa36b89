/** Makes of any image one that Slides takes, with as little loss as that allows. */
import { observe } from '../telemetry/observe.ts';
import { cleanGif } from './clean-gif.ts';
import { cleanJpeg } from './clean-jpeg.ts';
import { cleanPng } from './clean-png.ts';
import { checkPixels, draw, isOpaque } from './draw.ts';
import { drawSvg } from './draw-svg.ts';
import { createGate } from './gate.ts';
import { CHANGE_NAMES, type Change, MOST_PIXELS, MOST_SERVED_BYTES, type ServedImage, type Shaping } from './image.ts';
import { kindOf, MEDIA_TYPES, type RasterKind } from './kind.ts';
import { type Look, lookAt } from './look.ts';
import { mostScale, scaled, shaped } from './shape.ts';
import { tooLarge } from './sharp-input.ts';

/** What Slides takes may be served as it is, once it is clean. */
const CLEAN = { png: cleanPng, jpeg: cleanJpeg, gif: cleanGif } as const;
const SHAPED = { crop: 'cropped', pad: 'padded', stretch: 'stretched' } as const;

const MOST_ATTEMPTS = 8;

/** Of the whole process. Each takes up to 400 MB, an AVIF up to 660. */
const RASTERS_AT_ONCE = 2;
/**
 * A gate of their own, so that no other picture waits while an SVG is drawn. One at a time, since its process takes up to 450 MB beside what the others take; it keeps its place while
 * what it drew waits for its turn among them, so that such drawings do not pile up.
 */
const SVGS_AT_ONCE = 1;

/**
 * PNG, JPEG and GIF that need nothing come back as they are, byte for byte, and without their metadata where that is all; others are written anew. Throws ImageFault
 * (`unsupported_image`, `broken_image`, `image_too_large`), and the signal's reason; a decoder that is under way ends by itself within a minute, and keeps its turn meanwhile.
 */
type ConvertImage = (bytes: Uint8Array, shaping: Shaping, { signal }: { signal: AbortSignal }) => Promise<ServedImage>;

export const convertImage = createConverter(drawSvg);

/** Its gates are its own: a process has one. `draws` an SVG. */
export function createConverter(draws: typeof drawSvg): ConvertImage {
  const rasters = createGate(RASTERS_AT_ONCE);
  const svgs = createGate(SVGS_AT_ONCE);
  return async (bytes, shaping, { signal }) => {
    const kind = kindOf(bytes);
    // What has to wait for its turn takes no longer for it.
    const converting = <T>(work: () => Promise<T>) => observe(conversion(kind, bytes), work);
    if (kind !== 'svg') return rasters(() => converting(() => convertRaster(bytes, kind, shaping, signal)), signal);
    return svgs(
      () =>
        converting(async () => {
          const { png, width, height } = await draws(bytes, signal);
          const image = await rasters(() => convertRaster(png, 'png', shaping, signal), signal);
          return {
            ...image,
            changes: inOrder(new Set([...image.changes, 'converted'])),
            source: { type: MEDIA_TYPES.svg, width, height, bytes: bytes.length },
          };
        }),
      signal,
    );
  };
}

function conversion(kind: RasterKind | 'svg', { length }: Uint8Array) {
  return {
    name: 'image.convert',
    attributes: { 'hawker.image.kind': kind, 'hawker.image.size': length },
    measures: { metric: 'hawker.slides.conversion.duration', labels: {} },
  } as const;
}

async function convertRaster(
  bytes: Uint8Array,
  kind: RasterKind,
  shaping: Shaping,
  signal: AbortSignal,
): Promise<ServedImage> {
  const look = await lookAt(bytes, kind);
  const { width, height } = look;
  const source = { type: MEDIA_TYPES[kind], width, height, bytes: bytes.length };
  const canvas = shaped(look, shaping);
  const reshaped = canvas.width !== width || canvas.height !== height;
  const clean = kind === 'png' || kind === 'jpeg' || kind === 'gif' ? CLEAN[kind](bytes) : undefined;

  const changes = new Set<Change>();
  if (clean?.removed ?? look.metadata) changes.add('metadata_removed');
  if (clean?.stilled) changes.add('first_frame');
  const fits = width * height <= MOST_PIXELS && clean && clean.bytes.length <= MOST_SERVED_BYTES;
  if (fits && !reshaped && !look.turned && look.plain) {
    signal.throwIfAborted();
    await checkPixels(clean.bytes);
    return {
      bytes: clean.bytes,
      type: MEDIA_TYPES[kind as keyof typeof CLEAN],
      width,
      height,
      changes: inOrder(changes),
      source,
    };
  }

  if (look.turned) changes.add('rotated');
  if (look.frames > 1) changes.add('first_frame');
  if (!look.plain) changes.add('colours_converted');
  if (reshaped && shaping.type !== 'none') changes.add(SHAPED[shaping.type]);
  const padded = reshaped && shaping.type === 'pad';
  let type = kindFor(look, padded);
  let scale = mostScale(canvas);
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    signal.throwIfAborted();
    const size = scaled(canvas, scale);
    const drawn = await draw(bytes, {
      type,
      size,
      fit: shaping.type,
      at: shaping.type === 'pad' ? shaping.at : undefined,
      resized: size.width !== width || size.height !== height,
    });
    if (drawn.length <= MOST_SERVED_BYTES) {
      if (shaping.type === 'stretch' ? size.width < width || size.height < height : scale < 1)
        changes.add('downscaled');
      if (type !== kind) changes.add('converted');
      else if (type === 'jpeg' && changes.size === Number(changes.has('metadata_removed'))) changes.add('recompressed');
      return { bytes: drawn, type: MEDIA_TYPES[type], ...size, changes: inOrder(changes), source };
    }
    if (type === 'png' && (!look.alpha || (await isOpaque(bytes)))) type = 'jpeg';
    else scale *= 0.95 * Math.sqrt(MOST_SERVED_BYTES / drawn.length);
  }
  throw tooLarge('stays too heavy however small it is drawn');
}

/** What is not made with losses stays without, unless it weighs too much. */
function kindFor({ alpha, lossless }: Look, padded: boolean): 'png' | 'jpeg' {
  return alpha || padded || lossless ? 'png' : 'jpeg';
}

function inOrder(changes: ReadonlySet<Change>): Change[] {
  return CHANGE_NAMES.filter((change) => changes.has(change));
}
