/**
 * Slugs and request paths in one canonical form, so that what was saved is found again however it is spelled.
 *
 * A path is split at `/` first and each segment decoded after, so an encoded slash (`%2F`) never separates. A segment's canonical form is
 * its decoded text in NFC, in lower case where the domain is case-insensitive, with `%`, `/`, `\`, `?` and `#` percent-encoded again:
 * that keeps the form free of ambiguity, readable, and a valid slug of its own. Empty segments count, but for one trailing slash
 * where the domain ignores it.
 */
import { AppError } from '../errors.ts';
import { docId } from '../store/store.ts';
import type { Domain, Match } from './records.ts';

export type SlugModes = Pick<Domain, 'case' | 'trailingSlash'>;

export interface Slug {
  /** What documents are keyed by; `/` for the root. */
  key: string;
  /** As people read it: the key in the letters' own case. Parsing it again gives the same slug. */
  display: string;
  /** Number of segments; 0 for the root. */
  depth: number;
}

export interface RequestPath {
  /** Canonical segments; none for the root. */
  segments: readonly string[];
  /** The segments as sent, in ASCII; a trailing slash that the domain ignores is still here as a last empty one. */
  raw: readonly string[];
}

/** The longest key in bytes, as it stands in a document's id. */
const MAX_KEY_BYTES = 900;

const MALFORMED = /%(?![0-9a-fA-F]{2})/;
const CONTROL = /\p{Cc}/u;
const SEPARATING = /[%/\\?#]/g;
const RESERVED = new Set(['robots.txt', 'favicon.ico', '.well-known', '_healthz']);

/**
 * Reads a slug as it would be written in an address: `docs/admin`, in raw Unicode or percent-encoded, with or without the leading slash.
 * For a prefix link a trailing slash says nothing and is dropped. Throws AppError `invalid` with the rule it breaks.
 */
export function parseSlug(text: string, modes: SlugModes, match: Match = 'exact'): Slug {
  if (text === '') throw refused('is empty; the root is written /');
  if (/[\\?#]/.test(text)) throw refused('holds \\, ? or #, which must be percent-encoded in a slug');
  const ignore = match === 'prefix' || modes.trailingSlash === 'ignore';
  const decoded = rawSegments(text.startsWith('/') ? text : `/${text}`, ignore).map(decodeForSaving);
  if (ignore && decoded.at(-1) === '') throw refused('ends in more than one slash');
  if (RESERVED.has(decoded[0]?.toLowerCase() ?? '')) throw refused(`starts with ${decoded[0]}, which is reserved`);
  const display = joined(decoded.map((segment) => canonical(segment, false)));
  const key = joined(decoded.map((segment) => canonical(segment, modes.case === 'insensitive')));
  if (!fits(key)) throw refused(`is longer than ${MAX_KEY_BYTES} bytes`);
  return { key, display, depth: decoded.length };
}

/** The canonical path of a request; undefined where it is malformed or holds an encoded control character. `path` starts with `/`. */
export function parsePath(path: string, modes: SlugModes): RequestPath | undefined {
  const insensitive = modes.case === 'insensitive';
  const segments: string[] = [];
  for (const segment of rawSegments(path, modes.trailingSlash === 'ignore')) {
    if (!segment.includes('%')) {
      segments.push(canonical(segment, insensitive));
      continue;
    }
    if (MALFORMED.test(segment)) return undefined;
    const decoded = decodeUtf8(segment);
    if (CONTROL.test(decoded ?? unescapeBytes(segment).replaceAll(/[\x80-\xff]/g, ''))) return undefined;
    // What is not UTF-8 equals no slug, but a prefix link may still pass it on.
    segments.push(decoded === undefined ? segment.toUpperCase() : canonical(decoded, insensitive));
  }
  return { segments, raw: path === '/' ? [] : path.slice(1).split('/') };
}

/** Whether every host answers this path itself, before any slug. `path` in ASCII, without query. */
export function isReserved(path: string): boolean {
  return path.startsWith('/.well-known/') || RESERVED.has(path.slice(1));
}

/** The path under which a slug, given as `display` or `key`, is reached; in ASCII. */
export function slugPath(slug: string): string {
  const path = slug.startsWith('/') ? slug : `/${slug}`;
  return path.replaceAll(/[^!-~]+/g, encodeURIComponent);
}

/** The key of the first `depth` segments, or undefined where it is too long to have been saved. */
export function keyAt(path: RequestPath, depth: number): string | undefined {
  const key = joined(path.segments.slice(0, depth));
  return fits(key) ? key : undefined;
}

/** What follows the first `depth` segments, as sent, with its leading slash; empty where nothing does. */
export function restAfter(path: RequestPath, depth: number): string {
  return depth < path.segments.length ? `/${path.raw.slice(depth).join('/')}` : '';
}

/** Percent-decoding to bytes, one character per byte: never fails, and two spellings of the same bytes come out equal. */
export function unescapeBytes(text: string): string {
  return text.includes('%')
    ? text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

function rawSegments(path: string, ignoreTrailing: boolean): string[] {
  const kept = ignoreTrailing && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return kept === '/' ? [] : kept.slice(1).split('/');
}

function decodeForSaving(segment: string): string {
  if (MALFORMED.test(segment)) throw refused('holds a % that is not followed by two hexadecimal digits');
  const decoded = decodeUtf8(segment);
  if (decoded === undefined || !decoded.isWellFormed()) throw refused('is not UTF-8');
  if (CONTROL.test(decoded)) throw refused('holds a control character');
  if (decoded === '.' || decoded === '..') throw refused('holds a . or .. segment, which clients remove');
  return decoded;
}

function decodeUtf8(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function canonical(decoded: string, lower: boolean): string {
  const text = decoded.normalize('NFC');
  // Lower-casing may leave a letter and its mark apart again.
  return (lower ? text.toLowerCase().normalize('NFC') : text).replaceAll(SEPARATING, encodeURIComponent);
}

/** A path that starts with an empty segment keeps its slash, since `/` alone is the root. */
function joined(segments: readonly string[]): string {
  const text = segments.join('/');
  return segments.length === 0 || segments[0] === '' ? `/${text}` : text;
}

function fits(key: string): boolean {
  return key.length <= MAX_KEY_BYTES && Buffer.byteLength(docId(key)) <= MAX_KEY_BYTES;
}

function refused(rule: string): AppError {
  return new AppError('invalid', `the slug ${rule}`);
}
