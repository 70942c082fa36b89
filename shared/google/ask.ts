/** One request to Google, bounded in time and size. Whatever comes back is an answer; what does not come has a name. */
import type { Clock } from '../clock.ts';
import { readBytes, TooManyBytes } from '../http/read-bytes.ts';
import { outgoingTraceparent } from '../telemetry/scope.ts';
import { TRACEPARENT } from '../telemetry/trace-context.ts';
import { observeUpstream, type UpstreamCall } from '../telemetry/upstream.ts';
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

/** What a request is for, as it is called where it is measured. */
export interface Call extends Pick<UpstreamCall, 'upstream' | 'operation' | 'resends'> {
  /** Nothing is said of the trace: what is asked is no API. */
  untraced?: boolean;
}

/** Throws NoAnswer alone. */
export async function ask(request: Request, { ms, bytes, signal }: Bounds, clock: Clock, call: Call): Promise<Answer> {
  const { url, method = 'GET' } = request;
  const attempt = startAttempt(signal, clock);
  const late = `has not answered within ${ms / 1_000} seconds`;
  try {
    return await observeUpstream({ ...call, method, url }, async (answered) => {
      const work = async (): Promise<Answer> => {
        const response = await fetch(url, { ...initOf(request, call), signal: attempt.signal });
        answered(response.status);
        return { status: response.status, headers: response.headers, bytes: await bodyOf(response, bytes) };
      };
      return attempt.inTime(work, ms, late).catch((error: unknown) => {
        throw attempt.named(error);
      });
    });
  } finally {
    attempt.end();
  }
}

/** Names the span that this runs in, if there is one. */
export function initOf({ url: _, ...init }: Request, { untraced = false }: Call): RequestInit {
  const traceparent = untraced ? undefined : outgoingTraceparent();
  const headers = new Headers(init.headers);
  if (traceparent !== undefined) headers.set(TRACEPARENT, traceparent);
  return { ...init, headers, redirect: 'manual' };
}

async function bodyOf({ ok, body }: Response, limit: number): Promise<Uint8Array> {
  const read = readBytes(body, ok ? limit : MOST_REFUSAL_BYTES);
  if (!ok) return read.catch(() => new Uint8Array());
  return read.catch((error: unknown) => {
    if (error instanceof TooManyBytes) throw new NoAnswer('too large', `answers with ${error.message}`);
    throw error;
  });
}
