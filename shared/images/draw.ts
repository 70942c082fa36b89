/** Decodes a picture and writes it anew: upright, in sRGB with 8 bits, without anything else in it. */
import type { At, Shaping } from './image.ts';
import type { Size } from './shape.ts';
import { broken, INPUT } from './sharp-input.ts';

/** Beyond, it is something made to take long. */
const MOST_SECONDS = 60;
const FITS = { none: 'fill', stretch: 'fill', crop: 'cover', pad: 'contain' } as const;
const WHITE = { r: 255, g: 255, b: 255, alpha: 1 };
const TRANSPARENT = { ...WHITE, alpha: 0 };

interface Drawing {
  type: 'png' | 'jpeg';
  size: Size;
  fit: Shaping['type'];
  at: At | undefined;
  /** Whether it is to be of another size than it has. */
  resized: boolean;
}

/** Throws ImageFault. A JPEG is white where the picture is transparent. */
export async function draw(
  bytes: Uint8Array,
  { type, size, fit, at = 'center', resized }: Drawing,
): Promise<Uint8Array> {
  const { sharp } = await import('./sharp-client.ts');
  let image = sharp(bytes, INPUT).autoOrient();
  const background = type === 'png' ? TRANSPARENT : WHITE;
  if (resized) image = image.resize({ ...size, fit: FITS[fit], position: at, background });
  // Colours at full resolution: text and lines stay sharp. Codes that fit it best would need all of it in memory a second time.
  if (type === 'jpeg')
    image = image
      .flatten({ background: WHITE })
      .jpeg({ quality: 92, chromaSubsampling: '4:4:4', optimiseCoding: false });
  else image = image.png();
  return image.timeout({ seconds: MOST_SECONDS }).toBuffer().catch(broken);
}

/** Throws ImageFault where the pixels cannot be read to their end. */
export async function checkPixels(bytes: Uint8Array): Promise<void> {
  const { sharp } = await import('./sharp-client.ts');
  await sharp(bytes, INPUT)
    .resize({ width: 8, height: 8, fit: 'fill' })
    .timeout({ seconds: MOST_SECONDS })
    .raw()
    .toBuffer()
    .catch(broken);
}

/** Whether no pixel is transparent at all. Throws ImageFault. */
export async function isOpaque(bytes: Uint8Array): Promise<boolean> {
  const { sharp } = await import('./sharp-client.ts');
  const { isOpaque: opaque } = await sharp(bytes, INPUT).stats().catch(broken);
  return opaque;
}
