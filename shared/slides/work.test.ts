import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createGrants } from './open-grants.ts';
import type { ImageOutcome, JobOutcome } from './outcome.ts';
import { atPage, atTag, createWorkRig, inPlaceOf, someDeck, type WorkRig } from './work-rig.ts';

guardAgainstLeaks();

const states = ({ images }: Pick<JobOutcome, 'images'>) => images.map(({ state }) => state);

/** Nothing of a job may be there when it has settled. */
async function assertClean(rig: WorkRig): Promise<void> {
  assert.deepEqual([...rig.blobs.kept.keys()], [], 'no blob is left');
  assert.deepEqual(await rig.alive(), [], 'no address is alive');
  assert.equal(await rig.openGrants(), 0, 'no grant is open');
}

describe('the work of a job', () => {
  it('puts all images into the deck by one write, and finds them there', async () => {
    const rig = createWorkRig(someDeck());
    const images = [atPage(1), atTag('logo', 2), inPlaceOf('old_one', 3)];
    const outcome = await rig.work().run(rig.input('job', images));
    assert.deepEqual([outcome.state, outcome.writes, outcome.revisionId], ['done', 1, rig.revision()]);
    assert.deepEqual(states(outcome), ['verified', 'verified', 'verified']);
    assert.equal(rig.batches.length, 1);
    const [first, second, third] = outcome.images;
    assert.deepEqual(
      outcome.images.map(({ fetches, addressDead }) => [fetches, addressDead]),
      [1, 2, 3].map(() => [1, true]),
    );
    assert.equal(second?.objects[0]?.insteadOf, 'logo_shape');
    assert.deepEqual(third?.objects, [{ objectId: 'old_one', page: 'slide_one', action: 'replaced' }]);
    assert.deepEqual([first?.source?.width, first?.sent?.type], [4, 'image/png']);
    const ids = outcome.images.flatMap(({ objects }) => objects.map(({ objectId }) => objectId));
    assert.deepEqual(new Set(rig.images().keys()), new Set(ids));
    await assertClean(rig);
  });

  it('tells of each step, from first to last', async () => {
    const rig = createWorkRig(someDeck());
    const told: ImageOutcome[][] = [];
    const onProgress = (images: readonly ImageOutcome[]) => void told.push([...images]);
    await rig.work().run(rig.input('job', [atPage(1)], { onProgress }));
    assert.deepEqual(
      [...new Set(told.map(([image]) => image?.state))],
      ['fetched', 'converted', 'served', 'inserted', 'verified'],
    );
  });

  it('writes nothing where one image cannot be placed, but names every bad one at once', async () => {
    const rig = createWorkRig(someDeck());
    const images = [
      { ...atPage(1), source: { type: 'bytes' as const, bytes: Buffer.from('no image') } },
      atTag('nobody', 2),
      atPage(3),
      { ...atPage(4), source: { type: 'drive' as const, id: 'missing' } },
    ];
    const outcome = await rig.work().run(rig.input('job', images));
    assert.deepEqual([outcome.state, outcome.writes], ['failed', 0]);
    assert.deepEqual(states(outcome), ['failed', 'failed', 'left out', 'failed']);
    const codes = outcome.images.map(({ error }) => error?.code);
    assert.deepEqual(codes, ['unsupported_image', 'tag_not_found', undefined, 'source_not_found']);
    assert.deepEqual(rig.batches, []);
    await assertClean(rig);
  });

  it('goes on without the bad ones where it may', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push({ kind: 'refused', index: 1 });
    const images = [atPage(1), atTag('nobody', 2), atPage(3), atPage(4)];
    const outcome = await rig.work().run(rig.input('job', images, { onError: 'skip' }));
    assert.deepEqual([outcome.state, outcome.writes], ['partial', 2]);
    assert.deepEqual(states(outcome), ['verified', 'failed', 'failed', 'verified']);
    assert.equal(outcome.images[2]?.error?.code, 'refused');
    assert.deepEqual(outcome.images[2]?.objects, []);
    assert.equal(rig.images().size, 3);
    await assertClean(rig);
  });

  it('leaves the deck alone where Google refuses one image and all are to be placed or none', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push({ kind: 'not fetched', index: 1 });
    const outcome = await rig.work().run(rig.input('job', [atPage(1), atPage(2)]));
    assert.deepEqual(states(outcome), ['left out', 'failed']);
    const { code, detail } = outcome.images[1]?.error ?? {};
    assert.equal(code, 'refused');
    assert.match(detail ?? '', /^Google fetched the image and did not take it: There was a problem retrieving/);
    assert.equal(rig.images().size, 1);
    await assertClean(rig);
  });

  it('says so where Google never came for an image', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push({ kind: 'not reached', index: 0 });
    const outcome = await rig.work().run(rig.input('job', [atPage(1)]));
    assert.equal(outcome.images[0]?.error?.code, 'fetch_failed');
    assert.match(outcome.images[0]?.error?.detail ?? '', /never came.*HAWKER_PUBLIC_URL/);
    assert.equal(outcome.images[0]?.fetches, 0);
  });

  it('does not blame where it is served from where Google came for another image of the same write', async () => {
    const rig = createWorkRig(someDeck());
    const { batchUpdate } = rig.apis.slides;
    rig.apis.slides.batchUpdate = async (id, { requests }, options) => {
      rig.script.push({ kind: 'not fetched', index: 0 });
      await batchUpdate(id, { requests }, options);
      rig.script.push({ kind: 'not reached', index: 1 });
      return batchUpdate(id, { requests }, options);
    };
    const outcome = await rig.work().run(rig.input('job', [atPage(1), atPage(2)]));
    const { code, detail = '' } = outcome.images[1]?.error ?? {};
    assert.deepEqual([code, outcome.images[0]?.fetches, outcome.images[1]?.fetches], ['fetch_failed', 1, 0]);
    assert.match(detail, /never came for this image, though it came for others/);
    assert.doesNotMatch(detail, /HAWKER_PUBLIC_URL/);
  });

  it('says that Google could not use an image of which nobody knows whether it came', async () => {
    const bucket = createWorkRig(someDeck(), { shared: true });
    bucket.script.push({ kind: 'not fetched', index: 0 });
    const { images } = await bucket.work().run(bucket.input('job', [atPage(1)], { mode: 'bucket' }));
    assert.equal(images[0]?.error?.code, 'fetch_failed');
    const rig = createWorkRig(someDeck());
    rig.script.push({ kind: 'not fetched', index: 0 });
    const grants = createGrants({ ...rig, store: rig.store });
    const close = () => Promise.reject(new AppError('unavailable', 'The store does not answer'));
    const unclosed = await rig.work({ grants: { ...grants, close } }).run(rig.input('job', [atPage(1)]));
    assert.match(unclosed.images[0]?.error?.detail ?? '', /^Google could not use the image: /);
    assert.equal(unclosed.images[0]?.error?.code, 'fetch_failed');
  });

  it('answers no more than is true where every image is refused', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push({ kind: 'refused', index: 0 }, { kind: 'refused', index: 0 });
    const outcome = await rig.work().run(rig.input('job', [atPage(1), atPage(2)], { onError: 'skip' }));
    assert.deepEqual([outcome.state, outcome.writes, states(outcome)], ['failed', 2, ['failed', 'failed']]);
    await assertClean(rig);
  });

  for (const [step, code] of [
    ['nameless', 'google_refused'],
    ['busy', 'too_many_requests'],
    ['other revision', 'deck_changed'],
  ] as const)
    it(`throws ${code} and leaves nothing behind`, async () => {
      const rig = createWorkRig(someDeck());
      rig.script.push(step);
      const kept = rig.input('job', [inPlaceOf('old_one', 1)], { keepReplaced: true });
      await assert.rejects(rig.work().run(kept), { code });
      await assertClean(rig);
    });

  it('demands the revision that was asked for', async () => {
    const rig = createWorkRig(someDeck());
    const run = (job: string, requiredRevisionId: string) =>
      rig.work().run(rig.input(job, [atPage(1)], { requiredRevisionId }));
    await assert.rejects(run('one', 'another'), { code: 'deck_changed' });
    assert.equal((await run('two', rig.revision())).state, 'done');
    await assertClean(rig);
  });

  it('leaves nothing behind where blobs cannot be stored, also what was stored in silence', async () => {
    const rig = createWorkRig(someDeck());
    rig.blobs.failPut = new AppError('storage_full', 'The disk is full');
    await assert.rejects(rig.work().run(rig.input('job', [atPage(1), atPage(2), atPage(3)])), { code: 'storage_full' });
    assert.deepEqual(rig.batches, []);
    await assertClean(rig);
  });

  it('says that an image is not where Google says it was put', async () => {
    const rig = createWorkRig(someDeck());
    const { presentation } = rig.apis.slides;
    rig.apis.slides.presentation = async (...given) => {
      const read = await presentation(...given);
      for (const slide of read.slides ?? []) slide.pageElements = (slide.pageElements ?? []).slice(0, 3);
      return read;
    };
    const outcome = await rig.work().run(rig.input('job', [atPage(1), atPage(2)]));
    assert.deepEqual([outcome.state, states(outcome)], ['partial', ['verified', 'failed']]);
    assert.equal(outcome.images[1]?.error?.code, 'not_verified');
  });

  it('takes what Google says for true of a replaced image whose source address is not told', async () => {
    const rig = createWorkRig(someDeck());
    const { presentation } = rig.apis.slides;
    rig.apis.slides.presentation = async (...given) => {
      const read = await presentation(...given);
      for (const { image } of read.slides?.[0]?.pageElements ?? []) delete image?.sourceUrl;
      return read;
    };
    const outcome = await rig.work().run(rig.input('job', [inPlaceOf('old_one', 1)], { keepReplaced: true }));
    assert.deepEqual([outcome.state, states(outcome), rig.blobs.kept.size], ['done', ['inserted'], 1]);
  });

  it('takes what Google says for true where the deck cannot be read afterwards', async () => {
    const rig = createWorkRig(someDeck());
    const { presentation } = rig.apis.slides;
    let reads = 0;
    rig.apis.slides.presentation = (...given) =>
      reads++ === 0 ? presentation(...given) : Promise.reject(new AppError('unavailable', 'Google does not answer'));
    const outcome = await rig.work().run(rig.input('job', [atPage(1)]));
    assert.deepEqual([outcome.state, states(outcome)], ['done', ['inserted']]);
    await assertClean(rig);
  });

  it('never has the bytes of more than two images at a time', async () => {
    const rig = createWorkRig(someDeck());
    let now = 0;
    let most = 0;
    const fetchPublic = async () => {
      most = Math.max(most, ++now);
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      now--;
      const { source } = atPage(9);
      return source.type === 'bytes' ? source.bytes : Buffer.of();
    };
    const image = { ...atPage(1), source: { type: 'url' as const, url: 'https://example.com/' } };
    const outcome = await rig.work({ fetchPublic }).run(
      rig.input(
        'job',
        Array.from({ length: 6 }, () => image),
      ),
    );
    assert.deepEqual([outcome.state, most], ['done', 2]);
  });

  it('shows the exact batch of a dry run and changes nothing', async () => {
    const rig = createWorkRig(someDeck());
    const images = [atPage(1), inPlaceOf('old_one', 2)];
    const dry = await rig.work().dryRun(rig.input('job', images));
    assert.deepEqual([dry.state, dry.writes, states(dry), rig.batches], ['done', 0, ['converted', 'converted'], []]);
    await assertClean(rig);
    const withoutUrls = (requests: unknown) => JSON.stringify(requests).replaceAll(/"url":"[^"]*"/g, '"url"');
    await rig.work().run(rig.input('job', images));
    assert.equal(withoutUrls(dry.batch), withoutUrls(rig.batches[0]));
    assert.match(dry.batch?.[0]?.createImage?.url ?? '', /^http:\/\/127\.0\.0\.1:9\/slides-images\/[\w-]{92}$/);
  });
});
