/**
 * Whether an address of Cloud Storage is signed as https://cloud.google.com/storage/docs/access-control/signed-urls asks (V4, GOOG4-RSA-SHA256). Written from
 * that page, with nothing of what the product signs with.
 */
import { createHash, createVerify, type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** How the XML API refuses: its status, code and message. */
export interface XmlRefusal {
  status: number;
  code: string;
  message: string;
}

interface Verifier {
  /** The public key of a service account. */
  keyOf(account: string): KeyObject | undefined;
  now(): number;
}

const MOST_SECONDS = 604_800;
/** Clocks differ. */
const EARLY_MS = 15 * 60_000;

const refused = (status: number, code: string, message: string): XmlRefusal => ({ status, code, message });
const mismatch = (what: string) =>
  refused(
    403,
    'SignatureDoesNotMatch',
    `The request signature we calculated does not match the signature you provided: ${what}`,
  );

/** Answers the account that signed, or why it is refused. */
export function verifySigned(request: IncomingMessage, url: URL, { keyOf, now }: Verifier): string | XmlRefusal {
  const query = url.searchParams;
  if (!query.has('X-Goog-Signature'))
    return refused(403, 'AccessDenied', 'Anonymous caller does not have storage.objects.get access to the object.');
  if (query.get('X-Goog-Algorithm') !== 'GOOG4-RSA-SHA256') return refused(400, 'InvalidArgument', 'X-Goog-Algorithm');

  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Goog-Date') ?? '');
  const seconds = query.get('X-Goog-Expires') ?? '';
  if (!date || !/^\d{1,6}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > MOST_SECONDS)
    return refused(400, 'AuthenticationRequestParametersError', 'X-Goog-Date or X-Goog-Expires');
  const [stamp, ...parts] = date;
  const [year, month, day, ...time] = parts.map(Number) as [number, number, number, number, number, number];
  const signedAt = Date.UTC(year, month - 1, day, ...time);

  const credential = /^([^/]+)\/((\d{8})\/[a-z0-9-]+\/storage\/goog4_request)$/.exec(
    query.get('X-Goog-Credential') ?? '',
  );
  const [, account = '', scope = '', scopeDay] = credential ?? [];
  const key = keyOf(account);
  if (!key || scopeDay !== stamp.slice(0, 8)) return mismatch('credential');

  const names = (query.get('X-Goog-SignedHeaders') ?? '').split(';');
  if (!names.includes('host') || String(names) !== String(names.toSorted())) return mismatch('signed headers');
  const headers = names.map((name) => {
    // Google's clients sign the host without its port; on 443 there is none.
    const value = name === 'host' ? request.headers.host?.replace(/:\d+$/, '') : request.headers[name];
    return `${name}:${String(value).trim().replace(/ {2,}/g, ' ')}\n`;
  });
  // As it was sent: a URL has changed some of it already.
  const path = request.url?.split('?')[0];
  const canonical = [
    request.method,
    path,
    canonicalQuery(query),
    headers.join(''),
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const text = ['GOOG4-RSA-SHA256', stamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signature = query.get('X-Goog-Signature') ?? '';
  if (!/^[0-9a-f]+$/.test(signature) || !createVerify('RSA-SHA256').update(text).verify(key, signature, 'hex'))
    return mismatch('signature');

  if (now() < signedAt - EARLY_MS) return refused(403, 'AccessDenied', 'The request is dated too far ahead.');
  if (now() >= signedAt + Number(seconds) * 1000) return refused(400, 'ExpiredToken', 'Invalid argument.');
  return account;
}

/** Sorted by name, everything but the signature; each escaped as RFC 3986 asks, which is more than `URLSearchParams` does. */
function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join('&');
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
