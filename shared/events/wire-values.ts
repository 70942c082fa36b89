/** What the readers of wire shapes have in common: every value is checked by type, and what is wrong is named. */
import { AppError } from '../errors.ts';

export function malformed(what: string, cause?: unknown): AppError {
  return new AppError('bad_request', what, { cause });
}

export type Members = Record<string, unknown>;

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that is a string, or absent; null and '' count as absent, as protobuf's JSON has it. */
export function optionalText(members: Members, name: string, where: string): string | undefined {
  const value = members[name] ?? undefined;
  if (value !== undefined && typeof value !== 'string') throw malformed(`${where}.${name} is not a string`);
  return value || undefined;
}

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(utf8(bytes));
  } catch (cause) {
    throw malformed(`${what} is not JSON`, cause);
  }
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

/** Base64 or base64url, with or without padding; Buffer alone would skip over what is neither. */
export function decodeBase64(text: string, what: string): Uint8Array {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw malformed(`${what} is not base64`);
  return Buffer.from(text, 'base64');
}

/**
 * The value that a payload's bytes stand for: JSON parsed, text as a string, anything else as bytes; none at all is `undefined`.
 * Where nothing says what it is: JSON if it parses, else a string if it is UTF-8, else bytes.
 */
export function decodeData(bytes: Uint8Array, contentType: string | undefined): unknown {
  if (bytes.length === 0) return undefined;
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType && /[/+]json$/.test(mediaType)) return parseJson(bytes, 'the data');
  if (mediaType && !mediaType.startsWith('text/')) return bytes;
  let text: string;
  try {
    text = utf8(bytes);
  } catch {
    return bytes;
  }
  if (mediaType) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** The same moment in UTC with every digit of its fraction kept: a Date would cut it to milliseconds. */
export function utcTime(text: string, what: string): string {
  const [, , , fraction = ''] = RFC_3339.exec(text) ?? [];
  const wholeSeconds = Date.parse(text.replace(fraction, '').replace(' ', 'T').toUpperCase());
  if (!RFC_3339.test(text) || Number.isNaN(wholeSeconds)) throw malformed(`${what} is not an RFC 3339 time`);
  return `${new Date(wholeSeconds).toISOString().slice(0, -5)}${fraction}Z`;
}
