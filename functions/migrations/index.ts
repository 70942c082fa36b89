/**
 * migrations: tells how far each database is and what is pending; starts and cancels runs, which `migration-runs` carries out.
 *
 * Trigger: http, for holders of an API key that is bound to no domain (viewers read, admins start and cancel) or of a configured Google identity.
 * Input: JSON as `/openapi.json` describes it. Versions are texts, since a JSON number does not hold their 19 digits.
 * Store: writes migration-runs and idempotency; reads leases and api-keys. Publishes `migration.run`. In the databases themselves it only reads.
 * Idempotency: by `Idempotency-Key`, per caller, for 24 hours. A run's id follows from the key, the caller, the target and the body, so that a repetition after a crash goes on with its run.
 * Failures: a target that does not answer is 503, or told as such in the list; where the event cannot be published, 503 and the run's record says so. No answer holds an address or a password.
 */
import { defineFunction } from '#shared/define.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { pageResponse } from '#shared/http/page.ts';
import { openSession } from '#shared/migrations/index.ts';
import { createLook } from '#shared/migrations/look.ts';
import { readBundle } from '#shared/migrations/read-folder.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { migrationsRoutes } from './handler.ts';
import { startPage } from './page.ts';

export default defineFunction((runtime) => {
  const app = createApp(runtime);
  const api = createApi({
    app,
    title: 'Hawker migrations',
    about:
      'Versioned database migrations, by one runner at a time. Versions are texts. Errors are problem+json with a stable `code`.',
    prefix: runtime.prefix,
    authenticate: createAuthenticate(runtime),
    idempotency: createIdempotency(runtime),
  });
  // Read anew for each request, so that a target that was added is there at once.
  const targets = () => readTargets(runtime.config);
  const databases = createLook({ ...runtime, openSession, readBundle, targets });
  migrationsRoutes(api, { ...runtime, databases, runs: createRuns(runtime) });
  app.get('/', () => pageResponse(startPage(runtime.prefix)));
  return { kind: 'http', fetch: (request) => app.fetch(request) };
});
