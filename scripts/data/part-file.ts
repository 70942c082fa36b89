/**
 * The file while it is being written: `<name>.part`, private to its user, and renamed to its name when it is whole and on the disk. What a crash left of it
 * can be gone on with: behind its last whole line.
 */
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { AppError } from '#shared/errors.ts';
import { type Checksums, createChecksums } from './checksums.ts';
import {
  type Header,
  lineOf,
  type Moved,
  parseHeader,
  parseMoved,
  parseTrailer,
  sealed,
  type Trailer,
} from './file-format.ts';
import { readLines } from './read-lines.ts';

export interface PartFile {
  sums: Checksums;
  /** Written as one piece. */
  write(documents: readonly Moved[]): Promise<void>;
  /** Writes the last line and gives the file its name. */
  finish(trailer: Omit<Trailer, 'collections' | 'seal'>): Promise<Trailer>;
  /** Leaves what is written for `--resume`. */
  close(): Promise<void>;
}

/** `resume`: goes on with what is there, which must have come from the same store. Throws `already_exists`, `not_found`, `conflict`, `storage_full` and `unavailable`. */
export async function openPartFile(path: string, header: Header, resume: boolean): Promise<PartFile> {
  const part = `${path}.part`;
  if (existsSync(path)) throw new AppError('already_exists', `${path} is there already; name another file`);
  const left = resume ? await readLeft(part, header) : undefined;
  const handle = await open(part, left ? 'r+' : 'wx', 0o600).catch((error: unknown) => {
    throw explained(error, part);
  });
  const sums = left?.sums ?? createChecksums(header.collections);
  const headerLine = left?.header ?? Buffer.from(lineOf(header));
  let at = left?.bytes ?? 0;

  const append = async (text: Buffer): Promise<void> => {
    try {
      for (let done = 0; done < text.length; ) {
        const { bytesWritten } = await handle.write(text, done, text.length - done, at);
        done += bytesWritten;
        at += bytesWritten;
      }
    } catch (error) {
      throw explained(error, part);
    }
  };
  try {
    if (left) await handle.truncate(at);
    else await append(headerLine);
  } catch (error) {
    await handle.close();
    throw explained(error, part);
  }
  return {
    sums,
    async write(documents) {
      const lines = documents.map((document) => Buffer.from(lineOf(document)));
      await append(Buffer.concat(lines));
      for (const [index, document] of documents.entries())
        if (!sums.add(document, lines[index] ?? Buffer.alloc(0)))
          throw new AppError('internal', `the store lists ${document.collection} out of order`);
    },
    async finish(given) {
      const trailer = sealed(headerLine, { ...given, collections: sums.sums() });
      await append(Buffer.from(lineOf(trailer)));
      await onDisk(handle, part);
      await rename(part, path).catch((error: unknown) => {
        throw explained(error, path);
      });
      return trailer;
    },
    close: () => handle.close(),
  };
}

interface Left {
  /** Its line. */
  header: Buffer;
  sums: Checksums;
  /** Up to the end of the last whole line. */
  bytes: number;
}

async function readLeft(part: string, wanted: Header): Promise<Left> {
  let sums: Checksums | undefined;
  let header: Buffer = Buffer.alloc(0);
  let bytes = 0;
  const collections = new Set(wanted.collections);
  const unlike = (why: string) =>
    new AppError('conflict', `${part} cannot be gone on with: ${why}; remove it and begin anew`);
  for await (const line of readLines(part)) {
    // The last line is written anew, as whatever follows the last whole one.
    if (!line.ended || (sums && parseTrailer(line.text))) break;
    if (sums) {
      const document = parseMoved(line.text, collections);
      if (!document || !sums.add(document, line.bytes)) throw unlike('it is damaged');
    } else {
      requireSame(part, line.text, wanted);
      header = line.bytes;
      sums = createChecksums(wanted.collections);
    }
    bytes += line.bytes.length;
  }
  if (!sums) throw unlike('not even its first line is whole');
  return { header, sums, bytes };
}

function requireSame(part: string, text: string, wanted: Header): void {
  let found: Header;
  try {
    found = parseHeader(text);
  } catch {
    throw new AppError('conflict', `${part} is not the beginning of an export; remove it or name another file`);
  }
  if (found.store !== wanted.store)
    throw new AppError('conflict', `${part} comes from another store (${found.store}); remove it or name another file`);
  if (found.collections.join() !== wanted.collections.join())
    throw new AppError('conflict', `${part} was begun by another version of Hawker; remove it and begin anew`);
}

async function onDisk(handle: FileHandle, part: string): Promise<void> {
  await handle.sync().catch((error: unknown) => {
    throw explained(error, part);
  });
}

function explained(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new AppError('storage_full', `no room left for ${path}; make some and go on with --resume`, {
      cause: error,
    });
  if (code === 'EEXIST')
    return new AppError(
      'already_exists',
      `${path} is what an export left that did not end; go on with --resume, or remove it`,
    );
  if (code === 'ENOENT') return new AppError('not_found', `the folder of ${path} does not exist`);
  return new AppError('unavailable', `${path} cannot be written (${code})`, { cause: error });
}
