/**
 * Blobs as files of one folder. A file holds one line that tells its length and media type, then the bytes: one file, so that nothing can be out of step.
 *
 * A blob is written to a temporary name, forced to the disk and renamed: it is there as a whole or not at all, also after a power cut. What a process that died
 * left behind under a temporary name is removed by a later listing. Folder and files are made private to the user.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { explainFileError } from '../file-failures.ts';
import type { Ids } from '../ids.ts';
import { type Blob, type Blobs, isBlobName } from './blobs.ts';
import { checkLimit, checkName, checkType } from './checks.ts';

/** `hawker-blob`, the length of the bytes that follow the line, the media type. */
const HEAD = /^hawker-blob (\d{1,15}) ([^\n]*)\n/;
const HEAD_BYTES = 300;
const CHUNK_BYTES = 64 * 1_024;
const TEMPORARY = /^([0-9a-f]{8}-[\w-]{1,100})\.[\w-]{1,40}\.part$/;
/** Nobody writes an image for so long. */
const ABANDONED_MS = 60 * 60_000;

export function createDiskBlobs(folder: string, { clock, ids }: { clock: Clock; ids: Ids }): Blobs {
  const pathOf = (name: string) => join(folder, checkName(name));

  return {
    shared: false,
    put: (name, bytes, type, { signal } = {}) =>
      explained(signal, async () => {
        const path = pathOf(name);
        const head = `hawker-blob ${bytes.byteLength} ${checkType(type)}\n`;
        if (await mkdir(folder, { recursive: true, mode: 0o700 })) await sync(dirname(folder));
        const temporary = `${path}.${ids.unique()}.part`;
        try {
          await writeDurably(temporary, [Buffer.from(head), bytes], signal);
          signal?.throwIfAborted();
          await rename(temporary, path);
        } catch (error) {
          await rm(temporary, { force: true }).catch(() => undefined);
          throw error;
        }
        await sync(folder);
      }),

    get: (name, { signal } = {}) =>
      explained(signal, async () => {
        const file = await openThere(pathOf(name));
        if (!file) return undefined;
        try {
          return await readBlob(file, signal, folder);
        } catch (error) {
          await file.close();
          throw error;
        }
      }),

    delete: (name, { signal } = {}) =>
      explained(signal, async () => {
        await rm(pathOf(name), { force: true });
      }),

    list: (after, limit, { signal } = {}) =>
      explained(signal, async () => {
        checkLimit(limit);
        const files = await readdir(folder).catch((error: unknown) =>
          isMissing(error) ? [] : Promise.reject(error as Error),
        );
        await removeAbandoned(files.filter((file) => TEMPORARY.test(file)));
        // All of them are ASCII: the order of UTF-16 is that of bytes.
        const names = files.filter((file) => isBlobName(file) && (after === undefined || file > after));
        return names.sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
      }),

    sign: async (name) => {
      checkName(name);
      throw new AppError(
        'not_configured',
        'addresses of stored images need a Cloud Storage bucket: HAWKER_BUCKET is not set',
      );
    },
  };

  async function explained<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof AppError ? error : explainFileError(error, folder);
    }
  }

  async function removeAbandoned(files: readonly string[]): Promise<void> {
    for (const file of files) {
      const path = join(folder, file);
      // It may have got its name, or been removed by somebody else, meanwhile.
      const found = await stat(path).catch(() => undefined);
      if (found && clock.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }
}

/** Into a file that was not there before, and through to the disk. */
async function writeDurably(path: string, pieces: Uint8Array[], signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const piece of pieces) await file.writeFile(piece, { ...(signal && { signal }) });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What a folder holds is as durable as the folder itself. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Takes the file over: it is closed when the body ends, fails, is cancelled, or the signal aborts. */
async function readBlob(file: FileHandle, signal: AbortSignal | undefined, folder: string): Promise<Blob> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const [head, length, type] = HEAD.exec(buffer.toString('latin1', 0, bytesRead)) ?? [];
  if (!head || !length || type === undefined) throw damaged();
  const size = Number(length);
  const end = head.length + size;
  if ((await file.stat()).size !== end) throw damaged();
  signal?.throwIfAborted();

  let position = head.length;
  const ended = new AbortController();
  const close = () => {
    ended.abort();
    return file.close();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const onAbort = () => {
          controller.error(signal?.reason);
          close().catch(() => undefined);
        };
        signal?.addEventListener('abort', onAbort, { once: true, signal: ended.signal });
      },
      async pull(controller) {
        try {
          const piece = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - position));
          const { bytesRead } = await file.read(piece, 0, piece.length, position);
          // Cancelled or aborted meanwhile.
          if (ended.signal.aborted) return;
          if (bytesRead === 0 && position < end) throw damaged();
          position += bytesRead;
          if (bytesRead > 0) controller.enqueue(piece.subarray(0, bytesRead));
          if (position < end) return;
          await close();
          controller.close();
        } catch (error) {
          if (ended.signal.aborted) return;
          await close();
          throw error instanceof AppError ? error : explainFileError(error, folder);
        }
      },
      cancel: close,
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
  return { size, type, body };
}

function damaged(): AppError {
  return new AppError('unavailable', 'what is kept under this name is damaged');
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
