/** Private images into a deck, with `npm start` as people have it and a Google on loopback: what is there afterwards, what is dead, and what a crash leaves. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { shape } from '#shared/testing/google/slides-elements.ts';
import { type FakeGoogle, startFakeGoogle } from '#shared/testing/google/start.ts';
import { freePort } from '../../scripts/loopback.ts';
import { type Hawker, send, startHawker, until } from '../support/hawker.ts';
import { postImages, SVG, sourceUrls, statusOf, writes } from '../support/slides.ts';

const logo = { logo: Buffer.from(SVG) };
const onPage = (more: object = {}) => ({ source: { part: 'logo' }, page: 1, altText: 'Our logo', ...more });

describe('slides under npm start', () => {
  let google: FakeGoogle;
  let data: string;
  let port: number;
  let hawker: Hawker;

  const start = async () =>
    startHawker({
      data,
      env: { ...google.env, PORT: String(port), HAWKER_PUBLIC_URL: `http://localhost:${port}` },
      args: ['--only', 'redirects,slides,slides-images,slides-jobs,slides-sweep'],
    });
  const base = () => `http://127.0.0.1:${port}/slides`;
  const blobs = () => readdirSync(join(data, 'blobs'));

  before(async () => {
    google = await startFakeGoogle();
    data = mkdtempSync(join(tmpdir(), 'hawker-slides-'));
    port = await freePort();
    hawker = await start();
  });
  afterEach(() => google.heal());
  after(async () => {
    assert.deepEqual(google.forbidden(), []);
    await hawker[Symbol.asyncDispose]();
    await google[Symbol.asyncDispose]();
    rmSync(data, { recursive: true });
  });

  it('puts an image on a page with one write, and the address that everybody can read afterwards is dead', async () => {
    const deck = google.slides.addDeck();
    const before = writes(google);
    const { status, body } = await postImages({ base: base(), deck, images: [onPage()], files: logo });
    assert.equal(status, 200);
    assert.deepEqual(
      [body.state, body.writes, body.images[0].state, body.images[0].addressDead],
      ['done', 1, 'verified', true],
    );
    assert.equal(writes(google), before + 1);
    const [address = ''] = sourceUrls(google, deck);
    assert.match(address, /^http:\/\/localhost:\d+\/slides-images\/[\w-]+$/);
    assert.equal(await statusOf(address), 404);
    assert.deepEqual(blobs(), []);
    const path = `/slides/v1/jobs/${body.job.id}/fetches`;
    type Fetches = { items: { image: string; gets: number; userAgent: string }[] };
    const [fetch, ...more] = (await hawker.ask(path)).json<Fetches>().items;
    assert.deepEqual([fetch?.image, fetch?.gets, more], ['0.0', 1, []]);
    assert.match(fetch?.userAgent ?? '', /GoogleDocs/);
    assert.equal((await hawker.ask(path, { anonymous: true })).status, 401);
    assert.deepEqual((await hawker.ask('/slides/v1/jobs/none/fetches')).json<Fetches>().items, []);
    assert.equal((await hawker.ask(`${path}?cursor=x`)).status, 422);
  });

  it('finds its work in the deck after kill -9 in the middle of the write, and inserts nothing twice', async () => {
    const deck = google.slides.addDeck();
    const applied = Promise.withResolvers<void>();
    google.fail({ kind: 'hold answer', until: applied.promise, path: /:batchUpdate$/, times: 1 });
    const posting = { base: base(), deck, images: [onPage(), onPage({ page: 1 })], files: logo, key: 'crash-1' };
    const lost = postImages(posting).catch((error: unknown) => error);
    await until(
      async () => google.slides.elementIds(deck).length,
      (count) => count === 2,
    );
    await hawker.stop('SIGKILL');
    applied.resolve();
    assert.ok((await lost) instanceof Error);
    hawker = await start();
    const { status, body } = await postImages(posting);
    // The claim of the request that died stands for two minutes; only its own key is held up.
    assert.deepEqual([status, body.code], [409, 'request_in_progress']);
    assert.equal(google.slides.elementIds(deck).length, 2);
  });

  it('does a queued job, and keeps nothing of what it was given', async () => {
    const deck = google.slides.addDeck({
      slides: [
        { elements: [shape({ objectId: 'tag_1', x: 0, y: 0, width: 900_000, height: 900_000, text: '{{logo}}' })] },
      ],
    });
    // What the killed process left is for the sweep.
    const before = blobs().length;
    const images = [{ source: { part: 'logo' }, tag: 'logo', altText: 'Logo' }, onPage()];
    const { status, headers, body } = await postImages({ base: base(), deck, images, files: logo, to: 'jobs' });
    assert.equal(status, 202);
    assert.equal(headers.get('Location'), `/slides/v1/jobs/${body.id}`);
    const job = await until(
      async () =>
        (await hawker.ask(`/slides/v1/jobs/${body.id}`)).json<{ state: string; images: { state: string }[] }>(),
      ({ state }) => state === 'done',
    );
    assert.deepEqual(
      job.images.map(({ state }) => state),
      ['verified', 'verified'],
    );
    assert.equal(google.slides.elementIds(deck).length, 2, 'the tag is gone, two images are there');
    await until(
      async () => blobs(),
      (left) => left.length === before,
    );
  });

  it('undoes a job, and says the same when asked again', async () => {
    const deck = google.slides.addDeck();
    const { body } = await postImages({ base: base(), deck, images: [onPage()], files: logo });
    const undo = () => hawker.ask(`/slides/v1/jobs/${body.job.id}/undo`, { method: 'POST' });
    const first = await undo();
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(google.slides.elementIds(deck), []);
    assert.deepEqual((await undo()).json(), first.json());
  });

  it('asks for credentials, and tells a stranger nothing', async () => {
    for (const path of ['/slides/v1/jobs/x', '/slides/v1/presentations/x/images']) {
      const answer = await hawker.ask(path, { anonymous: true, method: path.endsWith('images') ? 'POST' : 'GET' });
      assert.equal(answer.status, 401, path);
    }
  });

  it('has a page for people and a description for programs', async () => {
    assert.match((await hawker.ask('/slides/')).text, /<h1>/);
    assert.match((await hawker.ask('/slides-images/')).text, /<h1>/);
    assert.ok(
      '/v1/presentations/{presentationId}/images' in hawkerPaths((await hawker.ask('/slides/openapi.json')).text),
    );
  });
});

describe('the public name of images', () => {
  it('is shown images alone; all else on it are branded links', async () => {
    await using hawker = await startHawker({
      env: { HAWKER_PUBLIC_URL: 'https://img.example.com/hawker', HAWKER_BASE_PATH: '/hawker' },
    });
    const ask = (path: string) => send(hawker.port, path, { host: 'img.example.com' });
    assert.equal((await ask('/hawker/slides-images/none')).headers['content-type'], 'application/problem+json');
    for (const path of [
      '/',
      '/hawker/',
      '/hawker/slides/',
      '/healthz',
      '/hawker/slides-imagesx/',
      '/slides-images/none',
      '/hawker/slides-images/../links/',
      '/hawker/slides-images/..%2flinks/',
      '/hawker/slides-images/%2e%2e/links/',
      '/hawker/slides-images/',
    ])
      assert.doesNotMatch((await ask(path)).text, /Hawker|requestId|ready/, path);
  });
});

function hawkerPaths(text: string): object {
  return (JSON.parse(text) as { paths: object }).paths;
}
