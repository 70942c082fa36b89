/**
 * slides: puts private images into Google Slides without making them public, at once or as a job, and undoes it.
 *
 * Trigger: http, for holders of an API key that is bound to no domain (viewers ask for jobs, editors insert and undo) or of a configured Google identity.
 * Input: JSON as `/openapi.json` describes it, or multipart/form-data with the JSON as its part `request`; up to 32 MiB. Images come with it, or from Drive, the web and Cloud Storage.
 * Store: writes slides-jobs, slides-grants, slides-keys and idempotency; reads api-keys. Blobs: what Google fetches, what a queued job was given, what was replaced.
 * Idempotency: by `Idempotency-Key`, per caller, for 24 hours. Object ids follow from the key, the caller, the presentation and the body, so that a repetition after a crash finds in
 *   the deck what was done. The record of a job is there before Slides is written to. Undoing twice changes nothing more.
 * Failures: an answer that Google did not give is settled by reading the deck; 503 where that is not possible, and the same request may be sent again. No address outlives a request.
 */
import { defineFunction } from '#shared/define.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { pageResponse } from '#shared/http/page.ts';
import { createJobs } from '#shared/slides/jobs.ts';
import { createGrants } from '#shared/slides/open-grants.ts';
import { createUndo } from '#shared/slides/undo.ts';
import { createWork } from '#shared/slides/work.ts';
import { slidesRoutes } from './handler.ts';
import { startPage } from './page.ts';
import { ANSWER_MS } from './within-time.ts';

export default defineFunction((runtime) => {
  const app = createApp({ ...runtime, timeoutMs: ANSWER_MS });
  const api = createApi({
    app,
    title: 'Hawker slides',
    about:
      'Private images into Google Slides. Errors are problem+json with a stable `code`; those of images have one each.',
    prefix: runtime.prefix,
    authenticate: createAuthenticate(runtime),
    idempotency: createIdempotency(runtime),
  });
  const grants = createGrants(runtime);
  /** Opened when first needed: neither Google nor blobs are there for a GET. */
  const opened = async () => {
    const [google, blobs] = await Promise.all([runtime.google(), runtime.blobs()]);
    return { ...runtime, google, blobs, grants };
  };
  slidesRoutes(api, {
    ...runtime,
    jobs: createJobs(runtime),
    work: async () => createWork(await opened()),
    undo: async () => createUndo(await opened()),
  });
  app.get('/', () => pageResponse(startPage(runtime.prefix)));
  return { kind: 'http', fetch: (request) => app.fetch(request) };
});
