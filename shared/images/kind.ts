/** What bytes are, told by themselves: names and media types that come along are not asked. */
import { ImageFault } from './fault.ts';

export const MEDIA_TYPES = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  tiff: 'image/tiff',
  svg: 'image/svg+xml',
} as const;
export type Kind = keyof typeof MEDIA_TYPES;
export type RasterKind = Exclude<Kind, 'svg'>;

/** What files start with, one character for each byte. */
const SIGNATURES: readonly { start: string; also?: { at: number; text: string }; kind: RasterKind }[] = [
  { start: '\x89PNG\r\n\x1a\n', kind: 'png' },
  { start: '\xff\xd8\xff', kind: 'jpeg' },
  { start: 'GIF87a', kind: 'gif' },
  { start: 'GIF89a', kind: 'gif' },
  { start: 'RIFF', also: { at: 8, text: 'WEBP' }, kind: 'webp' },
  { start: 'II*\0', kind: 'tiff' },
  { start: 'MM\0*', kind: 'tiff' },
  // BigTIFF.
  { start: 'II+\0', kind: 'tiff' },
  { start: 'MM\0+', kind: 'tiff' },
];

/** What people send that is none of these, so that they are told what it is. */
const OTHERS: readonly (readonly [start: string, what: string])[] = [
  ['%PDF-', 'a PDF'],
  ['BM', 'a BMP'],
  ['\0\0\x01\0', 'an icon'],
  ['\x1f\x8b', 'compressed (gzip)'],
  ['PK\x03\x04', 'a ZIP archive or an Office document'],
  ['8BPS', 'a Photoshop document'],
  ['%!PS', 'PostScript'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
];

/** Of a text, as far as it is looked at for its root element; of a box of brands. */
const MOST_PROLOG = 65_536;
const MOST_HEAD = 64;

/** Throws ImageFault `unsupported_image`, saying what it is instead as far as that can be told. */
export function kindOf(bytes: Uint8Array): Kind {
  if (bytes.length === 0) throw unsupported('There are no bytes');
  const head = Buffer.from(bytes.subarray(0, MOST_HEAD)).toString('latin1');
  const raster = SIGNATURES.find(
    ({ start, also }) => head.startsWith(start) && (!also || head.startsWith(also.text, also.at)),
  );
  if (raster) return raster.kind;
  const brands = brandsOf(head);
  if (brands.some((brand) => /^avi[fs]$/.test(brand))) return 'avif';
  if (brands.length > 0)
    throw unsupported(`This is ${brands.some((brand) => /^(?:hei|hev|mif|msf)/.test(brand)) ? 'HEIC' : 'a film'}`);
  const root = rootOf(new TextDecoder().decode(bytes.subarray(0, MOST_PROLOG)));
  if (/^<(?:[\w.-]+:)?svg[\s/>]/.test(root)) return 'svg';
  if (/^<(?:!doctype )?html/i.test(root)) throw unsupported('This is a web page');
  throw unsupported(`This is ${OTHERS.find(([start]) => head.startsWith(start))?.[1] ?? 'no image'}`);
}

/** Of a file of ISO/IEC 14496-12, whose first box names the kinds it is compatible with; those of AVIF: https://aomediacodec.github.io/av1-avif/#brands */
function brandsOf(head: string): string[] {
  if (head.slice(4, 8) !== 'ftyp') return [];
  const size = head.charCodeAt(2) * 256 + head.charCodeAt(3);
  return head.slice(8, size).match(/.{4}/gs) ?? [];
}

function unsupported(what: string): ImageFault {
  return new ImageFault('unsupported_image', `${what}; PNG, JPEG, GIF, WebP, AVIF, TIFF and SVG are understood`);
}

/** An XML text from its root element on, as far as there is one: without what may stand before it. A loop, since a pattern would try every way to share comments out. */
function rootOf(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    const end = rest.startsWith('<?')
      ? '?>'
      : rest.startsWith('<!--')
        ? '-->'
        : /^<!DOCTYPE(?! html)/i.test(rest)
          ? '>'
          : undefined;
    if (!end) return rest;
    const inner = end === '>' ? /^[^[>]*\[/.exec(rest) : null;
    const from = inner ? rest.indexOf(']', inner[0].length) : 0;
    const at = from < 0 ? -1 : rest.indexOf(end, from);
    if (at < 0) return '';
    rest = rest.slice(at + end.length).trimStart();
  }
}
