/** Reads an answer to its end, no further than it may go. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { ImageFault } from '../images/fault.ts';

/** `most` counts bytes as they come and as they are once unpacked. Throws ImageFault `source_too_large` and `source_invalid`; what the connection throws where the answer breaks off. */
export async function readCapped(answer: IncomingMessage, most: number): Promise<Uint8Array> {
  const tooLarge = () => new ImageFault('source_too_large', `The source is larger than ${most} bytes`);
  const unpack = unpacker(answer.headers['content-encoding']);
  const pieces: Buffer[] = [];
  let length = Number(answer.headers['content-length']) > most ? Number.POSITIVE_INFINITY : 0;
  if (length <= most)
    for await (const piece of answer as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > most) break;
      pieces.push(piece);
    }
  if (length > most) {
    answer.destroy();
    throw tooLarge();
  }
  const bytes = Buffer.concat(pieces);
  if (!unpack) return bytes;
  return unpack(bytes, { maxOutputLength: most }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new ImageFault('source_invalid', 'The source cannot be unpacked');
  });
}

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** It was asked not to be packed, but storage that holds packed files serves them so to everybody. */
function unpacker(encoding = 'identity'): Unpack | undefined {
  const { brotliDecompress, gunzip, inflate } = process.getBuiltinModule('node:zlib');
  const known: Record<string, Unpack | undefined> = {
    identity: undefined,
    '': undefined,
    gzip: promisify(gunzip) as Unpack,
    'x-gzip': promisify(gunzip) as Unpack,
    deflate: promisify(inflate) as Unpack,
    br: promisify(brotliDecompress) as Unpack,
  };
  const name = encoding.trim().toLowerCase();
  if (!Object.hasOwn(known, name))
    throw new ImageFault('source_invalid', 'The source is packed in a way that was not asked for');
  return known[name];
}
