import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import type { SlidesRequest } from '../google/slides.ts';
import { png } from '../testing/google/pictures.ts';
import { image, shape } from '../testing/google/slides-elements.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Kept } from './job.ts';
import type { JobOutcome } from './outcome.ts';
import { atPage, atTag, createWorkRig, inPlaceOf, type Step, type WorkRig } from './work-rig.ts';

guardAgainstLeaks();

const BOX = { x: 0, y: 0, width: 900_000, height: 900_000 };
const SIZE = {
  width: { magnitude: 1_800_000, unit: 'EMU' as const },
  height: { magnitude: 900_000, unit: 'EMU' as const },
};
const TRANSFORM = { scaleX: 1, scaleY: 1, shearX: 0, shearY: 0, translateX: 0, translateY: 0, unit: 'EMU' as const };

/** A tag under a shape that has nothing to do with it, and an image on a slide of its own. */
const deck = () => ({
  slides: [
    {
      objectId: 'slide_one',
      elements: [
        shape({ objectId: 'logo_shape', ...BOX, text: '{{logo}}' }),
        shape({ objectId: 'bystander', ...BOX, text: 'text' }),
        shape({ objectId: 'other', ...BOX, text: 'text' }),
      ],
    },
    { objectId: 'slide_two', elements: [image({ objectId: 'old_one', ...BOX, bytes: png(5, 5), title: 'old' })] },
  ],
});

const without = (...ids: string[]): Step => ({
  kind: 'edited',
  requests: ids.map((objectId): SlidesRequest => ({ deleteObject: { objectId } })),
});
/** The tag in another shape, twice as wide as high. */
const widened: Step = {
  kind: 'edited',
  requests: [
    { deleteObject: { objectId: 'logo_shape' } },
    {
      createShape: {
        objectId: 'wide_shape',
        shapeType: 'RECTANGLE',
        elementProperties: { pageObjectId: 'slide_one', size: SIZE, transform: TRANSFORM },
      },
    },
    { insertText: { objectId: 'wide_shape', text: '{{logo}}', insertionIndex: 0 } },
  ],
};

const states = ({ images }: Pick<JobOutcome, 'images'>) => images.map(({ state }) => state);
const codes = ({ images }: Pick<JobOutcome, 'images'>) => images.map(({ error }) => error?.code);

async function assertClean(rig: WorkRig, kept: readonly Kept[] = []): Promise<void> {
  const blobs = kept.flatMap((one) => (one.kind === 'image' ? one.blob : []));
  assert.deepEqual([...rig.blobs.kept.keys()], blobs, 'no blob is left but those that are kept');
  assert.deepEqual(await rig.alive(), [], 'no address is alive');
  assert.equal(await rig.openGrants(), 0, 'no grant is open');
}

