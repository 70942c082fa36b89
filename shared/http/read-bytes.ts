/** Reads what comes in pieces, no further than it may go. */

/** More came than was allowed. */
export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';
}

/** All of it in one piece; `limit` counts bytes as they are once unpacked. Throws TooManyBytes, having stopped reading, and what the stream throws. */
export async function readBytes(stream: AsyncIterable<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream ?? []) {
    length += piece.byteLength;
    if (length > limit) throw new TooManyBytes(`more than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}
