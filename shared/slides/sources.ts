/** Reads the bytes of an image from wherever it is, never more than MOST_SOURCE_BYTES of them. */
import { type Blobs, OBJECT_PREFIX } from '../blobs/blobs.ts';
import { type ErrorCode, isAppError } from '../errors.ts';
import type { GoogleApis } from '../google/google.ts';
import { readBytes, TooManyBytes } from '../http/read-bytes.ts';
import { ImageFault } from '../images/fault.ts';
import { MOST_SOURCE_BYTES } from '../images/image.ts';
import type { Source } from './asked.ts';
import type { ImageErrorCode } from './outcome.ts';

/** Throws ImageFault where it is this source's fault, and AppError where no source could be read just now. */
export type ReadSource = (source: Source, signal: AbortSignal) => Promise<Uint8Array>;

/** The bytes of an https address that may be fetched. Throws ImageFault. */
export type FetchPublic = (url: string, options: { maxBytes: number; signal: AbortSignal }) => Promise<Uint8Array>;

export interface SourceOptions {
  apis: GoogleApis;
  blobs: Blobs;
  fetchPublic: FetchPublic;
  /** HAWKER_BUCKET, in which images of other jobs may be on their way. */
  ownBucket: string | undefined;
}

export function createReadSource({ apis, blobs, fetchPublic, ownBucket }: SourceOptions): ReadSource {
  return async (source, signal) => {
    switch (source.type) {
      case 'bytes':
        return source.bytes;
      case 'blob':
        return kept(source.name, signal);
      case 'url':
        return fetchPublic(source.url, { maxBytes: MOST_SOURCE_BYTES, signal });
      case 'drive':
        return drive(source.id, signal).catch(asFault);
      case 'gs':
        return stored(source.bucket, source.object, signal).catch(asFault);
    }
  };

  async function kept(name: string, signal: AbortSignal): Promise<Uint8Array> {
    const blob = await blobs.get(name, { signal });
    if (!blob) throw new ImageFault('source_not_found', 'What was given for this image is not kept any more');
    return readAll(blob);
  }

  async function drive(id: string, signal: AbortSignal): Promise<Uint8Array> {
    const file = await apis.drive.file(id, { signal });
    return apis.drive.download(file, MOST_SOURCE_BYTES, { signal });
  }

  async function stored(bucket: string, object: string, signal: AbortSignal): Promise<Uint8Array> {
    if (bucket === ownBucket && object.startsWith(OBJECT_PREFIX))
      throw new ImageFault('source_refused', `What is below ${OBJECT_PREFIX} in this bucket is of other jobs`);
    const found = await apis.storage.read(bucket, object, { signal });
    if (!found) throw new ImageFault('source_not_found', 'There is no such object in the bucket');
    return readAll(found);
  }
}

async function readAll({
  size = 0,
  body,
}: {
  size?: number | undefined;
  body: ReadableStream<Uint8Array>;
}): Promise<Uint8Array> {
  if (size > MOST_SOURCE_BYTES) {
    await body.cancel();
    throw tooLarge();
  }
  try {
    return await readBytes(body, MOST_SOURCE_BYTES);
  } catch (error) {
    // What was announced need not be true.
    if (error instanceof TooManyBytes) throw tooLarge();
    throw new ImageFault('source_unavailable', 'What is stored could not be read to its end');
  }
}

/** Of what an API of Google throws, what concerns one source alone; the rest concerns all of them. */
const FAULTS: { [Code in ErrorCode]?: ImageErrorCode } = {
  not_found: 'source_not_found',
  google_forbidden: 'source_forbidden',
  // Such as a document of Google's, which has no bytes, or a name that no object can have.
  invalid: 'source_invalid',
  google_refused: 'source_invalid',
  conflict: 'source_changed',
  unavailable: 'source_unavailable',
};

function asFault(error: unknown): never {
  if (isAppError(error, 'too_large')) throw tooLarge();
  const code = isAppError(error) ? FAULTS[error.code] : undefined;
  // The messages of Google's APIs are fit to be told.
  throw code && error instanceof Error ? new ImageFault(code, error.message) : error;
}

function tooLarge(): ImageFault {
  return new ImageFault('source_too_large', `The source has more than ${MOST_SOURCE_BYTES / 1024 / 1024} MiB`);
}
