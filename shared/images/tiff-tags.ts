/** What sharp tells nothing of: whether a TIFF holds more than its picture, and whether that one is exact. */

/**
 * Description, camera, program, date, artist, machine, XMP, copyright, IPTC, Photoshop's own, EXIF, GPS: TIFF 6.0 and
 * https://www.loc.gov/preservation/digital/formats/content/tiff_tags.shtml
 */
const METADATA = [270, 271, 272, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853];

/** JPEG as of TIFF 6.0, JPEG, JPEG 2000, WebP, JPEG XL; the rest keeps every pixel. */
const COMPRESSION = 259;
const LOSSY = [6, 7, 34712, 50001, 50002, 52546];

/** Of its first picture. False where it cannot be told. */
export function tiffHoldsMetadata(bytes: Uint8Array): boolean {
  for (const [tag] of tagsOf(bytes)) if (METADATA.includes(tag)) return true;
  return false;
}

/** Of its first picture. True where it cannot be told, as for one that is not compressed. */
export function isLosslessTiff(bytes: Uint8Array): boolean {
  for (const [tag, value] of tagsOf(bytes)) if (tag === COMPRESSION) return !LOSSY.includes(value);
  return true;
}

/** The values are those of tags that hold one short number. */
function* tagsOf(bytes: Uint8Array): Generator<[tag: number, value: number]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  try {
    const big = view.getUint16(2, little) === 43;
    const from = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
    const tags = big ? Number(view.getBigUint64(from, little)) : view.getUint16(from, little);
    for (let tag = 0; tag < Math.min(tags, 4_096); tag++) {
      const at = from + (big ? 8 + 20 * tag : 2 + 12 * tag);
      yield [view.getUint16(at, little), view.getUint16(at + (big ? 12 : 8), little)];
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}
