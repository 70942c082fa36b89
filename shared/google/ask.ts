/** One request to Google, bounded in time and size. Whatever comes back is an answer; what does not come has a name. */
import type { Clock } from '../clock.ts';
import { readBytes, TooManyBytes } from '../http/read-bytes.ts';
import { MOST_REFUSAL_BYTES, NoAnswer, startAttempt } from './attempt.ts';

export interface Request {
  url: string | URL;
  method?: string;
  headers?: Headers | Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** Redirects are answers too: a token must not go where Google did not send it by itself. */
export interface Answer {
  status: number;
  headers: Headers;
  /** All of it where the status is 2xx. Of others what was said, or nothing where that was too long or broke off. */
  bytes: Uint8Array;
}

export interface Bounds {
  /** From the start to the last byte, in milliseconds. */
  ms: number;
  /** Of the body once unpacked. */
  bytes: number;
  signal: AbortSignal;
}

/** Throws NoAnswer alone. */
export async function ask(request: Request, { ms, bytes, signal }: Bounds, clock: Clock): Promise<Answer> {
  const { url, ...init } = request;
  const attempt = startAttempt(signal, clock);
  const work = async (): Promise<Answer> => {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: attempt.signal });
    return { status: response.status, headers: response.headers, bytes: await bodyOf(response, bytes) };
  };
  try {
    return await attempt.inTime(work, ms, `has not answered within ${ms / 1_000} seconds`);
  } catch (error) {
    throw attempt.named(error);
  } finally {
    attempt.end();
  }
}

async function bodyOf({ ok, body }: Response, limit: number): Promise<Uint8Array> {
  const read = readBytes(body, ok ? limit : MOST_REFUSAL_BYTES);
  if (!ok) return read.catch(() => new Uint8Array());
  return read.catch((error: unknown) => {
    if (error instanceof TooManyBytes) throw new NoAnswer('too large', `answers with ${error.message}`);
    throw error;
  });
}
