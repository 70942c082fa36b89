/** What is used of Drive v3: the bytes of a file, at the version that was looked at. Shared drives are always included. */
import type { CallOptions } from './google.ts';

export interface DriveFile {
  /** Of the file itself, where a shortcut was given. */
  id: string;
  name: string;
  mimeType: string;
  /** Bytes; absent where Drive does not tell. */
  size?: number;
  /** Names the version of the bytes. */
  revision?: string;
  md5?: string;
}

export interface DriveApi {
  /** Follows one shortcut. A file in the bin is `not_found`; one that may not be downloaded is `google_forbidden`; what has no bytes of its own, such as a Google document, is `invalid`. */
  file(id: string, options: CallOptions): Promise<DriveFile>;
  /** All bytes. Throws `too_large` beyond `maxBytes`, `conflict` where they are not those of `file` (by its md5). */
  download(file: DriveFile, maxBytes: number, options: CallOptions): Promise<Uint8Array>;
}
