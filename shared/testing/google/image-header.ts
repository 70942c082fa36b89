/** The size and kind of an image by its first bytes, whatever it calls itself; no decoder. */

export interface ImageHeader {
  type: 'image/png' | 'image/jpeg' | 'image/gif';
  width: number;
  height: number;
}

const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Undefined for what is no PNG, JPEG or GIF, and for one that ends before its size. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.length < 24) return undefined;
  if (data.subarray(0, 8).equals(PNG) && data.toString('latin1', 12, 16) === 'IHDR')
    return sized('image/png', data.readUInt32BE(16), data.readUInt32BE(20));
  if (/^GIF8[79]a$/.test(data.toString('latin1', 0, 6)))
    return sized('image/gif', data.readUInt16LE(6), data.readUInt16LE(8));
  return data.readUInt16BE(0) === 0xffd8 ? readJpeg(data) : undefined;
}

/** Goes from segment to segment until the frame header (SOF0 to SOF15 without DHT, JPG and DAC; ITU T.81, B.1.1.3). */
function readJpeg(data: Buffer): ImageHeader | undefined {
  let at = 2;
  while (at + 9 <= data.length) {
    if (data[at] !== 0xff) return undefined;
    const marker = data[at + 1] ?? 0;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return undefined;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return sized('image/jpeg', data.readUInt16BE(at + 7), data.readUInt16BE(at + 5));
    at += 2 + data.readUInt16BE(at + 2);
  }
  return undefined;
}

function sized(type: ImageHeader['type'], width: number, height: number): ImageHeader | undefined {
  return width > 0 && height > 0 ? { type, width, height } : undefined;
}
