/** What a statement of a backfill is made of, in three dialects: as much as is needed to find one comment in it and what stands around. */
import { endOfQuoted, endOfSkipped, quoteAt } from '../statements/tokens.ts';

export type SqlDialect = 'postgres' | 'mysql' | 'sqlite';

export interface Token {
  /** A word in capitals, a sign, `'` for anything quoted, `page` for the marker. */
  what: string;
  at: number;
  end: number;
}

const MARKER = /\/\*\s*\+job\s+page\s*\*\//y;
const WORD = /[\p{L}\p{N}_$]+/uy;
const DOLLARS = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

export function* tokensIn(text: string, dialect: SqlDialect): Generator<Token> {
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length; ) {
    const marker = matchAt(MARKER, text, at);
    if (marker) {
      yield { what: 'page', at, end: at + marker.length };
      at += marker.length;
      continue;
    }
    const skipped = dialect === 'postgres' ? endOfPostgresSpace(text, at) : endOfSkipped(text, at, dialect);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const quoted = dialect === 'postgres' ? endOfPostgresQuoted(text, at) : endOfOtherQuoted(text, at, dialect);
    if (quoted > at) {
      yield { what: "'", at, end: quoted };
      at = quoted;
      continue;
    }
    const word = matchAt(WORD, text, at) ?? String.fromCodePoint(text.codePointAt(at) as number);
    yield { what: word.toUpperCase(), at, end: at + word.length };
    at += word.length;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const endOfOtherQuoted = (text: string, at: number, dialect: 'mysql' | 'sqlite') =>
  quoteAt(text, at, dialect) ? endOfQuoted(text, at, dialect) : at;

/** Comments in comments count there. */
function endOfPostgresSpace(text: string, at: number): number {
  if (/\s/.test(text.charAt(at))) return at + 1;
  if (text.startsWith('--', at)) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end + 1;
  }
  if (!text.startsWith('/*', at)) return at;
  let depth = 1;
  let next = at + 2;
  while (next < text.length && depth > 0) {
    const step = text.startsWith('/*', next) ? 1 : text.startsWith('*/', next) ? -1 : 0;
    depth += step;
    next += step === 0 ? 1 : 2;
  }
  return next;
}

function endOfPostgresQuoted(text: string, at: number): number {
  const first = text.charAt(at);
  if (first === "'") return endOfString(text, at, "'", false);
  if (first === '"') return endOfString(text, at, '"', false);
  if ((first === 'e' || first === 'E') && text.charAt(at + 1) === "'") return endOfString(text, at + 1, "'", true);
  const dollars = matchAt(DOLLARS, text, at);
  if (dollars === undefined) return at;
  const end = text.indexOf(dollars, at + dollars.length);
  return end < 0 ? text.length : end + dollars.length;
}

/** A doubled quote is two strings side by side, which comes to the same. */
function endOfString(text: string, at: number, quote: string, backslashes: boolean): number {
  for (let next = at + 1; next < text.length; next++) {
    const char = text.charAt(next);
    if (char === '\\' && backslashes) next++;
    else if (char === quote) return next + 1;
  }
  return text.length;
}
