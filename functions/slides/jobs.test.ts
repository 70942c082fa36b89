import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobExpiry } from '#shared/blobs/blobs.ts';
import { AppError } from '#shared/errors.ts';
import type { NewEvent } from '#shared/events/event.ts';
import type { JobRecord } from '#shared/slides/job.ts';
import { createJobs } from '#shared/slides/jobs.ts';
import { png } from '#shared/testing/google/pictures.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { startRig } from './testing.ts';

guardAgainstLeaks();

const DAY = 24 * 3_600_000;
const base64 = (shade = 1) => png(8, 4, shade).toString('base64');
const one = (more: object = {}) => ({ source: { base64: base64() }, page: 1, altText: 'A picture', ...more });

describe('POST /v1/presentations/{id}/jobs', () => {
  it('answers at once where to ask, and keeps what was given for whoever does the work', async (t) => {
    const rig = await startRig(t, process.env, { prefix: '/slides' });
    const id = rig.google.slides.addDeck();
    const started = Date.now();
    const images = [one(), one({ source: { url: 'https://example.com/a.png' } }), one({ source: { svg: '<svg/>' } })];
    const { status, body, headers } = await rig.ask(`POST /v1/presentations/${id}/jobs`, { images });
    assert.deepEqual([status, body.state, body.kind], [202, 'queued', 'queued']);
    assert.equal(headers.get('Location'), `/slides/v1/jobs/${body.id}`);
    assert.deepEqual(
      rig.published.map(({ id: event, source, type, data }) => [event, source, type, data]),
      [[body.id, '/slides', 'slides.job', { job: body.id }]],
    );
    const record = await createJobs(rig.runtime).get(body.id);
    assert.deepEqual(
      record?.asked?.images.map(({ source }) => source.type),
      ['blob', 'url', 'blob'],
    );
    const kept = await rig.blobs();
    assert.equal(kept.length, 2);
    for (const name of kept) assert.match(name, /^[^-]+-given-[\w-]{22}$/, 'nobody can guess it');
    for (const name of kept)
      assert.ok(blobExpiry(name) >= started + DAY && blobExpiry(name) < Date.now() + DAY + 2_000);
    const told = await rig.ask(`GET /v1/jobs/${body.id}`);
    assert.deepEqual(told.body, body);
    assert.ok(!JSON.stringify(body).includes('example.com') && !JSON.stringify(body).includes(kept[0] ?? ''));
    assert.deepEqual(told.body.undo, { possible: false });
    assert.equal(rig.google.slides.batches.length, 0);
  });

  it('makes one job of the same request under one idempotency key, also after a crash', async (t) => {
    const rig = await startRig(t, process.env);
    const ask = () => rig.ask('POST /v1/presentations/deck_1/jobs', { images: [one()] }, { 'Idempotency-Key': 'k' });
    const first = await ask();
    for (const { id, version } of (await rig.store.list('idempotency', { limit: 9 })).docs)
      await rig.store.delete('idempotency', id, version);
    const again = await ask();
    assert.deepEqual([again.status, again.body.id], [202, first.body.id]);
    assert.equal((await rig.blobs()).length, 1);
    assert.deepEqual(
      new Set(rig.published.map(({ id }) => id)),
      new Set([first.body.id]),
      'one event, however often it is told',
    );
  });

  it('is not done behind the back of a caller who was told that it could not be queued', async (t) => {
    let down = true;
    const published: NewEvent[] = [];
    const queue = {
      publish: async (_topic: string, event: NewEvent) => {
        if (down) throw new AppError('unavailable', 'the queue does not answer');
        published.push(event);
      },
    };
    const rig = await startRig(t, process.env, { change: () => ({ queue: queue as never }) });
    const ask = (headers = {}) => rig.ask('POST /v1/presentations/deck_1/jobs', { images: [one()] }, headers);
    assert.deepEqual([(await ask()).status, (await rig.blobs()).length], [503, 0]);
    const [failed] = (await rig.store.list<JobRecord>('slides-jobs', { limit: 9 })).docs;
    assert.deepEqual([failed?.value.state, failed?.value.asked], ['failed', undefined]);

    const key = { 'Idempotency-Key': 'k' };
    assert.equal((await ask(key)).status, 503);
    down = false;
    const { status, body } = await ask(key);
    assert.deepEqual([status, body.state, published.map(({ id }) => id)], [202, 'queued', [body.id]]);
    assert.equal((await rig.blobs()).length, 1, 'what the first try kept is what the second goes on with');
  });

  it('takes no dry run, and no token that would have to be kept', async (t) => {
    const rig = await startRig(t, process.env);
    const dry = await rig.ask('POST /v1/presentations/deck_1/jobs', { images: [one()], dryRun: true });
    assert.deepEqual([dry.status, dry.body.errors[0].pointer], [422, '/dryRun']);
    const token = { 'X-Google-Access-Token': 'ya29.secret' };
    const own = await rig.ask('POST /v1/presentations/deck_1/jobs', { images: [one()] }, token);
    assert.deepEqual([own.status, own.body.code, own.body.detail.includes('keep')], [400, 'bad_request', true]);
    assert.deepEqual([rig.published, await rig.blobs()], [[], []]);
  });
});

