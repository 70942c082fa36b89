/**
 * Reads CSV (RFC 4180): a header row of link fields, then one link a row. A field without a column is one the file does not speak of; an
 * empty cell says that the link has none. An apostrophe in front is a guard (see csv-write.ts) and falls away. As spreadsheets write it,
 * cells may be parted by semicolons or tabs, and header names may be in any case.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { AppError } from '#shared/errors.ts';
import { type Parsed, type Place, type Problem, shown } from './draft.ts';
import { FIELDS, type Field, readRow } from './read-row.ts';

interface Row extends Place {
  cells: string[];
}

/** Throws AppError `invalid` with the line where quoting breaks, since nothing after it can be told apart. */
export function readCsv(text: string, base: string | undefined): Parsed {
  const [header, ...rows] = rowsOf(text.replace(/^\uFEFF/, ''));
  if (!header) return { drafts: [], problems: [{ line: 0, text: '', reason: 'has no header row' }] };
  const names = header.cells.map((name) => fieldOf(name));
  const parsed: Parsed = { drafts: [], problems: headerProblems(header, names) };
  for (const row of rows) {
    const place = { line: row.line, text: row.text };
    if (row.cells.length > names.length) {
      parsed.problems.push({ ...place, reason: `has ${row.cells.length} cells under ${names.length} columns` });
      continue;
    }
    const said = names.flatMap((name, index) =>
      name ? [[name, cellValue(name, row.cells[index] ?? '')] as const] : [],
    );
    const read = readRow(Object.fromEntries(said), place, base);
    if ('reason' in read) parsed.problems.push(read);
    else parsed.drafts.push(read);
  }
  return parsed;
}

function fieldOf(name: string): Field | undefined {
  const wanted = name.trim().toLowerCase();
  return FIELDS.find((field) => field.toLowerCase() === wanted);
}

function headerProblems(header: Row, names: (Field | undefined)[]): Problem[] {
  const place = { line: header.line, text: header.text };
  return header.cells.flatMap((cell, index) => {
    const name = names[index];
    if (!name) return { ...place, reason: `the column ${JSON.stringify(cell)} is no field of a link and is left out` };
    return names.indexOf(name) < index
      ? { ...place, reason: `the column ${name} is there twice; the last one counts` }
      : [];
  });
}

/** Line numbers are counted here, since the parser's own count takes a CR LF within quotes for two lines. */
function rowsOf(file: string): Row[] {
  const bytes = Buffer.from(file);
  const rows: Row[] = [];
  let end = 0;
  let line = 1;
  for (const { record, info } of parsed(bytes, delimiterOf(file))) {
    const text = bytes.toString('utf8', end, info.bytes);
    const blank = /^[\r\n]*/.exec(text)?.[0] ?? '';
    if (record.some((cell) => cell.trim() !== ''))
      rows.push({ cells: record, line: line + linesIn(blank), text: shown(text) });
    line += linesIn(text);
    end = info.bytes;
  }
  return rows;
}

const linesIn = (text: string): number => text.match(/\r\n|\n|\r/g)?.length ?? 0;

/** The one that parts the header row into most names of fields. */
function delimiterOf(file: string): string {
  const header = /^.*[^\s,;"].*$/m.exec(file)?.[0] ?? '';
  const named = (delimiter: string) =>
    header.split(delimiter).filter((cell) => fieldOf(cell.replaceAll('"', '')) !== undefined).length;
  return [',', ';', '\t'].reduce((best, one) => (named(one) > named(best) ? one : best));
}

function parsed(bytes: Buffer, delimiter: string): { record: string[]; info: { bytes: number } }[] {
  try {
    return parse(bytes, {
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n', '\r'],
    }) as unknown as { record: string[]; info: { bytes: number } }[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new AppError('invalid', `The file is not CSV: ${error.message}`, { cause: error });
  }
}

function cellValue(name: Field, cell: string): unknown {
  if (cell === '') return null;
  const text = cell.replace(/^'(?=[=+\-@\t\r']|$)/, '');
  if (name === 'status' || name === 'clickLimit') return /^\d+$/.test(text) ? Number(text) : text;
  if (name === 'tags' || name === 'queryAllow') return listOf(text);
  return text;
}

/** `a,b`, or a JSON array where an item itself has a comma. */
function listOf(text: string): unknown {
  if (!text.startsWith('[')) return text.split(',').map((item) => item.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
