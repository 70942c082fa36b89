/**
 * The pages: home, a stop's board, a service, direct buses, and the files a browser loads for them. All that makes them is loaded with the first page, since
 * whoever asks the API alone needs none of it.
 */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context as HonoContext } from 'hono';
import { isAppError } from '#shared/errors.ts';
import type { App, AppEnv } from '#shared/http/app.ts';
import type { Context } from '../context.ts';
import type { Visit } from './visit.ts';

type Views = typeof import('./views.ts');

const compress = promisify(gzip);

export function pageRoutes(app: App, context: Context): void {
  const views = () => import('./views.ts');

  const visited = (
    make: (views: Views, visit: Visit, c: HonoContext<AppEnv>) => Promise<Response>,
  ): ((c: HonoContext<AppEnv>) => Promise<Response>) => {
    return async (c) => {
      const loaded = await views();
      const visit = loaded.visitOf(c, context);
      try {
        return await shrunk(c, await make(loaded, visit, c));
      } catch (error) {
        if (c.req.raw.signal.aborted) throw error;
        const told = isAppError(error) ? error : undefined;
        const told5xx = told !== undefined && told.status >= 500;
        context.log[told5xx ? 'warn' : 'error']('a page failed', { requestId: c.get('requestId'), error });
        return shrunk(c, await loaded.brokenPage(visit, told?.headers, told5xx ? told.status : 500));
      }
    };
  };

  app.get(
    '/',
    visited(({ homePage }, visit) => homePage(context, visit)),
  );
  app.get(
    '/stops/:code',
    visited(({ stopPage }, visit, c) => stopPage(context, visit, c.req.param('code') ?? '', c.req.raw.signal)),
  );
  app.get(
    '/services/:number',
    visited(({ servicePage }, visit, c) => servicePage(context, visit, c.req.param('number') ?? '')),
  );
  app.get(
    '/direct',
    visited(({ directPage }, visit, c) => directPage(context, visit, c.req.raw.signal)),
  );
  app.get(
    '/offline',
    visited(({ offlinePage }, visit) => offlinePage(visit)),
  );
  app.get('/assets/:name', async (c) => shrunk(c, await (await views()).assetFile(c, c.req.param('name'))));
  app.get('/sw.js', async (c) => shrunk(c, (await views()).workerFile(c, context)));
  app.get('/manifest.webmanifest', async (c) => (await views()).manifestFile(c, context));
  app.get('/:icon{icon(?:-192|-512|-maskable)?\\.(?:svg|png)}', async (c) =>
    (await views()).iconFile(c, c.req.param('icon')),
  );
}

/** Compressed for whoever takes gzip: on a phone with a bad signal bytes are seconds. */
async function shrunk(c: HonoContext, answer: Response): Promise<Response> {
  if (!answer.body || answer.status === 304) return answer;
  const takes = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(c.req.header('Accept-Encoding') ?? '');
  const headers = new Headers(answer.headers);
  headers.append('Vary', 'Accept-Encoding');
  if (!takes) return new Response(answer.body, { status: answer.status, headers });
  headers.set('Content-Encoding', 'gzip');
  const bytes = await compress(new Uint8Array(await answer.arrayBuffer()));
  return new Response(bytes, { status: answer.status, headers });
}