describe('GET /v1/jobs/{id}', () => {
  it('answers 404 where there is none, and 422 to what is no id', async (t) => {
    const rig = await startRig(t, process.env);
    assert.equal((await rig.ask('GET /v1/jobs/nothing')).status, 404);
    assert.equal((await rig.ask('GET /v1/jobs/a%2Fb')).status, 422);
  });
});

describe('POST /v1/jobs/{id}/undo', () => {
  const record = (change: Partial<JobRecord>): JobRecord => ({
    presentationId: 'deck_1',
    caller: 'setting',
    kind: 'now',
    state: 'running',
    images: [],
    writes: 0,
    kept: [],
    createdAt: new Date().toISOString(),
    updatedAt: new Date().toISOString(),
    ...change,
  });

  it('takes the images away again, and answers the same however often it is asked', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck();
    const { body } = await rig.ask(`POST /v1/presentations/${id}/images`, { images: [one(), one()] });
    assert.equal(body.job.undo.possible, true);
    const ids = body.images.flatMap(({ objects }: { objects: { objectId: string }[] }) =>
      objects.map((o) => o.objectId),
    );
    const undone = await rig.ask(`POST /v1/jobs/${body.job.id}/undo`);
    assert.equal(undone.status, 200);
    assert.deepEqual(undone.body, {
      id: body.job.id,
      state: 'undone',
      objects: ids.map((objectId: string, index: number) => ({ index, objectId, action: 'deleted' })),
    });
    assert.deepEqual(rig.google.slides.elementIds(id), []);
    const batches = rig.google.slides.batches.length;
    assert.deepEqual((await rig.ask(`POST /v1/jobs/${body.job.id}/undo`)).body, undone.body);
    assert.equal(rig.google.slides.batches.length, batches);
    const told = (await rig.ask(`GET /v1/jobs/${body.job.id}`)).body;
    assert.deepEqual([told.state, told.undo, told.objects], ['undone', { possible: false }, undone.body.objects]);
  });

  it('is for jobs that have ended, or whose worker is certainly dead', async (t) => {
    const rig = await startRig(t, process.env);
    const presentationId = rig.google.slides.addDeck();
    const jobs = createJobs(rig.runtime);
    const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
    const failed = { state: 'left out' as const, objects: [], index: 0, changes: [] };
    const cases: [string, Partial<JobRecord>, number, string?][] = [
      ['queued', { kind: 'queued', state: 'queued', updatedAt: ago(DAY) }, 409, 'conflict'],
      ['running', {}, 409, 'conflict'],
      ['retried', { kind: 'queued', updatedAt: ago(10 * 60_000) }, 409, 'conflict'],
      ['failed', { state: 'failed', images: [failed] }, 409, 'nothing_to_undo'],
      ['dead', { updatedAt: ago(3 * 60_000) }, 200],
      ['dead_queued', { kind: 'queued', updatedAt: ago(2 * 3_600_000) }, 200],
    ];
    for (const [id, change, status, code] of cases) {
      await jobs.create(id, record({ presentationId, ...change }));
      const answer = await rig.ask(`POST /v1/jobs/${id}/undo`);
      assert.deepEqual([answer.status, answer.body.code], [status, code], id);
      assert.equal((await jobs.get(id))?.state === 'undone', status === 200, id);
    }
    assert.equal((await rig.ask('POST /v1/jobs/nothing/undo')).status, 404);
  });

  it('is possible where nobody knows whether the write of a failed job happened', async (t) => {
    const rig = await startRig(t, process.env);
    const presentationId = rig.google.slides.addDeck();
    const image = { index: 0, state: 'served' as const, changes: [] };
    const objects = [{ objectId: 'made_1', page: 'slide_1', action: 'created' as const }];
    await createJobs(rig.runtime).create(
      'j',
      record({ presentationId, state: 'failed', images: [{ ...image, objects }] }),
    );
    assert.deepEqual((await rig.ask('POST /v1/jobs/j/undo')).body.objects, [
      { index: 0, objectId: 'made_1', action: 'gone' },
    ]);
  });
});
