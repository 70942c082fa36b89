/**
 * migrations: tells how far each database is and what is pending; starts, pauses and cancels runs, which `migration-runs` carries out.
 *
 * Trigger: http, for holders of an API key that is bound to no domain (viewers read, admins start, pause, cancel and unlock) or of a configured Google identity.
 * Input: JSON as `/openapi.json` describes it. Versions are texts, since a JSON number does not hold their 19 digits.
 * Store: writes migration-runs, migration-rollouts and idempotency; takes leases away; reads api-keys. Publishes `migration.run`. In the databases themselves it only reads.
 * Idempotency: by `Idempotency-Key`, per caller, for 24 hours. A run's id follows from the key, the caller, the target and the body, so that a repetition after a crash goes on with its run.
 * Failures: a target that does not answer is 503, or told as such in the list; where the event cannot be published, 503 and the run's record says so. No answer holds an address or a password.
 */
import { defineFunction } from '#shared/define.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { checkTargets } from '#shared/migrations/check-targets.ts';
import { sessionsWith } from '#shared/migrations/index.ts';
import { createLook } from '#shared/migrations/look.ts';
import type { Bundle } from '#shared/migrations/migration.ts';
import { createRollouts, startByQueue } from '#shared/migrations/rollout/rollouts.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import type { Target } from '#shared/migrations/target.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { type MigrationsParts, migrationsRoutes } from './handler.ts';

const readBundle = async (target: Target): Promise<Bundle> =>
  (await import('#shared/migrations/read-folder.ts')).readBundle(target);

export default defineFunction((runtime) => {
  void checkTargets(runtime);
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
  const databases = createLook({ ...runtime, openSession: sessionsWith(runtime), readBundle, targets });
  const runs = createRuns(runtime);
  const rollouts = createRollouts({ ...runtime, runs, start: startByQueue(runtime) });
  const rehearsed: MigrationsParts['rehearse'] = async (target, signal) => {
    const { rehearse } = await import('#shared/migrations/rehearse/rehearse.ts');
    return rehearse(target, { ...runtime, bundle: await readBundle(target), signal });
  };
  migrationsRoutes(api, { ...runtime, rehearse: rehearsed, databases, runs, rollouts });
  app.get('/', async () => {
    const [{ pageResponse }, { startPage }] = await Promise.all([import('#shared/http/page.ts'), import('./page.ts')]);
    return pageResponse(startPage(runtime.prefix));
  });
  return { kind: 'http', fetch: (request) => app.fetch(request) };
});
