/**
 * What the server shows as running. A step is one text that begins with a kilobyte of ours, which is as much as PostgreSQL keeps of it (`track_activity_query_size`), so its first line is a comment that
 * says what it is about: its file, and how the script begins. Nothing is said of it from its first quote on: that may be a password.
 */
import type { Script } from '../migration.ts';

const HEAD = '-- hawker: ';
const MOST_SHOWN = 300;
/** More than is shown when spaces and comments are taken out of it. */
const MOST_READ = 2_000;

/** A line of its own, for the head of the text. */
export function headOf(script: Script | undefined): string {
  if (!script) return '';
  const text = script.text.slice(0, MOST_READ).replaceAll(/^\s*--.*$/gm, '');
  const quote = text.search(/'|\$\w*\$/);
  const begin = quote < 0 ? text : `${text.slice(0, quote)}...`;
  const line = `${script.file}: ${begin}`.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return `${HEAD}${line.slice(0, MOST_SHOWN).toWellFormed()}\n`;
}

/** Of what the server shows, the part that is of use. */
export function shownOf(query: string): string {
  if (!query.startsWith(HEAD)) return query;
  const end = query.indexOf('\n');
  return query.slice(HEAD.length, end < 0 ? undefined : end);
}
