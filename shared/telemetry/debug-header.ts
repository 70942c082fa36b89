/**
 * The header `X-Hawker-Debug: <expires>.<signature>`: whoever has HAWKER_DEBUG_KEY may have one request logged in detail and traced, without changing a setting.
 *
 * `expires` is in seconds since 1970, at most an hour ahead; the signature is HMAC-SHA256 over `debug.<expires>`, base64url. It is good for any request until then, and opens
 * nothing but the log. It counts for the request that bears it, not for the events that this publishes: those are traced since the request is, and logged as any other.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';

/** Also of the answer: `on` where it took. */
export const DEBUG_HEADER = 'X-Hawker-Debug';
const NAME = 'x-hawker-debug';
/** Seconds. */
const LONGEST = 3_600;

let key: string | undefined;

/** Of this process; without one the header does nothing. */
export function useDebugKey(given: string | undefined): void {
  key = given;
}

/** The header's value. `expires` in whole seconds since 1970. */
export function debugHeader(signedWith: string, expires: number): string {
  return `${expires}.${signature(signedWith, expires)}`;
}

/** Whether a request bears a good one. One that is not does nothing, and is told at DEBUG. */
export function isDebugged(headers: Headers | IncomingHttpHeaders, log: Log): boolean {
  if (key === undefined) return false;
  const given = headers instanceof Headers ? headers.get(NAME) : headers[NAME];
  if (given === undefined || given === null) return false;
  const reason = faultOf(String(given), key, systemClock.now() / 1000);
  if (reason !== undefined) log.debug(`${DEBUG_HEADER} does nothing`, { reason });
  return reason === undefined;
}

/** What the line of a debugged request tells of how it was asked: the names of its headers, and how large it says that it is; no other value, which may be a secret. */
export function askedBy(headers: Headers | IncomingHttpHeaders): Record<string, unknown> {
  const all = headers instanceof Headers ? Object.fromEntries(headers) : headers;
  const { 'content-type': contentType, 'content-length': contentLength } = all;
  return { headers: Object.keys(all), contentType, contentLength };
}

/** Why it does not count; `now` in seconds since 1970. */
function faultOf(given: string, signedWith: string, now: number): string | undefined {
  const [, expires, signed = ''] = /^(\d{10})\.([\w-]{43})$/.exec(given) ?? [];
  if (expires === undefined) return 'it is not <expires>.<signature>';
  if (!timingSafeEqual(Buffer.from(signed), Buffer.from(signature(signedWith, Number(expires)))))
    return 'it was signed with another key, or not at all';
  if (Number(expires) <= now) return 'it is over';
  return Number(expires) > now + LONGEST ? 'it is for longer than an hour' : undefined;
}

function signature(signedWith: string, expires: number): string {
  return createHmac('sha256', signedWith).update(`debug.${expires}`).digest('base64url');
}
