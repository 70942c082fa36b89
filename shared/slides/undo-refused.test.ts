import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { png } from '../testing/google/pictures.ts';
import type { GivenElement } from '../testing/google/slides-deck.ts';
import { image, shape } from '../testing/google/slides-elements.ts';
import { doneJob, seenOf } from './undo-rig.ts';
import { atPage, atTag, inPlaceOf, type Step } from './work-rig.ts';

const BOX = { x: 1_000_000, y: 500_000, width: 2_000_000, height: 1_000_000 };

const deckOf = (...elements: GivenElement[]) => ({ slides: [{ objectId: 'slide_one', elements }] });
const old = (n: number) => image({ objectId: `image_${n}`, ...BOX, bytes: png(20, 10, n), title: 'old' });
const text = (objectId: string, said = 'text') => shape({ objectId, ...BOX, text: said });

describe('an undo that Slides refuses', () => {
  it('sends once what Slides refuses for good, says why, and may come again', async () => {
    const job = await doneJob(deckOf(old(1)), [inPlaceOf('image_1', 7)]);
    const writes = job.batches.length;
    job.script.push('nameless', 'nameless');
    const message = 'Slides refuses to undo the job: Something is wrong.';
    for (const times of [1, 2]) {
      await assert.rejects(job.undo(), { code: 'google_refused', message });
      assert.deepEqual([job.batches.length, job.blobs.kept.size], [writes + times, 1]);
    }
    assert.deepEqual(
      (await job.undo()).map(({ action }) => action),
      ['restored'],
    );
  });

  it('leaves at once what Slides does not take back, and says why', async () => {
    const job = await doneJob(deckOf(old(1)), [atPage(1), inPlaceOf('image_1', 7)]);
    const writes = job.batches.length;
    job.script.push({ kind: 'refused', index: 0 });
    assert.deepEqual(
      (await job.undo()).map(({ action, detail }) => detail ?? action),
      ['deleted', 'Slides does not take it back: The image is not liked.'],
    );
    assert.equal(job.batches.length, writes + 2);
  });

  it('plans again after a refusal where the deck is another one, and after a lost answer', async () => {
    for (const lost of [[], ['lost before']] satisfies Step[][]) {
      const job = await doneJob(deckOf(text('tag_1', '{{logo}}'), text('plain_2'), text('plain_3')), [
        atTag('logo', 1),
      ]);
      const writes = job.batches.length;
      const gone = { deleteObject: { objectId: 'plain_2' } };
      job.script.push(...lost, { kind: 'edited', requests: [gone] });
      assert.deepEqual(
        (await job.undo()).map(({ action }) => action),
        ['deleted', 'restored'],
      );
      assert.equal(job.batches.length, writes + lost.length + 2);
      assert.deepEqual(seenOf(await job.look())[0]?.order, ['tag_1', 'plain_3']);
    }
    const job = await doneJob(deckOf(), [atPage(1)]);
    job.script.push('lost before', 'nameless', 'nameless');
    await assert.rejects(job.undo(), { code: 'outcome_unknown', message: /Something is wrong/ });
    job.script.push('lost before', 'nameless');
    assert.deepEqual(
      (await job.undo()).map(({ action }) => action),
      ['deleted'],
    );
  });

  it('deletes what was created where an image does not come back, however many do not', async () => {
    const elements = [1, 2, 3, 4, 5, 6].map((n) => old(n));
    const images = [atPage(1), ...elements.map(({ objectId }) => inPlaceOf(objectId, 7))];
    const one = await doneJob(deckOf(...elements), images);
    const refused: Step = { kind: 'not fetched', index: 2 };
    one.script.push(refused, refused);
    assert.deepEqual(
      (await one.undo()).map(({ action, detail }) => detail?.slice(0, 28) ?? action),
      ['deleted', 'restored', 'restored', 'Slides does not take it back', 'restored', 'restored', 'restored'],
    );
    const all = await doneJob(deckOf(...elements), images);
    all.script.push(...[1, 2, 3, 4].map((index): Step => ({ kind: 'not fetched', index })));
    const undone = await all.undo();
    assert.equal(undone[0]?.action, 'deleted');
    assert.ok(undone.slice(1).every(({ action }) => action === 'not restored'));
    assert.equal(await all.openGrants(), 0);
  });
});
