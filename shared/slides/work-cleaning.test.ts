import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Kept } from './job.ts';
import { createGrants } from './open-grants.ts';
import { atPage, atTag, createWorkRig, inPlaceOf, someDeck } from './work-rig.ts';

guardAgainstLeaks();

const down = () => Promise.reject(new AppError('unavailable', 'The store does not answer'));

describe('what work leaves behind', () => {
  it('keeps what was replaced where it is not known whether it was', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('lost before', 'lost before', 'lost before');
    const input = rig.input('job', [inPlaceOf('old_one', 1)], { keepReplaced: true });
    await assert.rejects(rig.work().run(input), { code: 'outcome_unknown' });
    assert.deepEqual(
      [...rig.blobs.kept.keys()].map((name) => name.slice(9, 14)),
      ['kept-'],
    );
  });

  it('keeps nothing of an image that stayed as it was, though others were placed', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push({ kind: 'refused', index: 1 });
    const images = [atPage(1), inPlaceOf('old_one', 2)];
    const outcome = await rig.work().run(rig.input('job', images, { keepReplaced: true, onError: 'skip' }));
    assert.equal(outcome.state, 'partial');
    assert.equal(outcome.images[1]?.error?.detail, 'The image is not liked.');
    assert.equal(outcome.images[0]?.fetches, 2, 'of both tries');
    assert.equal(rig.blobs.kept.size, 0);
  });

  it('keeps a shape with what stood above it, and the bytes of a JPEG as one', async () => {
    const rig = createWorkRig(someDeck());
    rig.apis.slides.content = () => Promise.resolve(Buffer.from([0xff, 0xd8, 0xff]));
    let told: readonly Kept[] = [];
    const beforeWrite = (_: unknown, kept: readonly Kept[]) => {
      told = kept;
      return Promise.resolve();
    };
    const images = [atTag('logo', 1), inPlaceOf('old_one', 2)];
    await rig.work().run(rig.input('job', images, { keepReplaced: true, beforeWrite }));
    const [shape, image] = told;
    assert.ok(shape?.kind === 'shape' && image?.kind === 'image');
    assert.deepEqual(
      [shape.above, shape.element.objectId, image.type, image.size],
      [[], 'logo_shape', 'image/jpeg', 3],
    );
  });

  it('says that an address may be alive where it could not be closed', async () => {
    const rig = createWorkRig(someDeck());
    const grants = { ...createGrants({ ...rig, config: rig.config, ids: rig.ids }), close: down };
    const outcome = await rig.work({ grants }).run(rig.input('job', [atPage(1)]));
    assert.deepEqual([outcome.state, outcome.images[0]?.addressDead], ['done', false]);
    assert.equal(rig.blobs.kept.size, 0);
  });

  it('closes those addresses that were opened where another could not be', async () => {
    const rig = createWorkRig(someDeck());
    const real = createGrants({ ...rig, config: rig.config, ids: rig.ids });
    let opened = 0;
    const grants = {
      ...real,
      open: (grant: Parameters<typeof real.open>[0]) => (++opened > 2 ? down() : real.open(grant)),
    };
    const run = rig.work({ grants }).run(rig.input('job', [atPage(1), atPage(2), atPage(3)]));
    await assert.rejects(run, { code: 'unavailable' });
    assert.deepEqual([await rig.openGrants(), rig.blobs.kept.size, rig.batches.length], [0, 0, 0]);
  });

  it('removes a blob though that fails at first', async () => {
    const rig = createWorkRig(someDeck());
    const remove = rig.blobs.delete;
    let failures = 0;
    rig.blobs.delete = (name) => (failures++ === 0 ? down() : remove(name));
    await rig.work().run(rig.input('job', [atPage(1)]));
    assert.deepEqual([rig.blobs.kept.size, failures], [0, 2]);
  });

  it('counts the fetches of each of many images by itself', async () => {
    const rig = createWorkRig(someDeck());
    const images = Array.from({ length: 12 }, (_, shade) => atPage(shade));
    const outcome = await rig.work().run(rig.input('job', images));
    assert.deepEqual(
      outcome.images.map(({ fetches }) => fetches),
      Array(12).fill(1),
    );
  });

  it('finds what was applied though the time was over when the answer was lost', async () => {
    const rig = createWorkRig(someDeck());
    const out = new AbortController();
    const { batchUpdate, presentation } = rig.apis.slides;
    rig.apis.slides.batchUpdate = async (...given) => {
      const answer = await batchUpdate(...given);
      out.abort(new Error('time is over'));
      return answer;
    };
    rig.apis.slides.presentation = (id, options) => {
      options.signal.throwIfAborted();
      return presentation(id, options);
    };
    rig.script.push('lost after');
    const outcome = await rig.work().run(rig.input('job', [atPage(1)], { signal: out.signal }));
    assert.equal(outcome.state, 'done');
  });

  it('says that there was no time, of a dry run as of a run', async () => {
    const rig = createWorkRig(someDeck());
    const image = { ...atPage(1), source: { type: 'url' as const, url: 'https://example.com/' } };
    for (const method of ['run', 'dryRun'] as const) {
      const out = new AbortController();
      const fetchPublic = () => {
        out.abort(new Error('time is over'));
        return Promise.reject(out.signal.reason as Error);
      };
      const input = rig.input('job', [image], { signal: out.signal });
      await assert.rejects(rig.work({ fetchPublic })[method](input), { code: 'unavailable' });
    }
  });

  it('tells of a dry run what a run would leave out', async () => {
    const rig = createWorkRig(someDeck());
    const dry = await rig.work().dryRun(rig.input('job', [atPage(1), atTag('nobody', 2)]));
    assert.deepEqual(
      [dry.state, dry.batch, dry.images.map(({ state }) => state)],
      ['failed', undefined, ['left out', 'failed']],
    );
  });
});
