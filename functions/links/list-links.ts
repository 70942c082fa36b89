/** The route that lists and searches a domain's links, in the order of their slugs' bytes. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { decodeCursor, encodeCursor, pagingQuery } from '#shared/http/paging.ts';
import type { Link } from '#shared/links/records.ts';
import { type Doc, docId, type Page } from '#shared/store/store.ts';
import type { Routes } from './context.ts';
import { answersOf } from './find-link.ts';
import { domainPath, linkPage } from './schema.ts';

/** Links that one request looks at: a search for what is rare answers page after page instead of ever longer. */
const SCAN = 2_000;
/** Links read at a time. */
const STEP = 500;

const listQuery = z.strictObject({
  ...pagingQuery,
  q: z.string().min(1).max(200).optional().describe('Only links that have this in slug, target or note, in any case'),
  tag: z.string().min(1).max(100).optional().describe('Only links with this tag'),
});

export const listRoutes: Routes = (api, { store }) => {
  api.route(
    {
      method: 'get',
      path: '/v1/domains/:host/links',
      operationId: 'listLinks',
      summary: 'The links of a domain',
      about: `With q or tag a page may hold fewer items than its limit, or none, and still have a nextCursor: one request looks at ${SCAN} links at most.`,
      role: 'viewer',
      bound: 'own-host',
      params: domainPath,
      query: listQuery,
      answers: { 200: { about: 'Links', schema: linkPage } },
      problems: ['not_found'],
    },
    async ({ params: { host }, query: { limit, cursor, q, tag } }) => {
      if (!(await store.get('domains', host))) throw new AppError('not_found', `There is no domain ${host}`);
      const prefix = docId(host, '');
      const wanted = filterOf(q, tag);
      const found: Doc<Link>[] = [];
      let after = decodeCursor(cursor, prefix);
      let scanned = 0;
      let more = true;
      while (more && found.length < limit && scanned < SCAN) {
        const step: number = q === undefined && tag === undefined ? limit - found.length : STEP;
        const page: Page<Link> = await store.list<Link>('links', { prefix, limit: step, ...(after && { after }) });
        for (const doc of page.docs) {
          if (found.length === limit) break;
          scanned++;
          after = doc.id;
          if (wanted(doc.value)) found.push(doc);
        }
        more = page.next !== undefined || after !== page.docs.at(-1)?.id;
        if (page.docs.length === 0) more = false;
      }
      const items = await answersOf(store, found);
      return Response.json({ items, ...(more && after !== undefined && { nextCursor: encodeCursor(after) }) });
    },
  );
};

function filterOf(q: string | undefined, tag: string | undefined): (link: Link) => boolean {
  const folded = (text: string) => text.normalize('NFC').toLowerCase();
  const part = q === undefined ? undefined : folded(q);
  return ({ slug, target, note = '', tags }) =>
    (tag === undefined || tags.includes(tag)) &&
    (part === undefined || [slug, target, note].some((text) => folded(text).includes(part)));
}
