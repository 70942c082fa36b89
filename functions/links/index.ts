/**
 * links: manages domains, links and API keys, and tells what became of them.
 *
 * Trigger: http, for holders of an API key (roles viewer, editor, admin; some bound to one domain) or of a configured Google identity.
 * Input: JSON as `/openapi.json` describes it, which is made from the schemas that check it; files for import.
 * Store: writes domains, domain-state, hosts, links, link-targets, api-keys and idempotency, reads link-stats and link-uses.
 * Idempotency: PUT and DELETE by nature; every write by `Idempotency-Key`, per caller, for 24 hours. If-Match guards against lost updates,
 *   If-None-Match against replacing what is there.
 * Failure: a write happens as a whole or not at all, an import batch by batch; where the store does not answer, 503 and nothing is guessed.
 */
import { defineFunction } from '#shared/define.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { consoleRoutes } from './console/routes.ts';
import type { Context } from './context.ts';
import { createDomainWriter } from './domain-writer.ts';
import { domainRoutes } from './domains.ts';
import { exchangeRoutes } from './exchange/routes.ts';
import { keyRoutes } from './keys.ts';
import { linkRoutes } from './links.ts';
import { listRoutes } from './list-links.ts';
import { resolveRoutes } from './resolve.ts';
import { statsRoutes } from './stats.ts';
import { createLinkWriter } from './writer.ts';

export default defineFunction((runtime) => {
  const app = createApp(runtime);
  const api = createApi({
    app,
    title: 'Hawker links',
    about: 'Branded links: domains, links, statistics, API keys. Errors are problem+json with a stable `code`.',
    prefix: runtime.prefix,
    authenticate: createAuthenticate(runtime),
    idempotency: createIdempotency(runtime),
  });
  const context: Context = { ...runtime, domains: createDomainWriter(runtime), links: createLinkWriter(runtime) };
  for (const routes of [domainRoutes, listRoutes, linkRoutes, exchangeRoutes, statsRoutes, resolveRoutes, keyRoutes])
    routes(api, context);
  consoleRoutes(app, runtime);
  return { kind: 'http', fetch: (request) => app.fetch(request) };
});
