/** The bytes of an object, checked against what Cloud Storage says of them: a body that ends early or is another errors. */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { NoAnswer } from './attempt.ts';
import { noAnswerFailure } from './failures.ts';

export interface Expected {
  /** Bytes; undefined where it is not told. */
  size: number | undefined;
  /** In base64; undefined where it is not told, as for what was put together from several objects. */
  md5: string | undefined;
}

/**
 * https://cloud.google.com/storage/docs/xml-api/reference-headers. What is kept packed and was unpacked on its way has neither the length nor the checksum that is told
 * of it. Undefined where an answer tells no length and should.
 */
export function expectedOf(headers: Headers): Expected | undefined {
  const packed = (headers.get('x-goog-stored-content-encoding') ?? 'identity') !== 'identity';
  if (packed) return { size: undefined, md5: undefined };
  const length = headers.get('content-length') ?? '';
  const md5 = /(?:^|[, ])md5=([A-Za-z0-9+/]{22}==)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
  return /^\d{1,15}$/.test(length) ? { size: Number(length), md5 } : undefined;
}

export function wholeObject(
  body: ReadableStream<Uint8Array>,
  { size, md5 }: Expected,
  api: string,
): ReadableStream<Uint8Array> {
  const hash = createHash('md5');
  const reader = body.getReader();
  let length = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw error instanceof NoAnswer ? noAnswerFailure(error, api) : error;
        });
        if (!done) {
          length += value.byteLength;
          hash.update(value);
          controller.enqueue(value);
          return;
        }
        const whole = (size === undefined || length === size) && (md5 === undefined || hash.digest('base64') === md5);
        if (!whole) throw new AppError('unavailable', `The ${api} has sent other bytes than it keeps`);
        controller.close();
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}
