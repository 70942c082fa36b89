/** The route that tells what an address would do, by the very decision that `redirects` answers with; no hit, and no use of a limit. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { requireHost } from '#shared/http/callers.ts';
import { normaliseHost } from '#shared/links/host.ts';
import { MATCHES } from '#shared/links/records.ts';
import { splitAddress } from '#shared/links/request.ts';
import { createLookup, resolve } from '#shared/links/resolve.ts';
import type { Routes } from './context.ts';

const STATUS = { not_found: 404, gone: 410, bad_request: 400 } as const;

const resolution = z
  .object({
    host: z.string().describe('The domain, as a key'),
    outcome: z.enum(['redirect', 'not_found', 'gone', 'bad_request']),
    status: z.int(),
    location: z.string().optional(),
    cacheControl: z.string().optional(),
    rule: z.enum(['exact', 'prefix', 'root', 'not-found', 'expired', 'none']).describe('What gives the answer'),
    reason: z.string().describe('A stable word, such as `matched`, `unknown-slug`, `expired`'),
    link: z
      .object({ id: z.string(), slug: z.string(), match: z.enum(MATCHES) })
      .optional()
      .describe('The link that was found, also where it no longer or not yet leads anywhere'),
  })
  .meta({ id: 'Resolution' });

export const resolveRoutes: Routes = (api, { store, clock }) => {
  const lookup = createLookup(store);

  api.route(
    {
      method: 'get',
      path: '/v1/resolve',
      operationId: 'resolve',
      summary: 'What an address would do, and why, without counting a hit',
      role: 'viewer',
      bound: 'handled',
      query: z.strictObject({
        url: z.string().min(1).max(16_384).describe('With or without its scheme; percent-encoded as a value'),
      }),
      answers: { 200: { about: 'What a visitor would get', schema: resolution } },
    },
    async ({ query, caller }) => {
      // Browsers keep the fragment to themselves.
      const [url = ''] = query.url.split('#');
      const parts = splitAddress(/^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`);
      const host = normaliseHost(parts?.authority ?? '');
      if (!parts || host === undefined)
        throw new AppError('invalid', 'The url is no address of a domain', {
          errors: [{ pointer: '?url', detail: 'must be an address such as https://go.example.com/sale' }],
        });
      requireHost(caller, host);
      const address = parts.query === undefined ? parts.path : `${parts.path}?${parts.query}`;
      const decision = await resolve(lookup, host, address, clock.now());
      const { kind, rule, reason, link } = decision;
      return Response.json({
        host,
        outcome: kind,
        ...(kind === 'redirect'
          ? { status: decision.status, location: decision.location, cacheControl: decision.cacheControl }
          : { status: STATUS[kind] }),
        rule,
        reason,
        ...(link && { link: { id: link.id, slug: link.slug, match: link.match } }),
      } satisfies z.output<typeof resolution>);
    },
  );
};
