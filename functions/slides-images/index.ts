/**
 * slides-images: hands one image to Google's fetcher by a signed address that is dead minutes later.
 *
 * Trigger: http, for anyone who has such an address.
 * Input: the address alone; `shared/slides/grants.ts` says what it is worth.
 * Store: writes slides-grants (how often an address was used) and slides-fetches (who used it, kept 90 days); reads slides-keys. Blobs: reads.
 * Idempotency: each GET counts, up to MOST_GETS; HEAD counts nothing.
 * Failures: every bad address gets the same 404, in an outage too. A good one gets a 503 while the store or the blobs do not answer. An image that breaks off, or is
 *   not what was granted, ends with its connection.
 */
import { defineFunction } from '#shared/define.ts';
import { createApp } from '#shared/http/app.ts';
import { pageResponse } from '#shared/http/page.ts';
import { imageRoutes } from './handler.ts';
import { startPage } from './page.ts';

export default defineFunction((runtime) => {
  const app = createApp(runtime);
  app.get('/openapi.json', async () =>
    Response.json(await (await import('./description.ts')).describeImages(runtime.prefix)),
  );
  app.get('/', () => pageResponse(startPage(runtime.prefix)));
  imageRoutes(app, runtime);
  return { kind: 'http', fetch: (request, from) => app.fetch(request, from) };
});
