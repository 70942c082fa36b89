/** The formats that links come in and go out as. */
import type { Domain, Link } from '#shared/links/records.ts';
import { readCsv } from './csv-read.ts';
import { CSV_HEADER, writeCsvRow } from './csv-write.ts';
import type { Parsed } from './draft.ts';
import { readJsonLines, writeJsonLine } from './jsonl.ts';
import { netlifyDrafts } from './netlify-drafts.ts';
import { readNetlifyFile } from './netlify-file.ts';
import { readNetlifyToml } from './netlify-toml.ts';
import { writeNetlifyFile, writeNetlifyToml } from './netlify-write.ts';

interface Format {
  mediaType: string;
  fileName(host: string): string;
  /** `base` resolves relative targets. Throws AppError `invalid` for a file that cannot be told apart into lines. */
  read(text: string, domain: Domain, base: string | undefined): Parsed;
  /** The links come page by page; so does the text, as far as the format allows. */
  write(pages: AsyncIterable<Link[]>, domain: Domain): AsyncGenerator<string>;
}

export const FORMATS = {
  netlify: {
    mediaType: 'text/plain',
    fileName: () => '_redirects',
    read: (text, domain, base) => netlifyDrafts(readNetlifyFile(text), domain, base),
    write: (pages, domain) => whole(pages, (links) => writeNetlifyFile(links, domain)),
  },
  'netlify-toml': {
    mediaType: 'application/toml',
    fileName: () => 'netlify.toml',
    read: (text, domain, base) => netlifyDrafts(readNetlifyToml(text), domain, base),
    write: (pages, domain) => whole(pages, (links) => writeNetlifyToml(links, domain)),
  },
  csv: {
    mediaType: 'text/csv',
    fileName: (host) => `${host}.csv`,
    read: (text, _domain, base) => readCsv(text, base),
    write: (pages) => lineByLine(pages, writeCsvRow, CSV_HEADER),
  },
  jsonl: {
    mediaType: 'application/x-ndjson',
    fileName: (host) => `${host}.jsonl`,
    read: (text, _domain, base) => readJsonLines(text, base),
    write: (pages) => lineByLine(pages, writeJsonLine, ''),
  },
} as const satisfies Record<string, Format>;

export const FORMAT_NAMES = Object.keys(FORMATS) as (keyof typeof FORMATS)[];

/** Rules are put in order, so that all links must be known before the first is written. */
async function* whole(pages: AsyncIterable<Link[]>, write: (links: Link[]) => string): AsyncGenerator<string> {
  yield write((await Array.fromAsync(pages)).flat());
}

async function* lineByLine(
  pages: AsyncIterable<Link[]>,
  write: (link: Link) => string,
  head: string,
): AsyncGenerator<string> {
  yield head;
  for await (const links of pages) yield links.map(write).join('');
}
