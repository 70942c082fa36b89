import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { png } from '#shared/testing/google/pictures.ts';
import { image, shape } from '#shared/testing/google/slides-elements.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { startRig } from './testing.ts';

guardAgainstLeaks();

const BOX = { x: 1_000_000, y: 1_000_000, width: 2_000_000, height: 1_000_000 };
const deck = () => ({
  slides: [
    {
      objectId: 'slide_one',
      elements: [
        shape({ objectId: 'logo_shape', ...BOX, text: '{{logo}}' }),
        image({ objectId: 'old_image', ...BOX, y: 3_000_000, bytes: png(20, 10, 9), title: 'chart' }),
        image({ objectId: 'mute_image', ...BOX, y: 3_000_000, bytes: png(20, 10, 9) }),
      ],
    },
  ],
});
const base64 = (shade = 1) => png(8, 4, shade).toString('base64');
const one = (more: object = {}) => ({ source: { base64: base64() }, page: 1, altText: 'A picture', ...more });

describe('POST /v1/presentations/{id}/images', () => {
  it('places images from all kinds of targets in one write, and says what became of each', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const file = rig.google.drive.addFile({ bytes: png(30, 10, 3) });
    const { status, body } = await rig.ask(`POST /v1/presentations/${id}/images`, {
      images: [
        one({ place: { x: '1cm', y: 36, w: '25%', align: 'top-left' } }),
        { source: `https://drive.google.com/file/d/${file}/view?usp=sharing`, tag: '{{logo}}', decorative: true },
        {
          source: { svg: '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"/>' },
          replace: { altText: 'chart' },
        },
      ],
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.state, body.writes, body.presentationId], ['done', 1, id]);
    assert.deepEqual(
      body.images.map(({ state, fetches, addressDead }: Record<string, unknown>) => [state, fetches, addressDead]),
      Array.from({ length: 3 }, () => ['verified', 1, true]),
    );
    assert.equal(rig.google.slides.batches.length, 1);
    assert.equal(rig.google.slides.element(id, 'logo_shape'), undefined);
    assert.equal(rig.google.slides.element(id, body.images[0].objects[0].objectId)?.description, 'A picture');
    assert.deepEqual(await rig.blobs(), []);
    assert.deepEqual(rig.google.forbidden(), []);

    const job = await rig.ask(`GET /v1/jobs/${body.job.id}`);
    assert.deepEqual([job.status, job.body.state, job.body.kind], [200, 'done', 'now']);
    assert.deepEqual(job.body.images, body.images);
    assert.ok(!('asked' in job.body || 'kept' in job.body || 'caller' in job.body));
  });

  it('answers a repetition under one idempotency key without another write, also after a crash', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const key = { 'Idempotency-Key': 'once' };
    const ask = () => rig.ask(`POST /v1/presentations/${id}/images`, { images: [one()] }, key);
    const first = await ask();
    assert.equal(first.status, 200);
    // As if the process had died before its answer was kept.
    const forget = async () => {
      for (const { id: record, version } of (await rig.store.list('idempotency', { limit: 9 })).docs)
        await rig.store.delete('idempotency', record, version);
    };
    await forget();
    const again = await ask();
    assert.deepEqual([again.status, again.body.job.id, again.body.writes], [200, first.body.job.id, 0]);
    assert.deepEqual(again.body.images[0].objects, first.body.images[0].objects);
    assert.deepEqual(again.body.images[0].sent, first.body.images[0].sent, 'as the record tells');
    assert.equal(rig.google.slides.batches.length, 1);
    const other = await rig.ask(`POST /v1/presentations/${id}/images`, { images: [one({ fit: 'cover' })] }, key);
    assert.equal(other.status, 422);
    await forget();
    const later = await rig.ask(`POST /v1/presentations/${id}/images`, { images: [one({ fit: 'cover' })] }, key);
    assert.deepEqual([later.status, later.body.writes], [200, 1], 'another request is another job');
  });

  it('names the field of each image that cannot be placed, and places none', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const { status, body } = await rig.ask(`POST /v1/presentations/${id}/images`, {
      images: [
        one(),
        one({ page: 7 }),
        { ...one(), page: undefined, tag: 'nowhere' },
        { ...one(), page: undefined, replace: 'nothing' },
        one({ source: { drive: 'no-such-file' } }),
        one({ place: { margin: '60%' } }),
        one({ source: { base64: Buffer.from('no image').toString('base64') } }),
        { source: { base64: base64() }, replace: 'mute_image' },
      ],
    });
    assert.deepEqual([status, body.code], [422, 'images_refused']);
    assert.deepEqual(
      body.errors.map(({ pointer, code }: Record<string, unknown>) => [pointer, code]),
      [
        ['/images/1/page', 'page_not_found'],
        ['/images/2/tag', 'tag_not_found'],
        ['/images/3/replace', 'element_not_found'],
        ['/images/4/source', 'source_not_found'],
        ['/images/5/place', 'place_impossible'],
        ['/images/6/source', 'unsupported_image'],
        ['/images/7/altText', 'alt_text_missing'],
      ],
    );
    assert.equal(rig.google.slides.batches.length, 0);
    assert.deepEqual(await rig.blobs(), []);
    assert.equal((await rig.store.list('slides-jobs', { limit: 1 })).docs.length, 0, 'nothing was begun');
  });

  it('places the others where it is told to skip, and answers 200', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const { status, body } = await rig.ask(`POST /v1/presentations/${id}/images`, {
      images: [one({ page: 7 }), one()],
      onError: 'skip',
    });
    assert.deepEqual([status, body.state], [200, 'partial']);
    assert.equal(body.images[0].error.code, 'page_not_found');
  });

  it('answers 503 where all that went wrong may pass', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const file = rig.google.drive.addFile({ bytes: png(30, 10, 3) });
    rig.google.fail({ kind: 'status', status: 503, path: new RegExp(`/drive/v3/files/${file}`) });
    const asked = { images: [one({ source: { drive: file } })] };
    const { status, body } = await rig.ask(`POST /v1/presentations/${id}/images`, asked);
    assert.deepEqual([status, body.code, body.errors[0].code], [503, 'unavailable', 'source_unavailable']);
  });

  it('answers a dry run with the batch, and changes nothing', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const asked = { images: [one()], dryRun: true };
    const { status, body } = await rig.ask(`POST /v1/presentations/${id}/images`, asked);
    assert.deepEqual([status, body.state, body.writes, body.job], [200, 'done', 0, undefined]);
    assert.equal((await fetch(body.batch[0].createImage.url)).status, 404);
    assert.equal(rig.google.slides.batches.length, 0);
    assert.equal((await rig.store.list('slides-jobs', { limit: 1 })).docs.length, 0);
  });

  it('tells what concerns the request as a whole by its own code', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck(deck());
    const images = [one()];
    const changed = await rig.ask(`POST /v1/presentations/${id}/images`, { images, requiredRevisionId: 'old' });
    assert.deepEqual([changed.status, changed.body.code], [409, 'deck_changed']);
    const unknown = await rig.ask('POST /v1/presentations/nobody-knows-it/images', { images });
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not_found']);
  });

  it('asks Google in the name of the caller whose token comes along, and keeps it nowhere', async (t) => {
    const rig = await startRig(t, process.env);
    const id = rig.google.slides.addDeck({ ...deck(), sharedWith: ['person@example.com'] });
    const token = rig.google.issueToken({ account: 'person@example.com', scopes: ['presentations'] });
    const ask = (headers = {}) => rig.ask(`POST /v1/presentations/${id}/images`, { images: [one()] }, headers);
    assert.deepEqual((await ask()).body.code, 'google_forbidden');
    const own = await ask({ 'X-Google-Access-Token': token });
    assert.equal(own.status, 200, JSON.stringify(own.body));
    assert.ok(rig.google.requestsTo(/batchUpdate/).every(({ account }) => account === 'person@example.com'));
    const stored = (await rig.store.list('slides-jobs', { limit: 9 })).docs;
    assert.ok(!JSON.stringify([stored, rig.log.lines, own.body]).includes(token));
    const bad = await ask({ 'X-Google-Access-Token': 'Bearer x' });
    assert.deepEqual([bad.status, bad.body.code], [400, 'bad_request']);
  });

  it('writes nothing where its record cannot be kept, and answers where only its end cannot', async (t) => {
    let refuse: string | undefined;
    const rig = await startRig(t, process.env, {
      change: ({ store }) => ({
        store: {
          ...store,
          create: (...args) => (args[0] === refuse ? Promise.reject(down()) : store.create(...args)),
          replace: (...args) => (args[0] === 'slides-jobs' ? Promise.reject(down()) : store.replace(...args)),
        },
      }),
    });
    const id = rig.google.slides.addDeck(deck());
    refuse = 'slides-jobs';
    const first = await rig.ask(`POST /v1/presentations/${id}/images`, { images: [one()] });
    assert.deepEqual([first.status, rig.google.slides.batches.length], [503, 0]);
    refuse = undefined;
    const second = await rig.ask(`POST /v1/presentations/${id}/images`, { images: [one()] });
    assert.deepEqual([second.status, second.body.state], [200, 'done']);
    assert.ok(rig.log.lines.some(({ message }) => message === 'the end of a job could not be recorded'));
  });
});

function down(): AppError {
  return new AppError('unavailable', 'the store does not answer');
}
