/** Versions of documents as strong entity tags (RFC 9110 section 8.8.3), and what If-Match and If-None-Match ask of them. */
import { AppError } from '../errors.ts';
import type { Version } from '../store/store.ts';

export function etagOf(version: Version): string {
  return `"${encodeURIComponent(version)}"`;
}

/** Throws `precondition_failed` unless the document is one that `ifMatch` names; `*` stands for any. Passes where the header is absent. */
export function requireMatch(ifMatch: string | undefined, current: { version: Version } | undefined): void {
  if (ifMatch === undefined) return;
  if (!current) throw new AppError('precondition_failed', 'If-Match was sent, and there is nothing here');
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  // A weak tag (`W/"..."`) never matches: If-Match compares strongly.
  if (!tags.includes('*') && !tags.includes(etagOf(current.version)))
    throw new AppError('precondition_failed', 'It has changed since the version that If-Match names; read it again');
}

/** Throws `precondition_failed` where the document is one that `ifNoneMatch` names; `*` stands for any. Passes where the header is absent. */
export function requireNoMatch(ifNoneMatch: string | undefined, current: { version: Version } | undefined): void {
  if (current && names(ifNoneMatch, current.version))
    throw new AppError('precondition_failed', 'If-None-Match was sent, and it is there already');
}

/** What was read, as JSON with its ETag; 304 without it where `ifNoneMatch` names this version (RFC 9110 section 13.1.2). */
export function answerUnlessKnown(ifNoneMatch: string | undefined, version: Version, answer: unknown): Response {
  const headers = { ETag: etagOf(version) };
  return names(ifNoneMatch, version)
    ? new Response(null, { status: 304, headers })
    : Response.json(answer, { headers });
}

/** Weak and strong tags are alike here. */
function names(ifNoneMatch: string | undefined, version: Version): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(etagOf(version));
}
