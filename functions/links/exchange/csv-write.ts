/**
 * Writes links as CSV, losing nothing. A cell that a spreadsheet would take for a formula gets an apostrophe in front, which reading takes
 * away again; so does a cell that begins with an apostrophe, and the two can always be told apart.
 */
import { stringify } from 'csv-stringify/sync';
import type { Link } from '#shared/links/records.ts';
import { FIELDS, type Field } from './read-row.ts';

export const CSV_HEADER = `${FIELDS.join(',')}\r\n`;

export function writeCsvRow(link: Link): string {
  return stringify([FIELDS.map((field) => cellOf(link, field))], { record_delimiter: '\r\n', quoted_match: /[\r\n]/ });
}

function cellOf(link: Link, field: Field): string {
  const value = link[field];
  if (value === undefined || (field === 'tags' && link.tags.length === 0)) return '';
  return guarded(Array.isArray(value) ? listed(value) : String(value));
}

/** `a,b`, or a JSON array where that could be read in another way. */
function listed(items: string[]): string {
  const plain = items.every((item) => item !== '' && item === item.trim() && !item.includes(','));
  return plain && items.length > 0 && !items[0]?.startsWith('[') ? items.join(',') : JSON.stringify(items);
}

/** A lone apostrophe is the text that is there and empty. */
const guarded = (cell: string): string => (cell === '' || /^[=+\-@\t\r']/.test(cell) ? `'${cell}` : cell);
