/**
 * JSON Lines: one link a line. Writing names every field, with `null` for one that the link does not have; reading leaves alone what a
 * line does not name.
 */
import type { Link } from '#shared/links/records.ts';
import { type Parsed, shown } from './draft.ts';
import { FIELDS, readRow } from './read-row.ts';

export function readJsonLines(text: string, base: string | undefined): Parsed {
  const parsed: Parsed = { drafts: [], problems: [] };
  for (const [index, content] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (content.trim() === '') continue;
    const place = { line: index + 1, text: shown(content) };
    const value = parsedJson(content);
    const read = value === undefined ? { ...place, reason: 'is not JSON' } : readRow(value, place, base);
    if ('reason' in read) parsed.problems.push(read);
    else parsed.drafts.push(read);
  }
  return parsed;
}

function parsedJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

export function writeJsonLine(link: Link): string {
  return `${JSON.stringify(Object.fromEntries(FIELDS.map((field) => [field, link[field] ?? null])))}\n`;
}
