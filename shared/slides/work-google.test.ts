import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { png } from '../testing/google/pictures.ts';
import { shape } from '../testing/google/slides-elements.ts';
import { type FakeGoogle, startFakeGoogle } from '../testing/google/start.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { ImageAsked } from './asked.ts';
import { BUCKET, startWorkRig } from './work-google-rig.ts';
import { atPage, atTag, inPlaceOf, someDeck } from './work-rig.ts';

guardAgainstLeaks();

const BATCH = /:batchUpdate$/;
const IMAGES = [atPage(1), atTag('logo', 2), inPlaceOf('old_one', 3)];

type Rig = Awaited<ReturnType<typeof startWorkRig>>;

async function withGoogle(use: (fake: FakeGoogle, rig: Rig) => Promise<void>, settings: Record<string, string> = {}) {
  await using fake = await startFakeGoogle();
  Object.assign(process.env, fake.env);
  fake.storage.objects.addBucket(BUCKET);
  await using rig = await startWorkRig(fake, settings);
  await use(fake, rig);
  assert.deepEqual(fake.forbidden(), []);
  assert.deepEqual(await rig.left(), []);
  assert.deepEqual(
    (await rig.statuses()).filter((status) => status === 200),
    [],
    'every address is dead',
  );
  for (const { url } of fake.slides.fetches)
    assert.ok(!JSON.stringify(rig.log.lines).includes(new URL(url).pathname), 'no log tells an address');
}

