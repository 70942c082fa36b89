/** Reads an exported file: first all of it, to see that it is whole and what it was, and then its documents. */
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { AppError, messageOf } from '#shared/errors.ts';
import { createChecksums } from './checksums.ts';
import { type Header, type Moved, parseHeader, parseMoved, parseTrailer, sealed, type Trailer } from './file-format.ts';
import { readLines } from './read-lines.ts';

export interface CheckedFile {
  header: Header;
  trailer: Trailer;
}

/** `known`: the collections that this Hawker has. Throws `invalid` where anything of it is not what was exported, with the number of the line; `not_found` and `unavailable`. */
export async function checkFile(path: string, known: readonly string[]): Promise<CheckedFile> {
  // It is read more than once, which a pipe would wait for in vain.
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) throw new AppError('invalid', `${path} is no file`);
  let number = 0;
  let header: Header | undefined;
  let headerLine: Buffer = Buffer.alloc(0);
  let trailer: Trailer | undefined;
  let collections = new Set<string>();
  let sums = createChecksums([]);
  const damaged = (why: string) => new AppError('invalid', `${path}, line ${number}: ${why}`);
  for await (const { bytes, text, ended } of readLines(path)) {
    number++;
    if (!header) {
      header = headerIn(text, path);
      headerLine = bytes;
      requireKnown(path, header.collections, known);
      collections = new Set(header.collections);
      sums = createChecksums(header.collections);
      continue;
    }
    if (trailer) throw damaged('something follows the last line');
    const document = parseMoved(text, collections);
    if (document && ended) {
      if (!sums.add(document, bytes)) throw damaged('a document out of order, or twice');
    } else {
      trailer = parseTrailer(text);
      if (!trailer) throw ended ? damaged('no document that was exported') : cut(path);
    }
  }
  if (!header) throw new AppError('invalid', `${path} is empty`);
  if (!trailer) throw cut(path);
  if (sealed(headerLine, trailer).seal !== trailer.seal)
    throw new AppError('invalid', `${path}: its first or last line is not what was exported`);
  const found = sums.sums();
  for (const name of new Set([...header.collections, ...Object.keys(trailer.collections)]))
    if (!isDeepStrictEqual(found[name], trailer.collections[name]))
      throw new AppError('invalid', `${path}: ${name} is not what was exported (count or checksum differ)`);
  return { header, trailer };
}

/** The documents of a file that was checked. */
export async function* readMoved(
  path: string,
  { header }: CheckedFile,
): AsyncGenerator<{ document: Moved; bytes: number }> {
  const collections = new Set(header.collections);
  for await (const { text, bytes } of readLines(path)) {
    const document = parseMoved(text, collections);
    if (document) yield { document, bytes: bytes.length };
  }
}

function headerIn(text: string, path: string): Header {
  try {
    return parseHeader(text);
  } catch (error) {
    throw new AppError('invalid', `${path} cannot be imported: ${messageOf(error)}`);
  }
}

function requireKnown(path: string, collections: readonly string[], known: readonly string[]): void {
  const unknown = collections.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new AppError('invalid', `${path} holds collections that this Hawker does not know: ${unknown.join(', ')}`);
}

function cut(path: string): AppError {
  return new AppError('invalid', `${path} is cut off: its last line is missing`);
}
