/** Reads of a colour profile (ICC.1:2022) what it calls itself. */

const HEADER_BYTES = 128;
const TAG_BYTES = 12;
const MOST_TAGS = 100;
/** How those of browsers, cameras, Photoshop and small tools name sRGB; `c2` is that of Facebook's tinysRGB. */
const SRGB = /^(?:sRGB|uRGB|c2$|IEC ?61966-2[.-]1)/i;

/** Whether colours are those of sRGB anyway, so that nothing is lost to whoever ignores the profile. */
export function isSrgb(profile: Uint8Array): boolean {
  return SRGB.test(descriptionOf(profile));
}

function descriptionOf(profile: Uint8Array): string {
  const bytes = Buffer.from(profile.buffer, profile.byteOffset, profile.byteLength);
  try {
    const tags = Math.min(bytes.readUInt32BE(HEADER_BYTES), MOST_TAGS);
    for (let tag = 0; tag < tags; tag++) {
      const at = HEADER_BYTES + 4 + tag * TAG_BYTES;
      if (bytes.toString('latin1', at, at + 4) !== 'desc') continue;
      const from = bytes.readUInt32BE(at + 4);
      const type = bytes.toString('latin1', from, from + 4);
      // Version 2: its length with a zero at the end, then ASCII.
      if (type === 'desc') return bytes.toString('latin1', from + 12, from + 11 + bytes.readUInt32BE(from + 8));
      if (type !== 'mluc') return '';
      // Version 4: the first of its translations, in UTF-16.
      const start = from + bytes.readUInt32BE(from + 24);
      return Buffer.from(bytes.subarray(start, start + (bytes.readUInt32BE(from + 20) & ~1)))
        .swap16()
        .toString('utf16le');
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return '';
}
