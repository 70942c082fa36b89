/** What can be told of a picture before it is decoded. */
import { ImageFault } from './fault.ts';
import type { RasterKind } from './kind.ts';
import { isSrgb } from './profile.ts';
import type { Size } from './shape.ts';
import { broken, INPUT } from './sharp-input.ts';
import { isLosslessTiff, tiffHoldsMetadata } from './tiff-tags.ts';

export interface Look extends Size {
  kind: RasterKind;
  /** Its width and height are those after EXIF's orientation, which is another than upright. */
  turned: boolean;
  alpha: boolean;
  /** 8 bits of sRGB or of grey. */
  plain: boolean;
  frames: number;
  metadata: boolean;
  /** Its pixels are as somebody made them, without the traces of a compression. */
  lossless: boolean;
}

/** Of a picture that must be in memory as a whole while it is decoded; one of 48 megapixels takes 288 MB where it is a progressive JPEG. */
const MOST_WHOLE_BYTES = 350_000_000;
/** What the decoder of AVIF takes for a pixel, measured: 15 to 20 bytes with 8 bits a value, 25 to 27 with more. 25 megapixels of the latter may pass. */
const AVIF_PIXEL_BYTES = 20;
const WIDE_AVIF_PIXEL_BYTES = 26;
const MOST_AVIF_BYTES = 660_000_000;

/** Throws ImageFault. */
export async function lookAt(bytes: Uint8Array, kind: RasterKind): Promise<Look> {
  const { sharp } = await import('./sharp-client.ts');
  const found = await sharp(bytes, INPUT).metadata().catch(broken);
  const turned = (found.orientation ?? 1) > 1;
  const wide = found.depth !== 'uchar';
  // Others are decoded line by line.
  const whole = turned || found.isProgressive || (kind !== 'jpeg' && kind !== 'png');
  const perValue = wide || (kind === 'jpeg' && found.isProgressive) ? 2 : 1;
  const tooMuch =
    kind === 'avif'
      ? found.width * found.height * (wide ? WIDE_AVIF_PIXEL_BYTES : AVIF_PIXEL_BYTES) > MOST_AVIF_BYTES
      : whole && found.width * found.height * found.channels * perValue > MOST_WHOLE_BYTES;
  if (tooMuch)
    throw new ImageFault(
      'image_too_large',
      `The image has ${found.width} by ${found.height} pixels, which is more than can be worked on`,
    );
  return {
    ...found.autoOrient,
    kind,
    turned,
    alpha: found.hasAlpha,
    plain: !wide && (found.space === 'srgb' || found.space === 'b-w') && (!found.icc || isSrgb(found.icc)),
    frames: found.pages ?? 1,
    metadata:
      Boolean(found.exif ?? found.xmp ?? found.iptc ?? found.tifftagPhotoshop) ||
      (kind === 'tiff' && tiffHoldsMetadata(bytes)),
    lossless: LOSSLESS[kind](bytes),
  };
}

const LOSSLESS: Record<RasterKind, (bytes: Uint8Array) => boolean> = {
  png: () => true,
  gif: () => true,
  jpeg: () => false,
  webp: isLosslessWebp,
  tiff: isLosslessTiff,
  avif: isLosslessAvif,
};

/** Of a frame of a film: the chunk's own head, and where and how the frame is shown. Its chunks follow. */
const ANMF_BYTES = 8 + 16;

/** https://developers.google.com/speed/webp/docs/riff_container: by the chunk that holds the first pixels, after those that may stand before it. */
function isLosslessWebp(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= view.length; ) {
    const chunk = view.toString('latin1', at, at + 4);
    if (chunk === 'VP8L') return true;
    if (chunk === 'VP8 ') return false;
    const length = view.readUInt32LE(at + 4);
    at += chunk === 'ANMF' ? ANMF_BYTES : 8 + length + (length & 1);
  }
  return false;
}

/**
 * Encoders leave red, green and blue as they are for a picture that is to be exact, and for no other: matrix 0 of ISO/IEC 23091-2, in a box of ISO/IEC 14496-12, 12.1.5, after the
 * primaries and the transfer function.
 */
function isLosslessAvif(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = view.indexOf('colrnclx', 0, 'latin1');
  return at >= 0 && at + 14 <= view.length && view.readUInt16BE(at + 12) === 0;
}
