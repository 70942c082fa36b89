/** Takes comments, XMP and whatever stands behind its end out of a GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt); all frames stay, and how they move. */
import { type Cleaned, cleaned } from './cleaned.ts';

const HEADER_BYTES = 13;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const TRAILER = 0x3b;
/** Extensions: what comes with a frame; text drawn over it, which needs what came before; what a program added. */
const CONTROL = 0xf9;
const PLAIN_TEXT = 0x01;
const APPLICATION = 0xff;
/** Those that say how often the film is shown. */
const LOOPS = ['NETSCAPE2.0', 'ANIMEXTS1.0'];

/** Undefined for a file that is not put together as expected: it is to be written anew. */
export function cleanGif(bytes: Uint8Array): Cleaned | undefined {
  const byte = (at: number) => bytes[at] ?? 0;
  /** Of a colour table, by the flags that announce it. */
  const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  /** Behind the last of a row of blocks, each of which starts with its length. */
  const afterBlocks = (from: number) => {
    let at = from;
    while (at < bytes.length && byte(at) > 0) at += byte(at) + 1;
    return at + 1;
  };

  let at = HEADER_BYTES + tableBytes(byte(10));
  const parts = [bytes.subarray(0, at)];
  let removed = false;
  let frames = 0;
  while (at < bytes.length) {
    const label = byte(at + 1);
    let end: number;
    let keep = true;
    if (byte(at) === TRAILER) {
      if (frames === 0) return undefined;
      parts.push(bytes.subarray(at, at + 1));
      return cleaned(bytes, parts, { removed: removed || at + 1 < bytes.length });
    }
    if (byte(at) === IMAGE) {
      frames++;
      end = afterBlocks(at + 11 + tableBytes(byte(at + 9)));
    } else if (byte(at) === EXTENSION && label !== PLAIN_TEXT) {
      end = afterBlocks(at + 2);
      const name = Buffer.from(bytes.subarray(at + 3, at + 14)).toString('latin1');
      keep = label === CONTROL || (label === APPLICATION && byte(at + 2) === 11 && LOOPS.includes(name));
    } else return undefined;
    if (end > bytes.length) return undefined;
    if (keep) parts.push(bytes.subarray(at, end));
    else removed = true;
    at = end;
  }
  return undefined;
}
