/**
 * A JSON body together with files: `multipart/form-data` (RFC 7578) whose part `request` is the JSON, and whose other parts are files by their names.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { mediaType, parseJson } from './body.ts';

/** Files beside the part `request`. */
export const MOST_FILES = 100;

const REQUEST = 'request';

export interface Multipart {
  json: unknown;
  files: ReadonlyMap<string, Uint8Array>;
  /** The same for the same parts, whatever their order and the boundary, which is random and another one in each repetition. */
  canonical: Uint8Array;
}

export function isMultipart(contentType: string | undefined): boolean {
  return /^multipart\/form-data$/i.test(mediaType(contentType ?? null));
}

/** Throws `bad_request` for what is not of this form: cut off, without `request`, a name twice, a text where a file belongs; `too_large` for more than MOST_FILES. */
export async function parseMultipart(bytes: Uint8Array, contentType: string): Promise<Multipart> {
  const boundary = boundaryOf(contentType);
  requireFewParts(bytes, boundary);
  // Its header is made anew, so that the parts that were counted are those that are parsed.
  const type = `multipart/form-data; boundary="${boundary}"`;
  const form = await new Response(Buffer.from(bytes), { headers: { 'Content-Type': type } }).formData().catch(() => {
    throw new AppError('bad_request', 'The body is not the multipart/form-data that its Content-Type announces');
  });
  const parts = new Map<string, Uint8Array>();
  for (const [name, value] of form) {
    if (parts.has(name)) throw new AppError('bad_request', `The part ${JSON.stringify(name)} is there twice`);
    // Without a file name it has been decoded as text, which would have damaged an image.
    if (typeof value === 'string' && name !== REQUEST)
      throw new AppError('bad_request', `The part ${JSON.stringify(name)} is no file: send it with a file name`);
    parts.set(name, typeof value === 'string' ? Buffer.from(value) : await value.bytes());
  }
  const request = parts.get(REQUEST);
  if (!request) throw new AppError('bad_request', 'The part "request", with the JSON, is missing');
  const digests = [...parts].map(([name, part]) => [name, createHash('sha256').update(part).digest('base64url')]);
  parts.delete(REQUEST);
  return {
    json: parseJson(request, 'application/json', 'The part "request"'),
    files: parts,
    // No JSON, so that it is the same as no body that came without parts.
    canonical: Buffer.from(`parts ${JSON.stringify(digests.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))}`),
  };
}

/** Of the characters of RFC 2046, section 5.1.1, behind parameters that are no riddles. */
const BOUNDARY =
  /^[^;"]*(?:;\s*[\w-]+=[^\s;"]*\s*)*?;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70}))\s*(?:;|$)/i;

function boundaryOf(contentType: string): string {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined)
    throw new AppError('bad_request', 'The Content-Type names no boundary that is understood');
  return boundary;
}

/** Counted before anything is made of them: 32 MiB could hold half a million. */
function requireFewParts(bytes: Uint8Array, boundary: string): void {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = `--${boundary}`;
  // One for each part, and one at the end.
  let left = MOST_FILES + 2;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + delimiter.length)) {
    left -= 1;
    if (left < 0) throw new AppError('too_large', `The body has more than ${MOST_FILES} files`);
  }
}
