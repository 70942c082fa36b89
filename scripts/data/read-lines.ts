/** Reads a file line by line, as bytes and in bounded memory. */
import { createReadStream } from 'node:fs';
import { AppError } from '#shared/errors.ts';
import { MAX_LINE_BYTES } from './file-format.ts';

export interface Line {
  /** With its line feed, where it has one. */
  bytes: Buffer;
  text: string;
  /** Whether a line feed ends it: without one it is what a crash left of a line. */
  ended: boolean;
}

/** Throws `invalid` at a line of more than 1 MiB, which is none of ours, and what `explain` makes of the file system's refusals. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  let held = 0;
  const stream = createReadStream(path, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>;
  try {
    for await (const chunk of stream) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield lineOf(Buffer.concat([...rest, chunk.subarray(from, end + 1)]), true);
        rest = [];
        held = 0;
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
      held += chunk.length - from;
      if (held > MAX_LINE_BYTES) throw new AppError('invalid', `${path} has a line of more than 1 MiB`);
    }
  } catch (error) {
    throw unreadable(error, path);
  }
  if (held > 0) yield lineOf(Buffer.concat(rest), false);
}

function lineOf(bytes: Buffer, ended: boolean): Line {
  return { bytes, text: bytes.toString('utf8', 0, ended ? bytes.length - 1 : bytes.length), ended };
}

function unreadable(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof AppError || code === undefined) return error;
  if (code === 'ENOENT') return new AppError('not_found', `there is no file ${path}`);
  return new AppError('unavailable', `${path} cannot be read (${code})`, { cause: error });
}
