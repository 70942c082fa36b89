/** The built functions apart from one another, as in the cloud: documents in the Firestore emulator, bytes in a bucket, events pushed, and Google on loopback. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type FakeGoogle, startFakeGoogle } from '#shared/testing/google/start.ts';
import { freePort } from '../../scripts/loopback.ts';
import { type Hawker, send, startHawker } from '../support/hawker.ts';
import { postImages, SVG, sourceUrls, statusOf, writes } from '../support/slides.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAMES = ['slides', 'slides-images', 'slides-jobs'];
const BUCKET = 'hawker-e2e-images';
const files = { logo: Buffer.from(SVG) };
const images = [{ source: { part: 'logo' }, page: 1, altText: 'Our logo' }];

const { FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, CI } = process.env;
const missing = !(FIRESTORE_EMULATOR_HOST && PUBSUB_EMULATOR_HOST);
if (missing && CI)
  throw new Error('CI must run the emulators: FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST are not set');
const skip =
  missing &&
  'needs the Firestore and Pub/Sub emulators; npm test starts them from the Google Cloud SDK (FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST)';

describe('the built functions of slides', { skip }, () => {
  let away: string;
  let google: FakeGoogle;
  let slides: Hawker;
  let imagesServer: Hawker;
  let jobs: Hawker;

  before(async () => {
    away = mkdtempSync(join(tmpdir(), 'hawker-slides-built-'));
    for (const name of NAMES)
      execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--out', away, '--only', name], {
        cwd: ROOT,
        stdio: 'pipe',
        timeout: 60_000,
      });
    // What the platform installs from the folder's package.json.
    symlinkSync(join(ROOT, 'node_modules'), join(away, 'node_modules'));
    google = await startFakeGoogle();
    google.storage.objects.addBucket(BUCKET);
    const port = await freePort();
    const env = {
      ...google.env,
      HAWKER_HOST: '127.0.0.1',
      HAWKER_STORE: 'firestore',
      HAWKER_QUEUE: 'pubsub',
      HAWKER_BUCKET: BUCKET,
      HAWKER_PUBLIC_URL: `http://127.0.0.1:${port}`,
      GOOGLE_CLOUD_PROJECT: `e2e-${randomBytes(5).toString('hex')}`,
      FIRESTORE_EMULATOR_HOST: FIRESTORE_EMULATOR_HOST ?? '',
      PUBSUB_EMULATOR_HOST: PUBSUB_EMULATOR_HOST ?? '',
      // As there, so that what only works on one machine would be refused.
      K_SERVICE: 'slides',
    };
    const start = (name: string, more: Record<string, string> = {}) =>
      startHawker({ script: join(away, name, 'index.js'), env: { ...env, ...more } });
    slides = await start('slides');
    imagesServer = await start('slides-images', { PORT: String(port) });
    jobs = await start('slides-jobs');
  });
  after(async () => {
    await Promise.all([slides, imagesServer, jobs].map((server) => server?.[Symbol.asyncDispose]()));
    assert.deepEqual(google.forbidden(), []);
    await google[Symbol.asyncDispose]();
    rmSync(away, { recursive: true });
  });

  const base = () => `http://127.0.0.1:${slides.port}`;
  const objects = () => google.storage.objects.names(BUCKET);

  it('hand an image over by way of the bucket, which is empty again afterwards', async () => {
    const deck = google.slides.addDeck();
    const before = writes(google);
    const { status, body } = await postImages({ base: base(), deck, images, files });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.state, body.images[0].addressDead, writes(google) - before], ['done', true, 1]);
    const [address = ''] = sourceUrls(google, deck);
    assert.ok(address.startsWith(`http://127.0.0.1:${imagesServer.port}/slides-images/`));
    assert.equal(await statusOf(address), 404);
    assert.deepEqual(objects(), []);
  });

  it('let Google fetch from the bucket itself by an address that no key file signed and that leads nowhere afterwards', async () => {
    const deck = google.slides.addDeck();
    const { status, body } = await postImages({ base: base(), deck, images, files, fields: { mode: 'bucket' } });
    assert.equal(status, 200, JSON.stringify(body));
    const [address = ''] = sourceUrls(google, deck);
    assert.match(address, /[?&]X-Goog-Signature=/);
    assert.equal(await statusOf(address), 404);
    assert.deepEqual(objects(), []);
    assert.equal(google.requestsTo(/:signBlob$/).length, 1);
  });

  it('do a queued job once, however often its event is pushed and at the same time', async () => {
    const deck = google.slides.addDeck();
    const before = writes(google);
    const { status, headers, body } = await postImages({ base: base(), deck, images, files, to: 'jobs' });
    assert.equal(status, 202, JSON.stringify(body));
    assert.equal(headers.get('Location'), `/v1/jobs/${body.id}`);
    const event = {
      id: body.id,
      source: '/slides',
      type: 'slides.job',
      specversion: '1.0',
      time: '2026-01-01T00:00:00Z',
    };
    const push = () =>
      send(jobs.port, '/', {
        method: 'POST',
        headers: { 'Content-Type': 'application/cloudevents+json' },
        body: JSON.stringify({ ...event, data: { job: body.id } }),
      });
    const pushed = await Promise.all([push(), push(), push()]);
    assert.ok(
      pushed.some((answer) => answer.status === 204),
      pushed.map((answer) => answer.text).join(),
    );
    assert.equal((await push()).status, 204);
    assert.equal(writes(google) - before, 1);
    assert.equal(google.slides.elementIds(deck).length, 1);
    const job = (await slides.ask(`/v1/jobs/${body.id}`)).json<{ state: string }>();
    assert.equal(job.state, 'done');
    assert.deepEqual(objects(), []);
  });
});
