/** Takes the metadata out of a PNG without touching its pixels (https://www.w3.org/TR/png-3/), the other frames of a moving one, and whatever stands behind its end. */
import { type Cleaned, cleaned } from './cleaned.ts';

const SIGNATURE_BYTES = 8;
const PICTURE = ['IHDR', 'PLTE', 'IDAT', 'IEND'];
/** How its colours are to be read; pHYs are the proportions of a pixel. */
const APPEARANCE = ['tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'sBIT', 'bKGD', 'pHYs', 'hIST', 'sPLT'];
const FRAMES = ['acTL', 'fcTL', 'fdAT'];

/** Undefined for a file that is not put together as expected: it is to be written anew. */
export function cleanPng(bytes: Uint8Array): Cleaned | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, SIGNATURE_BYTES)];
  let removed = false;
  let stilled = false;
  for (let at = SIGNATURE_BYTES; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    if (end > bytes.length || (at === SIGNATURE_BYTES) !== (type === 'IHDR')) return undefined;
    if (PICTURE.includes(type) || APPEARANCE.includes(type)) parts.push(bytes.subarray(at, end));
    else if (FRAMES.includes(type)) stilled = true;
    // A capital says that a picture cannot be read without it.
    else if (/^[a-z][A-Za-z]{3}$/.test(type)) removed = true;
    else return undefined;
    if (type === 'IEND') return cleaned(bytes, parts, { removed: removed || end < bytes.length, stilled });
    at = end;
  }
  return undefined;
}
