/**
 * leases: tells who leads, since when and why, and takes a lease away from its holder.
 *
 * Trigger: http, for holders of an API key that is bound to no domain (viewers read, admins break) or of a configured Google identity.
 * Input: JSON as `/openapi.json` describes it, which is made from the schemas that check it.
 * Store: writes leases, lease-terms and lease-history (on Kubernetes its Lease object and lease-fences) where one is broken, and idempotency; reads api-keys. It holds no lease.
 * Idempotency: `break` by `Idempotency-Key`, per caller, for 24 hours; breaking a lease that is free already takes it from nobody.
 * Failures: where the record cannot be read or written, 503 and nothing is guessed.
 */
import { defineFunction } from '#shared/define.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { pageResponse } from '#shared/http/page.ts';
import { leaseRoutes } from './handler.ts';
import { startPage } from './page.ts';

export default defineFunction((runtime) => {
  const app = createApp(runtime);
  const api = createApi({
    app,
    title: 'Hawker leases',
    about: 'Who leads, since when and why. Errors are problem+json with a stable `code`.',
    prefix: runtime.prefix,
    authenticate: createAuthenticate(runtime),
    idempotency: createIdempotency(runtime),
  });
  leaseRoutes(api, runtime);
  app.get('/', () => pageResponse(startPage(runtime.prefix)));
  return { kind: 'http', fetch: (request) => app.fetch(request) };
});
