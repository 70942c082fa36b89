/** Import and export of a domain's links over HTTP. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Domain, Link } from '#shared/links/records.ts';
import { docId, type Store } from '#shared/store/store.ts';
import { note } from '#shared/telemetry/scope.ts';
import type { Routes } from '../context.ts';
import { domainPath, linkPatch } from '../schema.ts';
import { FORMAT_NAMES, FORMATS } from './formats.ts';
import { importLinks } from './import-links.ts';

const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Links read from the store at a time. */
const PAGE = 500;

const format = z.enum(FORMAT_NAMES).describe('How the file is written');
const exportQuery = z.strictObject({ format });
const importQuery = z.strictObject({
  format,
  base: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .optional()
    .describe('Where relative targets lead, such as https://www.example.com'),
  dryRun: z.enum(['true', 'false']).default('false').describe('Only tells what would be done'),
});

const importAnswer = z
  .object({
    dryRun: z.boolean(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    problems: z
      .array(
        z.object({
          line: z.int().describe('From 1; 0 speaks of the whole file'),
          text: z.string(),
          reason: z.string(),
        }),
      )
      .describe('Lines that did not go in, or that answer otherwise here than the file says'),
    changes: z
      .array(
        z.object({
          line: z.int(),
          slug: z.string(),
          match: linkPatch.shape.match.unwrap(),
          before: linkPatch.optional().describe('Of a link that exists, the fields that change'),
          after: linkPatch,
        }),
      )
      .optional()
      .describe('With dryRun: what would change, the first 1,000 links of it'),
  })
  .meta({ id: 'ImportReport' });

export const exchangeRoutes: Routes = (api, { store, links }) => {
  const domainOf = async (host: string): Promise<Domain> => {
    const found = await store.get<Domain>('domains', host);
    if (!found) throw new AppError('not_found', `There is no domain ${host}`);
    return found.value;
  };

  api.route(
    {
      method: 'post',
      path: '/v1/domains/:host/import',
      operationId: 'importLinks',
      summary: 'Bring in links from a file',
      about:
        'Links that the file does not name stay as they are. What cannot go in is named by line, and the rest goes in. Each batch of links is written as a whole, the file is not; importing it again does what was left undone and changes nothing else.',
      role: 'editor',
      bound: 'own-host',
      params: domainPath,
      query: importQuery,
      text: { maxBytes: MAX_FILE_BYTES, types: FORMAT_NAMES.map((name) => FORMATS[name].mediaType) },
      answers: { 200: { about: 'What was done, or with dryRun would be', schema: importAnswer } },
      problems: ['not_found', 'invalid', 'conflict'],
    },
    async ({ params, query, text }) => {
      const domain = await domainOf(params.host);
      const dryRun = query.dryRun === 'true';
      const parsed = FORMATS[query.format].read(text, domain, query.base);
      const { changes, ...report } = await importLinks(links, domain, parsed, { dryRun });
      const { created, updated, problems } = report;
      note({ dryRun, created, updated, problems: problems.length });
      return Response.json({ dryRun, ...report, ...(dryRun && { changes }) });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/domains/:host/export',
      operationId: 'exportLinks',
      summary: "A domain's links as a file",
      about:
        'CSV and JSON Lines hold all that was decided of a link and can be imported again. A Netlify file names in comments at its head what its rules cannot say.',
      role: 'viewer',
      bound: 'own-host',
      params: domainPath,
      query: exportQuery,
      answers: { 200: { about: 'The file', type: 'text/plain' } },
      problems: ['not_found'],
    },
    async ({ params, query }) => {
      const domain = await domainOf(params.host);
      const { mediaType, fileName, write } = FORMATS[query.format];
      const pieces = write(pagesOf(store, domain.host), domain);
      return new Response(ReadableStream.from(pieces).pipeThrough(new TextEncoderStream()), {
        headers: {
          'Content-Type': `${mediaType}; charset=utf-8`,
          'Content-Disposition': `attachment; filename="${fileName(domain.host)}"`,
        },
      });
    },
  );
};

async function* pagesOf(store: Store, host: string): AsyncGenerator<Link[]> {
  let after: string | undefined;
  do {
    const page = await store.list<Link>('links', {
      prefix: docId(host, ''),
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    yield page.docs.map(({ value }) => value);
    after = page.next;
  } while (after !== undefined);
}
