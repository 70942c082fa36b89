/** What is used of Cloud Storage. Names of objects are any UTF-8 up to 1,024 bytes. */
import type { CallOptions } from './google.ts';

export interface StoredObject {
  /** Bytes; undefined where it is not known before the end, as of what is kept packed by gzip and unpacked on its way. */
  size: number | undefined;
  /** Its media type. */
  type: string;
  /** Errors (AppError) where it breaks off, or is not what the bucket keeps. Cancel it where it is not read to its end. */
  body: ReadableStream<Uint8Array>;
}

export interface StorageApi {
  /** Its bytes as they come; undefined where there is no such object. */
  read(bucket: string, name: string, options: CallOptions): Promise<StoredObject | undefined>;
  /** Puts all of it in place of what was there, or nothing. */
  write(bucket: string, name: string, bytes: Uint8Array, type: string, options: CallOptions): Promise<void>;
  /** Also succeeds where it is gone. */
  delete(bucket: string, name: string, options: CallOptions): Promise<void>;
  /** Names in the order of their UTF-8 bytes, those after `after` alone; at most `limit`, 1 to 1,000. */
  list(
    bucket: string,
    prefix: string,
    after: string | undefined,
    limit: number,
    options: CallOptions,
  ): Promise<string[]>;
  /** A V4 signed address by which anybody may GET it for `seconds` (at most 604,800), signed without a key file by the IAM credentials API. Throws `invalid` where it would be longer than 2,000 characters. */
  sign(bucket: string, name: string, seconds: number, options: CallOptions): Promise<string>;
}
