/** A statement of MySQL or SQLite as words, names and signs, without comments. */

import { endOfQuoted, endOfSkipped, quoteAt } from '../statements/tokens.ts';
import type { Dialect } from '../statements.ts';

export interface Word {
  /** In capitals, but for what is quoted: that keeps its quotes, so that it is no keyword. */
  text: string;
  /** As written. */
  raw: string;
  /** How many brackets it stands in. */
  depth: number;
}

const WORD = /[\p{L}\p{N}_$]+/uy;

export function wordsOf(sql: string, dialect: Dialect): Word[] {
  const words: Word[] = [];
  let depth = 0;
  for (let at = 0; at < sql.length; ) {
    const skipped = endOfSkipped(sql, at, dialect);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const quoted = quoteAt(sql, at, dialect);
    let end: number;
    if (quoted) end = endOfQuoted(sql, at, dialect);
    else {
      WORD.lastIndex = at;
      end = at + (WORD.exec(sql)?.[0] ?? String.fromCodePoint(sql.codePointAt(at) as number)).length;
    }
    const raw = sql.slice(at, end);
    if (raw === ')') depth = Math.max(0, depth - 1);
    words.push({ text: quoted ? raw : raw.toUpperCase(), raw, depth });
    if (raw === '(') depth++;
    at = end;
  }
  return words;
}

/** The name that begins at this word, without needless quotes, and the place behind it. */
export function nameAt(words: readonly Word[], at: number): { name: string; next: number } {
  const parts = [words[at]?.raw ?? ''];
  let next = at + 1;
  while (words[next]?.raw === '.' && words[next + 1]) {
    parts.push(words[next + 1]?.raw ?? '');
    next += 2;
  }
  return { name: parts.map(bare).join('.'), next };
}

/** Quotes stay where the name needs them. */
function bare(part: string): string {
  const inner = /^([`"[])(.*)[`"\]]$/s.exec(part)?.[2];
  return inner !== undefined && /^[\p{L}\p{N}_$]+$/u.test(inner) ? inner : part;
}

/** The parts of a name that nameAt has made, without quotes. */
export function partsOf(name: string): string[] {
  const parts = name.match(/`(?:[^`]|``)*`|"(?:[^"]|"")*"|\[[^\]]*\]|[^.`"[]+/g) ?? [];
  return parts.map((part) => {
    const quote = part.charAt(0);
    if (quote === '[') return part.slice(1, -1);
    return quote === '`' || quote === '"' ? part.slice(1, -1).replaceAll(quote + quote, quote) : part;
  });
}

/** After IF [NOT] EXISTS, where it stands there. */
export function pastIfExists(words: readonly Word[], at: number): number {
  if (words[at]?.text !== 'IF') return at;
  return words[at + 1]?.text === 'NOT' ? at + 3 : at + 2;
}

/** Names in a list, up to the first word that is none. */
export function namesAt(words: readonly Word[], at: number): string[] {
  const names: string[] = [];
  for (let next = at; words[next]; ) {
    const found = nameAt(words, next);
    names.push(found.name);
    if (words[found.next]?.raw !== ',') break;
    next = found.next + 1;
  }
  return names;
}