describe('work with Google', () => {
  afterEach(() => {
    delete process.env['GCE_METADATA_HOST'];
  });

  it('places bytes, a Drive file, an object and a tag by one write', async () => {
    await withGoogle(async (fake, rig) => {
      const deck = rig.addDeck(someDeck());
      const id = fake.drive.addFile({ bytes: png(6, 6, 40) });
      fake.storage.objects.put(BUCKET, 'photos/one.png', png(7, 7, 50), 'image/png');
      const drive: ImageAsked = { ...atPage(0), source: { type: 'drive', id } };
      const gs: ImageAsked = { ...atPage(0), source: { type: 'gs', bucket: BUCKET, object: 'photos/one.png' } };
      const outcome = await rig.work().run(rig.input('job', deck, [...IMAGES, drive, gs]));
      assert.deepEqual([outcome.state, outcome.writes], ['done', 1]);
      assert.equal(fake.requestsTo(BATCH).length, 1);
      assert.equal(outcome.revisionId, fake.slides.revisionOf(deck));
      for (const { objects, state, fetches } of outcome.images) {
        assert.deepEqual([state, fetches], ['verified', 1]);
        for (const { objectId } of objects) assert.ok(fake.slides.element(deck, objectId)?.image);
      }
      assert.equal(fake.slides.element(deck, 'logo_shape'), undefined);
      fake.storage.objects.delete(BUCKET, 'photos/one.png');
    });
  });

  it('places an image in many boxes of one shape, which name one address', async () => {
    await withGoogle(async (_, rig) => {
      const box = { y: 0, width: 900_000, height: 900_000, text: '{{many}}' };
      const elements = Array.from({ length: 7 }, (_, at) =>
        shape({ objectId: `many_${at}`, x: at * 1_000_000, ...box }),
      );
      const deck = rig.addDeck({ slides: [{ elements }] });
      const outcome = await rig.work().run(rig.input('job', deck, [atTag('many', 1)]));
      assert.deepEqual([outcome.state, outcome.writes, outcome.images[0]?.objects.length], ['done', 1, 7]);
    });
  });

  it('names each source that cannot be read', async () => {
    await withGoogle(async (fake, rig) => {
      const deck = rig.addDeck(someDeck());
      const drive = (id: string): ImageAsked => ({ ...atPage(0), source: { type: 'drive', id } });
      const gs = (bucket: string): ImageAsked => ({ ...atPage(0), source: { type: 'gs', bucket, object: 'x' } });
      const images = [
        drive('1absentabsentabsentabsent'),
        drive(fake.drive.addFile({ bytes: png(2, 2), canDownload: false })),
        drive(fake.drive.addFile({ mimeType: 'application/vnd.google-apps.document' })),
        gs(BUCKET),
        { ...atPage(0), source: { type: 'url' as const, url: 'https://127.0.0.1/' } },
        { ...atPage(0), source: { type: 'blob' as const, name: '7fffffff-gone' } },
      ];
      const outcome = await rig.work().run(rig.input('job', deck, images));
      assert.deepEqual(
        outcome.images.map(({ error }) => error?.code),
        [
          'source_not_found',
          'source_forbidden',
          'source_invalid',
          'source_not_found',
          'source_refused',
          'source_not_found',
        ],
      );
      assert.equal(fake.requestsTo(BATCH).length, 0);
    });
  });

  it('says that a Drive file changed while it was read', async () => {
    await withGoogle(async (fake, rig) => {
      const deck = rig.addDeck(someDeck());
      const id = fake.drive.addFile({ bytes: png(2, 2) });
      fake.drive.replaceAfterLook(id, png(3, 3));
      const image: ImageAsked = { ...atPage(0), source: { type: 'drive', id } };
      const outcome = await rig.work().run(rig.input('job', deck, [image]));
      assert.equal(outcome.images[0]?.error?.code, 'source_changed');
    });
  });

  for (const [name, fault, writes] of [
    ['its connection is lost before it is applied', { kind: 'lose' }, 2],
    ['its answer is lost after it was applied', { kind: 'lost answer' }, 1],
    ['it is applied and answered 503', { kind: 'late status', status: 503 }, 1],
    ['it is answered 503', { kind: 'status', status: 503 }, 2],
    ['its answer is half of what it should be', { kind: 'half' }, 1],
    ['Google is busy for a while', { kind: 'status', status: 429, retryAfter: '3' }, 1],
  ] as const)
    it(`inserts once where ${name}`, async () => {
      await withGoogle(async (fake, rig) => {
        const deck = rig.addDeck(someDeck());
        fake.fail({ ...fault, path: BATCH, times: 1 });
        const outcome = await rig.work().run(rig.input('job', deck, IMAGES));
        assert.deepEqual([outcome.state, outcome.writes], ['done', writes]);
        assert.equal(fake.slides.batches.length, 1);
        assert.equal(fake.slides.elementIds(deck).length, 3);
      });
    });

  for (const [name, manner] of [
    ['asks with HEAD first', { headFirst: true }],
    ['fetches twice', { gets: 2 }],
    ['breaks off and comes again', { abortFirst: true }],
    ['reads slowly', { pauseMs: 5 }],
  ] as const)
    it(`serves a fetcher that ${name}`, async () => {
      await withGoogle(async (fake, rig) => {
        const deck = rig.addDeck(someDeck());
        fake.slides.behave(manner);
        const outcome = await rig.work().run(rig.input('job', deck, IMAGES));
        assert.deepEqual([outcome.state, outcome.writes], ['done', 1]);
        const gets = 'gets' in manner || 'abortFirst' in manner ? 2 : 1;
        assert.deepEqual(
          outcome.images.map(({ fetches }) => fetches),
          [gets, gets, gets],
        );
      });
    });

  it('names the image that Google could not fetch, and places the others where it may', async () => {
    for (const onError of ['abort', 'skip'] as const)
      await withGoogle(async (fake, rig) => {
        const deck = rig.addDeck(someDeck());
        let first: string | undefined;
        fake.slides.behave({
          beforeGet(url) {
            first ??= url;
            if (url === first) throw new Error('it does not get there');
          },
        });
        const outcome = await rig.work().run(rig.input('job', deck, IMAGES, { onError }));
        const [state, ...others] = outcome.images.map((image) => image.state);
        assert.equal(state, 'failed');
        assert.deepEqual(others, onError === 'skip' ? ['verified', 'verified'] : ['left out', 'left out']);
        assert.match(outcome.images[0]?.error?.detail ?? '', /never came/);
      });
  });

  it('plans again where a shape over the tag is taken away while Google fetches, also after a lost answer', async () => {
    for (const isLost of [false, true])
      await withGoogle(async (fake, rig) => {
        const box = { x: 0, y: 0, width: 900_000, height: 900_000 };
        const elements = [
          shape({ objectId: 'logo_shape', ...box, text: '{{logo}}' }),
          shape({ objectId: 'bystander', ...box, text: 'text' }),
        ];
        const deck = rig.addDeck({ slides: [{ elements }] });
        if (isLost) fake.fail({ kind: 'lose', path: BATCH, times: 1 });
        fake.slides.behave({
          beforeGet() {
            if (fake.slides.element(deck, 'bystander')) fake.slides.removeElement(deck, 'bystander');
          },
        });
        const outcome = await rig.work().run(rig.input('job', deck, [atTag('logo', 2)]));
        assert.deepEqual([outcome.state, outcome.writes], ['done', isLost ? 3 : 2]);
        assert.deepEqual(fake.slides.elementIds(deck), [outcome.images[0]?.objects[0]?.objectId]);
      });
  });

  it('serves from a bucket by addresses that are dead afterwards', async () => {
    const settings = { HAWKER_BUCKET: BUCKET };
    await withGoogle(async (fake, rig) => {
      const deck = rig.addDeck(someDeck());
      const run = () => rig.work().run(rig.input('job', deck, IMAGES, { mode: 'bucket' }));
      fake.fail({ kind: 'lost answer', path: BATCH, times: 1 });
      const outcome = await run();
      assert.deepEqual([outcome.state, outcome.writes], ['done', 1]);
      assert.equal((await run()).writes, 0, 'its images are known again by their addresses');
      assert.deepEqual(rig.visits, []);
    }, settings);
  });

  it('hands nobody the images of other jobs that are on their way through the own bucket', async () => {
    const settings = { HAWKER_BUCKET: BUCKET };
    await withGoogle(async (fake, rig) => {
      fake.storage.objects.put(BUCKET, 'hawker/7fffffff-img', png(2, 2), 'image/png');
      const source = { type: 'gs' as const, bucket: BUCKET, object: 'hawker/7fffffff-img' };
      const outcome = await rig.work().run(rig.input('job', rig.addDeck(someDeck()), [{ ...atPage(0), source }]));
      assert.equal(outcome.images[0]?.error?.code, 'source_refused');
      assert.deepEqual(fake.requestsTo(/hawker%2F/), []);
      fake.storage.objects.delete(BUCKET, 'hawker/7fffffff-img');
    }, settings);
  });
});
