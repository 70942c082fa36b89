/** The routes: images into a presentation, at once or as a job; what became of a job; undoing it. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Identity } from '#shared/google/google.ts';
import type { Api, Received, RouteSpec } from '#shared/http/api.ts';
import { pagingQuery } from '#shared/http/paging.ts';
import type { Ids } from '#shared/ids.ts';
import { noteJob } from '#shared/slides/note-job.ts';
import type { Store } from '#shared/store/store.ts';
import { GOOGLE_TOKEN, readGoogleToken } from './google-token.ts';
import { insertNow, type NowParts } from './insert-now.ts';
import { jobAnswer } from './job-answer.ts';
import { jobFetches } from './job-fetches.ts';
import { type QueueParts, queueJob } from './queue-job.ts';
import { readAsked } from './read-asked.ts';
import { imagesBody, jobPath, MOST_BODY_BYTES, presentationPath } from './schema.ts';
import { type UndoParts, undoJob } from './undo-job.ts';
import { withinTime } from './within-time.ts';

export interface SlidesParts extends NowParts, QueueParts, UndoParts {
  store: Store;
  ids: Ids;
  /** Where the app is reached from outside, without a trailing slash. */
  prefix: string;
}

const FILES = 'An image, by the name that a `source` has as its `part`';
const OWN_TOKEN = {
  [GOOGLE_TOKEN]: 'An access token of yours: Google is asked in your name; it is neither kept nor logged',
};
const GOOGLES = [
  'google_unauthenticated',
  'google_forbidden',
  'google_refused',
  'not_found',
  'too_many_requests',
  'not_configured',
  'outcome_unknown',
] as const;

type Asking = Received<{ presentationId: string }, unknown, unknown>;

export function slidesRoutes(api: Api, parts: SlidesParts): void {
  const { jobs, store, ids, clock, prefix } = parts;

  /** The same for the same request under one idempotency key, so that a repetition after a crash makes the same object ids; never the same for two requests. */
  const jobIdOf = (kind: 'now' | 'queued', { caller, params, bytes, c }: Asking): string => {
    const key = c.req.header('Idempotency-Key');
    if (key === undefined) return ids.unique();
    const request = createHash('sha256').update(bytes).digest('base64url');
    const named = JSON.stringify([kind, caller.id, key, params.presentationId, request]);
    return createHash('sha256').update(named).digest('base64url').slice(0, 24);
  };

  const common = {
    method: 'post',
    role: 'editor',
    params: presentationPath,
    body: imagesBody,
    maxBytes: MOST_BODY_BYTES,
    files: FILES,
  } satisfies Partial<RouteSpec>;

  api.route(
    {
      ...common,
      path: '/v1/presentations/:presentationId/images',
      operationId: 'insertImages',
      summary: 'Puts images into a presentation, in one write, and answers when they are there',
      about: 'Whether the presentation is at the revision that was required is judged by Slides, with the write.',
      headers: OWN_TOKEN,
      answers: {
        200: {
          about: 'What became of each image; with `onError: "skip"` some may have failed',
          schema: async () => (await import('./answers.ts')).insertAnswer,
        },
      },
      problems: [...GOOGLES, 'images_refused', 'deck_changed', 'storage_full'],
    },
    async (received) => {
      const { params, body, files, caller, c } = received;
      const asked = readAsked(body, files);
      const identity = identityOf(c.req.header(GOOGLE_TOKEN));
      const job = jobIdOf('now', received);
      noteJob(job);
      const answer = await withinTime(clock, c.get('startedAt'), (signal) =>
        insertNow(parts, { job, ...params, asked, identity, signal, caller: caller.id, dryRun: body.dryRun }),
      );
      return Response.json(answer);
    },
  );

  api.route(
    {
      ...common,
      path: '/v1/presentations/:presentationId/jobs',
      operationId: 'queueImages',
      summary: 'The same, queued: answers as soon as what was given is kept',
      about: 'For many or large images. A token of your own would have to be kept, so it is refused here.',
      answers: {
        202: {
          about: 'The job',
          headers: { Location: 'Where to ask what became of it' },
          schema: async () => (await import('./answers.ts')).jobSchema,
        },
      },
      problems: ['storage_full', 'not_configured'],
    },
    async (received) => {
      const { params, body, files, caller, c } = received;
      if (c.req.header(GOOGLE_TOKEN) !== undefined)
        throw new AppError(
          'bad_request',
          `A job would have to keep the ${GOOGLE_TOKEN}; send the request to /images instead`,
        );
      if (body.dryRun)
        throw new AppError('invalid', '/dryRun: a dry run is answered at once, by /images', {
          errors: [{ pointer: '/dryRun', detail: 'is for /images, which answers at once' }],
        });
      const asked = readAsked(body, files);
      const id = jobIdOf('queued', received);
      noteJob(id);
      const repeatable = c.req.header('Idempotency-Key') !== undefined;
      const record = await queueJob(parts, { id, ...params, asked, caller: caller.id, repeatable });
      return Response.json(jobAnswer(id, record, clock.now()), {
        status: 202,
        headers: { Location: `${prefix}/v1/jobs/${id}` },
      });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/jobs/:job',
      operationId: 'getJob',
      summary: 'What has become of a job, image by image',
      about: 'Kept for seven days.',
      role: 'viewer',
      params: jobPath,
      answers: { 200: { about: 'The job', schema: async () => (await import('./answers.ts')).jobSchema } },
      problems: ['not_found'],
    },
    async ({ params: { job } }) => {
      const record = await jobs.get(job);
      if (!record) throw noSuchJob(job);
      return Response.json(jobAnswer(job, record, clock.now()));
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/jobs/:job/fetches',
      operationId: 'listFetches',
      summary: 'Who fetched the images of a job, the oldest first',
      about: 'Kept for 90 days. Of the way through a bucket nothing is known here.',
      role: 'viewer',
      params: jobPath,
      query: z.strictObject(pagingQuery),
      answers: { 200: { about: 'Fetches', schema: async () => (await import('./answers.ts')).fetchesAnswer } },
    },
    async ({ params, query: { limit, cursor } }) =>
      Response.json(await jobFetches(store, { ...params, limit, cursor })),
  );

  api.route(
    {
      method: 'post',
      path: '/v1/jobs/:job/undo',
      operationId: 'undoJob',
      summary: 'Deletes what a job created and brings back what it replaced, as far as that was kept',
      about: 'Asked again it changes nothing more and answers the same.',
      headers: OWN_TOKEN,
      role: 'editor',
      params: jobPath,
      answers: {
        200: { about: 'What became of each object', schema: async () => (await import('./answers.ts')).undoAnswer },
      },
      problems: [...GOOGLES, 'conflict', 'nothing_to_undo'],
    },
    async ({ params: { job }, c }) => {
      const identity = identityOf(c.req.header(GOOGLE_TOKEN));
      const record = await jobs.get(job);
      if (!record) throw noSuchJob(job);
      noteJob(job);
      const objects = await withinTime(clock, c.get('startedAt'), (signal) =>
        undoJob(parts, { job, record, identity, signal }),
      );
      return Response.json({ id: job, state: 'undone', objects });
    },
  );
}

function identityOf(token: string | undefined): Identity {
  return token === undefined ? { type: 'own' } : { type: 'caller', token: readGoogleToken(token) };
}

function noSuchJob(job: string): AppError {
  return new AppError('not_found', `There is no job ${job}, or none any more`);
}
