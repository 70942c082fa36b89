/**
 * Takes the metadata out of a JPEG without touching its pixels (ITU-T T.81, annex B): EXIF, XMP, IPTC, previews, comments, and whatever stands behind its end, where phones put
 * films and second pictures.
 */
import { type Cleaned, cleaned } from './cleaned.ts';

const EOI = 0xd9;
const SOS = 0xda;
/** Baseline, extended and progressive with Huffman codes: what every reader takes. */
const FRAMES = [0xc0, 0xc1, 0xc2];
/** Tables: Huffman, quantisation, restart interval; and the number of lines. */
const TABLES = [0xc4, 0xdb, 0xdd, 0xdc];
const JFIF = 0xe0;
const COMMENT = 0xfe;

/** Segments that say how its colours are to be read. JFIF's own is 16 bytes long where it holds no preview. */
const NEEDED: Record<number, string> = { [JFIF]: 'JFIF\0', 226: 'ICC_PROFILE\0', 238: 'Adobe' };
const JFIF_BYTES = 16;

/** Undefined for a file that is not put together as expected: it is to be written anew. */
export function cleanJpeg(bytes: Uint8Array): Cleaned | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, 2)];
  let removed = false;
  let frames = 0;
  let scans = 0;
  let at = 2;
  while (at + 2 <= bytes.length && bytes[at] === 0xff) {
    const start = at;
    // A marker may be filled up with any number of these.
    while (bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1] ?? 0;
    if (marker === EOI) {
      if (frames !== 1 || scans === 0) return undefined;
      parts.push(bytes.subarray(start, at + 2));
      return cleaned(bytes, parts, { removed: removed || at + 2 < bytes.length });
    }
    if (at + 4 > bytes.length) return undefined;
    const length = view.getUint16(at + 2);
    let end = at + 2 + length;
    if (length < 2 || end > bytes.length) return undefined;
    if (marker === COMMENT || (marker >= 0xe0 && marker <= 0xef)) {
      const needed = NEEDED[marker];
      const name = Buffer.from(bytes.subarray(at + 4, at + 4 + (needed?.length ?? 0))).toString('latin1');
      if (needed === undefined || name !== needed) {
        removed = true;
        at = end;
        continue;
      }
      if (marker === JFIF && length !== JFIF_BYTES) return undefined;
    } else if (FRAMES.includes(marker)) frames++;
    else if (marker === SOS) {
      scans++;
      end = endOfScan(bytes, end);
    } else if (!TABLES.includes(marker)) return undefined;
    parts.push(bytes.subarray(start, end));
    at = end;
  }
  return undefined;
}

/** Where the next marker is. Within a scan 0xff is followed by 0, or is a restart marker. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 2)) {
    const next = bytes[at + 1] ?? EOI;
    if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}
