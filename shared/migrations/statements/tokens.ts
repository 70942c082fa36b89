/** White space, comments and quoted text of MySQL and SQLite: what may hold a semicolon that ends nothing. */
import type { Dialect } from '../statements.ts';

const SPACE = /\s/;

/** Where white space or a comment that begins here ends; `at` itself where neither does. */
export function endOfSkipped(text: string, at: number, dialect: Dialect): number {
  const first = text.charAt(at);
  if (SPACE.test(first)) return at + 1;
  if (first === '#' && dialect === 'mysql') return endOfLine(text, at);
  if (first === '-' && text.charAt(at + 1) === '-') {
    // MySQL takes `5--1` for arithmetic: its comment needs a space, a control character or the end after the dashes.
    const after = text.charCodeAt(at + 2);
    if (dialect === 'sqlite' || Number.isNaN(after) || after <= 32 || after === 127) return endOfLine(text, at);
    return at;
  }
  if (first === '/' && text.charAt(at + 1) === '*' && !isConditional(text, at, dialect)) {
    const end = text.indexOf('*/', at + 2);
    return end < 0 ? text.length : end + 2;
  }
  return at;
}

/** What begins here, as one token: a quote character, or the mark of code in a comment (`/*!`); undefined where nothing is quoted. */
export function quoteAt(text: string, at: number, dialect: Dialect): string | undefined {
  const first = text.charAt(at);
  if (first === "'" || first === '"' || first === '`') return first;
  if (first === '[' && dialect === 'sqlite') return first;
  return isConditional(text, at, dialect) ? '/*!' : undefined;
}

/** A quote that is never closed goes on to the end; the database will say so. */
export function endOfQuoted(text: string, at: number, dialect: Dialect): number {
  const quote = text.charAt(at);
  if (quote === '/') return endOfConditional(text, at, dialect);
  if (quote === '[') return after(text, ']', at + 1);
  // A doubled quote is two quoted pieces side by side, which comes to the same.
  if (dialect === 'sqlite' || quote === '`') return after(text, quote, at + 1);
  for (let next = at + 1; next < text.length; next++) {
    const char = text.charAt(next);
    if (char === '\\') next++;
    else if (char === quote) return next + 1;
  }
  return text.length;
}

/** A comment that begins with `/*!` or, MariaDB alone, `/*M!`: the server runs what is inside. */
function isConditional(text: string, at: number, dialect: Dialect): boolean {
  return dialect === 'mysql' && (text.startsWith('/*!', at) || text.startsWith('/*M!', at));
}

function endOfConditional(text: string, at: number, dialect: Dialect): number {
  for (let next = at + 3; next < text.length; ) {
    if (text.startsWith('*/', next)) return next + 2;
    const skipped = endOfSkipped(text, next, dialect);
    if (skipped > next) next = skipped;
    else next = '\'"`'.includes(text.charAt(next)) ? endOfQuoted(text, next, dialect) : next + 1;
  }
  return text.length;
}

function endOfLine(text: string, at: number): number {
  return after(text, '\n', at);
}

function after(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found + what.length;
}
