/** Where an image comes from, as it is written. */
import type { Source } from '#shared/slides/asked.ts';
import { driveIdOf, isDriveId } from './drive-link.ts';
import type { ImageBody } from './schema.ts';

type Fields = Exclude<ImageBody['source'], string>;

const GS = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/(.+)$/s;
const MOST_OBJECT_BYTES = 1_024;
const MOST_ADDRESS = 8_000;

/** Undefined for what was refused. */
export function readSource(
  given: ImageBody['source'],
  fileOf: (name: string) => Uint8Array | undefined,
  refuse: (pointer: string, detail: string) => void,
): Source | undefined {
  const fields = typeof given === 'string' ? fieldsOf(given) : given;
  const [[name, value] = [], ...others] = Object.entries(fields);
  if (name === undefined || others.length > 0) {
    refuse(
      '/source',
      typeof given === 'string'
        ? 'must be an https or gs:// address, a link to Drive, or data:image/...;base64,...'
        : 'must have exactly one of base64, svg, drive, url, gs and part',
    );
    return undefined;
  }
  const [rule, read] = READERS[name as keyof Fields](value as string, fileOf);
  if (!read) refuse(typeof given === 'string' ? '/source' : `/source/${name}`, rule);
  return read;
}

function fieldsOf(text: string): Fields {
  if (/^https?:/i.test(text)) return { url: text };
  if (/^gs:/i.test(text)) return { gs: text };
  const [head] = /^data:image\/[\w.+-]+;base64,/i.exec(text.slice(0, 200)) ?? [];
  return head ? { base64: text.slice(head.length) } : {};
}

type Reader = (
  value: string,
  fileOf: (name: string) => Uint8Array | undefined,
) => [rule: string, read: Source | undefined];

const READERS: Record<keyof Fields, Reader> = {
  base64: (text) => ['must be the base64 of an image', ofBytes(decodeBase64(text))],
  svg: (text) => [
    'must be an SVG document',
    ofBytes(/<svg[\s/>:]|:svg[\s/>]/i.test(text) ? Buffer.from(text) : undefined),
  ],
  part: (name, fileOf) => ['must be the name of another part of the body, which is not empty', ofBytes(fileOf(name))],
  drive: (text) => {
    const id = driveIdOf(text) ?? (isDriveId(text) ? text : undefined);
    return [
      'must be the id of a file on Drive, or a link to one',
      id === undefined ? undefined : { type: 'drive', id },
    ];
  },
  url: (text) => {
    const id = driveIdOf(text);
    if (id !== undefined) return ['', { type: 'drive', id }];
    const url = text.length <= MOST_ADDRESS && URL.canParse(text) ? new URL(text) : undefined;
    const plain = url?.protocol === 'https:' && url.username === '' && url.password === '';
    return ['must be an https address without a password in it', plain ? { type: 'url', url: url.href } : undefined];
  },
  gs: (text) => {
    const [, bucket = '', object = ''] = GS.exec(text) ?? [];
    const fits = bucket !== '' && Buffer.byteLength(object) <= MOST_OBJECT_BYTES;
    return ['must be gs://bucket/object', fits ? { type: 'gs', bucket, object } : undefined];
  },
};

function ofBytes(bytes: Uint8Array | undefined): Source | undefined {
  return bytes?.byteLength ? { type: 'bytes', bytes } : undefined;
}

/** Undefined where a character was none of base64, over which the decoder passes in silence. Lines may be broken, as `base64` does by itself. */
function decodeBase64(text: string): Uint8Array | undefined {
  const packed = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '');
  const bytes = Buffer.from(packed, 'base64');
  return packed.length % 4 !== 1 && bytes.byteLength === Math.floor((packed.length * 3) / 4) ? bytes : undefined;
}