describe('work in a deck that somebody edits meanwhile', () => {
  it('plans once more where something unrelated is gone, also after an answer that was lost', async () => {
    for (const before of [[], ['lost before'], ['late', 'lost before']] satisfies Step[][]) {
      const rig = createWorkRig(deck());
      rig.script.push(...before, without('bystander'));
      const outcome = await rig.work().run(rig.input('job', [atTag('logo', 1), inPlaceOf('old_one', 2)]));
      assert.deepEqual([outcome.state, states(outcome)], ['done', ['verified', 'verified']]);
      assert.equal(outcome.writes, before.includes('late') ? 1 : before.length + 2);
      await assertClean(rig);
    }
  });

  it('does so twice, and then tells what Google says', async () => {
    const images = [atTag('logo', 1), atPage(2)];
    const twice = createWorkRig(deck());
    twice.script.push(without('bystander'), without('other'));
    assert.equal((await twice.work().run(twice.input('job', images))).writes, 3);

    const rig = createWorkRig(deck());
    const { batchUpdate } = rig.apis.slides;
    rig.apis.slides.batchUpdate = (...given) => {
      rig.edit([{ insertText: { objectId: 'other', text: 'more ', insertionIndex: 0 } }]);
      rig.script.push('nameless');
      return batchUpdate(...given);
    };
    await assert.rejects(rig.work().run(rig.input('job', [atPage(2)])), { code: 'google_refused' });
    assert.equal(rig.batches.length, 3);
    await assertClean(rig);
  });

  it('says of each image whose place is gone that it is', async () => {
    const rig = createWorkRig(deck());
    rig.script.push(without('logo_shape', 'old_one'));
    const images = [atTag('logo', 1), inPlaceOf('old_one', 2), atPage(3)];
    const outcome = await rig.work().run(rig.input('job', images, { onError: 'skip' }));
    assert.deepEqual([outcome.state, outcome.writes], ['partial', 2]);
    assert.deepEqual(codes(outcome), ['tag_not_found', 'element_not_found', undefined]);
    await assertClean(rig);

    const all = createWorkRig(deck());
    all.script.push(without('old_one'));
    const none = await all.work().run(all.input('job', [inPlaceOf('old_one', 2), atPage(3)]));
    assert.deepEqual([none.state, none.writes, states(none)], ['failed', 1, ['failed', 'left out']]);
    assert.equal(all.images().size, 0);
    await assertClean(all);
  });

  it('takes an image that Google refuses for the one at fault, whatever else has changed', async () => {
    for (const index of [0, 1]) {
      const rig = createWorkRig(deck());
      const { batchUpdate } = rig.apis.slides;
      let tries = 0;
      rig.apis.slides.batchUpdate = async (...given) => {
        if (++tries > 1) return batchUpdate(...given);
        rig.edit([{ deleteObject: { objectId: 'other' } }]);
        return batchUpdate(...given);
      };
      rig.script.push({ kind: 'refused', index });
      const outcome = await rig.work().run(rig.input('job', [atPage(1), inPlaceOf('old_one', 2)]));
      assert.deepEqual([outcome.writes, codes(outcome)[index]], [1, 'refused']);
      await assertClean(rig);
    }
  });

  it('makes an image ready once more where its box has other proportions', async () => {
    const rig = createWorkRig(deck());
    rig.script.push(widened);
    const outcome = await rig.work().run(rig.input('job', [{ ...atTag('logo', 1), fit: 'cover' as const }, atPage(2)]));
    assert.deepEqual([outcome.state, outcome.writes], ['done', 2]);
    const [first, second] = outcome.images;
    assert.deepEqual([first?.sent?.width, first?.sent?.height], [4, 2]);
    assert.equal(first?.objects[0]?.insteadOf, 'wide_shape');
    assert.deepEqual([first?.fetches, second?.fetches], [2, 2]);
    await assertClean(rig);
  });

  it('gives each address as many fetches as the new plan has places', async () => {
    const rig = createWorkRig(deck());
    const again: SlidesRequest[] = ['a', 'b', 'c', 'd'].flatMap((name) => [
      {
        createShape: {
          objectId: `more_${name}`,
          shapeType: 'RECTANGLE',
          elementProperties: { pageObjectId: 'slide_one', size: SIZE, transform: TRANSFORM },
        },
      },
      { insertText: { objectId: `more_${name}`, text: '{{logo}}', insertionIndex: 0 } },
    ]);
    rig.script.push({ kind: 'edited', requests: [{ deleteObject: { objectId: 'bystander' } }, ...again] });
    const outcome = await rig.work().run(rig.input('job', [atTag('logo', 1)]));
    assert.deepEqual([outcome.state, outcome.images[0]?.objects.length], ['done', 5]);
    await assertClean(rig);
  });

  it('notes what is replaced by the plan that is written, and keeps no more of it', async () => {
    const rig = createWorkRig(deck());
    const told: (readonly Kept[])[] = [];
    const beforeWrite = (_: unknown, kept: readonly Kept[]) => {
      told.push(kept);
      return Promise.resolve();
    };
    rig.script.push(widened);
    const images = [atTag('logo', 1), inPlaceOf('old_one', 2)];
    await rig.work().run(rig.input('job', images, { keepReplaced: true, beforeWrite }));
    const shapes = told.map((kept) => kept.flatMap((one) => (one.kind === 'shape' ? one.element.objectId : [])));
    assert.deepEqual(shapes, [['logo_shape'], ['wide_shape']]);
    await assertClean(rig, told[1]);
  });

  it('writes no second time where that could not be noted', async () => {
    for (const before of [[], ['lost before']] satisfies Step[][]) {
      const rig = createWorkRig(deck());
      let calls = 0;
      const beforeWrite = () =>
        ++calls === 1 ? Promise.resolve() : Promise.reject(new AppError('unavailable', 'The store is gone'));
      rig.script.push(...before, without('bystander'));
      const input = rig.input('job', [atTag('logo', 1), inPlaceOf('old_one', 2)], { keepReplaced: true, beforeWrite });
      await assert.rejects(rig.work().run(input), { code: before.length > 0 ? 'outcome_unknown' : 'unavailable' });
      assert.equal(rig.batches.length, before.length + 1);
      // What may yet be replaced stays for an undo: as it was kept for either plan.
      assert.equal(rig.blobs.kept.size, before.length > 0 ? 2 : 0);
    }
  });

  it('plans no second time where a revision was demanded, or the deck is as it was', async () => {
    const rig = createWorkRig(deck());
    rig.script.push(without('bystander'));
    const requiredRevisionId = rig.revision();
    const demanding = rig.input('job', [atTag('logo', 1)], { requiredRevisionId });
    assert.deepEqual(codes(await rig.work().run(demanding)), ['refused']);
    const same = createWorkRig(deck());
    same.script.push('nameless');
    await assert.rejects(same.work().run(same.input('job', [atTag('logo', 1)])), { code: 'google_refused' });
    assert.deepEqual([rig.batches.length, same.batches.length], [1, 1]);
  });
});
