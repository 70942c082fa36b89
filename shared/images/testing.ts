/** Pictures for tests, made when they are needed. */
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { convertImage } from './convert.ts';
import type { ServedImage, Shaping } from './image.ts';

const never = new AbortController().signal;

export function convert(bytes: Uint8Array, shaping: Shaping = { type: 'none' }, signal = never): Promise<ServedImage> {
  return convertImage(bytes, shaping, { signal });
}

/** Like a photograph: no two pixels alike. */
export function photo(width = 60, height = 40) {
  return sharp({
    create: { width, height, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });
}

/** Like a drawing: the left half red, the right half of it transparent or blue. */
export function drawing(width = 60, height = 40, right = '#0000') {
  const half = Math.floor(width / 2);
  return sharp({ create: { width, height, channels: 4, background: right } }).composite([
    { input: { create: { width: half, height, channels: 4, background: '#f00' } }, left: 0, top: 0 },
  ]);
}

/** Frames of one size, each of another colour. */
export async function film(frames = 3, width = 30, height = 20) {
  const pictures = Array.from({ length: frames }, (_, at) =>
    sharp({ create: { width, height, channels: 3, background: { r: 80 * (at % 4), g: 10 * (at % 25), b: 0 } } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(pictures), { join: { animated: true } });
}

/** As read by sharp, all values of all pixels, with `frames` those of a film. */
export async function pixels(bytes: Uint8Array, { frames = false } = {}): Promise<Buffer> {
  return sharp(bytes, { animated: frames }).ensureAlpha().raw().toBuffer();
}

/** The colour at one pixel: red, green, blue, opacity. */
export async function colourAt(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  return [...(await sharp(bytes).ensureAlpha().extract({ left, top, width: 1, height: 1 }).raw().toBuffer())];
}

export function svg(attributes: string, body = '<rect width="100%" height="100%" fill="#f00"/>'): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${body}</svg>`);
}

/** GPS and an artist, as phones and programs leave them. */
export const EXIF = { IFD0: { Artist: 'Somebody' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '1/1 17/1 0/1' } };

export function chunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(content.length, 0);
  numbers.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)]);
}

/** A PNG of one colour: many pixels in next to no bytes. `bits` of one channel. */
export function blackPng(side: number, { bits = 1, interlaced = false } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = bits;
  header[12] = Number(interlaced);
  const rows = deflateSync(Buffer.alloc((Math.ceil((side * bits) / 8) + 1) * side));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}
