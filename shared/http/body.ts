/** Reading a request's body: never more than a limit, only of a kind that is understood. */
import { AppError, messageOf } from '../errors.ts';

/** Bytes of a JSON body, unless a route says otherwise. */
export const JSON_LIMIT = 1024 * 1024;
const DISCARD_LIMIT = 64 * 1024 * 1024;

/** The whole body. Throws `too_large` as soon as more than `limit` bytes are announced or have come, `bad_request` where the client hangs up. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () => new AppError('too_large', `The body is larger than ${limit} bytes`);
  if (Number(request.headers.get('Content-Length') ?? 0) > limit) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new AppError('bad_request', 'The body ended early', { cause: error });
    });
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      reader.releaseLock();
      throw tooLarge();
    }
    parts.push(value);
  }
  return Buffer.concat(parts, size);
}

/**
 * Reads what nobody wanted of a refused request's body and throws it away. A client that is still sending hears no answer before it is done,
 * and a connection with unread bytes on it would be cut under the next request. Gives up after DISCARD_LIMIT bytes or when `late` settles,
 * and then the connection is cut; never rejects.
 */
export async function discardBody(request: Request, late: Promise<unknown>): Promise<void> {
  if (request.body?.locked !== false) return;
  const reader = request.body.getReader();
  const rest = async () => {
    for (let size = 0; size <= DISCARD_LIMIT; ) {
      const { done, value } = await reader.read();
      if (done) return;
      size += value.byteLength;
    }
  };
  await Promise.race([rest(), late]).catch(() => undefined);
  // Without effect on a body that came to its end.
  void reader.cancel().catch(() => undefined);
}

/**
 * The value of a JSON body; undefined where there is neither a body nor a Content-Type.
 * Throws `unsupported_media_type` for another kind of body and `bad_request` for text that is not JSON.
 */
export function parseJson(bytes: Uint8Array, contentType: string | null, what = 'The body'): unknown {
  if (bytes.byteLength === 0 && contentType === null) return undefined;
  if (!/^application\/(?:[\w.-]+\+)?json$/i.test(mediaType(contentType)))
    throw new AppError('unsupported_media_type', 'The body must be JSON, sent with Content-Type: application/json');
  try {
    return JSON.parse(decodeText(bytes)) as unknown;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('bad_request', `${what} is not JSON: ${messageOf(error)}`);
  }
}

/** The text of a body, without a byte order mark. Throws `bad_request` where it is not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new AppError('bad_request', 'The body is not UTF-8');
  }
}

/** `application/json` of `application/json; charset=utf-8`; '' where there is none. */
export function mediaType(contentType: string | null): string {
  return (contentType ?? '').split(';')[0]?.trim() ?? '';
}
