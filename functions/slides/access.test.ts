import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { CHANGE_NAMES } from '#shared/images/image.ts';
import { IMAGE_ERRORS } from '#shared/slides/outcome.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { png } from '#shared/testing/google/pictures.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { insertAnswer, jobSchema, undoAnswer } from './answers.ts';
import { readAsked } from './read-asked.ts';
import { imagesBody } from './schema.ts';
import { startRig } from './testing.ts';
import { ANSWER_MS, withinTime } from './within-time.ts';

guardAgainstLeaks();

const ASKED = { images: [{ source: { base64: png(8, 4).toString('base64') }, page: 1, altText: 'x' }] };
const ROUTES = [
  'POST /v1/presentations/deck_1/images',
  'POST /v1/presentations/deck_1/jobs',
  'GET /v1/jobs/some-job',
  'POST /v1/jobs/some-job/undo',
];

/** An answer has what its schema says, and nothing that the description does not tell of. */
function described(schema: z.ZodObject, body: unknown): void {
  assert.deepEqual(schema.strict().parse(body), body);
}

type Paths = Record<string, Record<string, { parameters: { name: string; in: string }[] }>>;

function headersOf({ paths }: { paths: Paths }, line: string): string[] {
  const [method = '', path = ''] = line.split(' ');
  const parameters = paths[path]?.[method.toLowerCase()]?.parameters ?? [];
  return parameters.flatMap((one) => (one.in === 'header' ? one.name : []));
}

interface Described {
  description?: string;
  properties?: Record<string, Described>;
  anyOf?: Described[];
}

/** The fields at any depth that say nothing of themselves; the sides of a margin are plain words. */
function* undescribed({ properties = {}, anyOf = [] }: Described, path = ''): Generator<string> {
  for (const [name, field] of Object.entries(properties)) {
    if (!field.description) yield `${path}/${name}`;
    yield* undescribed(field, `${path}/${name}`);
  }
  for (const one of anyOf) yield* undescribed(one, path);
}

describe('access', () => {
  it('is for callers with a key that is bound to no domain; viewers read', async (t) => {
    const rig = await startRig(t, process.env);
    const [viewer, bound] = [await rig.keyFor('viewer'), await rig.keyFor('admin', 'go.example')];
    for (const line of ROUTES) {
      const body = /images|jobs$/.test(line) ? ASKED : undefined;
      assert.equal((await rig.ask(line, body, { Authorization: '' })).status, 401, line);
      assert.equal((await rig.ask(line, body, bound)).status, 403, line);
      assert.equal((await rig.ask(line, body, viewer)).status, line.startsWith('GET') ? 404 : 403, line);
    }
    assert.deepEqual([rig.google.requests.length, rig.published, await rig.blobs()], [0, [], []]);
  });

  it('keeps the jobs of two callers with one idempotency key apart', async (t) => {
    const rig = await startRig(t, process.env);
    const line = `POST /v1/presentations/${rig.google.slides.addDeck()}/images`;
    const key = { 'Idempotency-Key': 'k' };
    const answers = [
      await rig.ask(line, ASKED, { ...key, ...(await rig.keyFor('editor')) }),
      await rig.ask(line, ASKED, { ...key, ...(await rig.keyFor('editor')) }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    assert.notEqual(answers[0]?.body.job.id, answers[1]?.body.job.id);
    assert.equal(rig.google.slides.batches.length, 2);
  });
});

describe('what anyone may read', () => {
  it('is a page at the root that leads to the description, wherever it is served', async (t) => {
    for (const prefix of ['/slides', '']) {
      const rig = await startRig(t, process.env, { prefix });
      const { status, body } = await rig.ask('GET /', undefined, { Authorization: '' });
      assert.equal(status, 200);
      assert.ok(body.includes(`href="${prefix}/openapi.json"`));
    }
  });

  it('is the description of every route, with both kinds of body', async (t) => {
    const rig = await startRig(t, process.env);
    const { status, body } = await rig.ask('GET /openapi.json', undefined, { Authorization: '' });
    assert.equal(status, 200);
    const lines = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(lines.sort(), [
      'GET /v1/jobs/{job}',
      'GET /v1/jobs/{job}/fetches',
      'POST /v1/jobs/{job}/undo',
      'POST /v1/presentations/{presentationId}/images',
      'POST /v1/presentations/{presentationId}/jobs',
    ]);
    const { content } = body.paths['/v1/presentations/{presentationId}/images'].post.requestBody;
    assert.deepEqual(Object.keys(content), ['application/json', 'multipart/form-data']);
    assert.deepEqual(content['multipart/form-data'].schema.required, ['request']);
    const taking = lines.filter((line) => headersOf(body, line).includes('X-Google-Access-Token'));
    assert.deepEqual(taking, ['POST /v1/jobs/{job}/undo', 'POST /v1/presentations/{presentationId}/images']);
  });

  it('shows a body that is taken as it stands', async (t) => {
    const rig = await startRig(t, process.env);
    const { body } = await rig.ask('GET /openapi.json', undefined, { Authorization: '' });
    const [example] = body.components.schemas.Images.examples;
    assert.equal(readAsked(imagesBody.parse(example), new Map()).images.length, 3);
  });

  it('describes each field of an image, and each of its errors and changes', async (t) => {
    const rig = await startRig(t, process.env);
    const { body } = await rig.ask('GET /openapi.json', undefined, { Authorization: '' });
    const { Image, Images, ImageOutcome } = body.components.schemas;
    assert.deepEqual([...undescribed(Image), ...undescribed(Images)], []);
    const told = JSON.stringify(ImageOutcome);
    for (const name of [...Object.keys(IMAGE_ERRORS), ...CHANGE_NAMES]) assert.ok(told.includes(`\`${name}\`:`), name);
  });

  it('describes all that is answered', async (t) => {
    const rig = await startRig(t, process.env);
    const line = `POST /v1/presentations/${rig.google.slides.addDeck()}/images`;
    const { body } = await rig.ask(line, ASKED);
    described(insertAnswer, body);
    described(insertAnswer, (await rig.ask(line, { ...ASKED, dryRun: true })).body);
    described(jobSchema, (await rig.ask(`GET /v1/jobs/${body.job.id}`)).body);
    described(undoAnswer, (await rig.ask(`POST /v1/jobs/${body.job.id}/undo`)).body);
    described(jobSchema, (await rig.ask(`GET /v1/jobs/${body.job.id}`)).body);
    described(jobSchema, (await rig.ask(line.replace('images', 'jobs'), ASKED)).body);
  });
});

describe('the time of a request', () => {
  it('ends before the answer is due, counted from when the request came, and leaves nothing waiting', async () => {
    const clock = createFakeClock();
    await clock.advance(40_000);
    let signal = AbortSignal.abort();
    const { promise, reject } = Promise.withResolvers<never>();
    const work = withinTime(clock, clock.mono() - 30_000, (given) => {
      signal = given;
      given.addEventListener('abort', () => reject(given.reason as Error));
      return promise;
    });
    const ended = assert.rejects(work, (error) => error instanceof AppError && error.code === 'unavailable');
    await clock.advance(74_999);
    assert.equal(signal.aborted, false);
    await clock.advance(1);
    await ended;
    assert.ok(clock.mono() < 10_000 + ANSWER_MS);
    assert.equal(await withinTime(clock, clock.mono(), async () => 'done'), 'done');
    assert.equal(clock.sleepers, 0);
  });
});
