import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../errors.ts';
import { png } from '../testing/google/pictures.ts';
import type { GivenElement } from '../testing/google/slides-deck.ts';
import { group, image, shape } from '../testing/google/slides-elements.ts';
import { planUndo } from './undo-plan.ts';
import { doneJob, seenOf } from './undo-rig.ts';
import { atPage, atTag, inPlaceOf, type Step, sha256 } from './work-rig.ts';

/** What `work-rig.ts` says the bytes of any image are. */
const CONTENT = sha256(png(3, 3));
const BOX = { x: 1_000_000, y: 500_000, width: 2_000_000, height: 1_000_000 };

const deckOf = (...elements: GivenElement[]) => ({ slides: [{ objectId: 'slide_one', elements }] });

function element(kind: 'tag' | 'other' | 'plain' | 'image', n: number, degrees: number): GivenElement {
  const given = { objectId: `${kind}_${n}`, ...BOX, x: n * 300_000, degrees };
  if (kind === 'image') return image({ ...given, bytes: png(20, 10, n), title: 'old' });
  return shape({
    ...given,
    text: { tag: '{{logo}}', other: '{{other}}', plain: 'text' }[kind],
    shapeType: n % 2 ? 'RECTANGLE' : 'TEXT_BOX',
    shapeProperties: {
      contentAlignment: 'MIDDLE',
      shapeBackgroundFill:
        n % 3
          ? { propertyState: 'NOT_RENDERED' }
          : { propertyState: 'RENDERED', solidFill: { color: { rgbColor: { red: 1 } }, alpha: 1 } },
      outline: {
        propertyState: 'RENDERED',
        outlineFill: { solidFill: { color: { themeColor: 'DARK1' }, alpha: 1 } },
        weight: { magnitude: 9525, unit: 'EMU' },
        dashStyle: 'DOT',
      },
    },
  });
}

const kinds = fc
  .array(
    fc.tuple(
      fc.constantFrom('tag' as const, 'other' as const, 'plain' as const, 'image' as const),
      fc.integer({ min: 0, max: 359 }),
    ),
    {
      minLength: 1,
      maxLength: 7,
    },
  )
  // All shapes of a tag show one address, which gives its image three times.
  .filter((chosen) => (['tag', 'other'] as const).every((one) => chosen.filter(([kind]) => kind === one).length <= 3));
/** What may become of the writes of an undo before one gets its answer. */
const steps = fc.array(fc.constantFrom<Step>('lost before', 'lost after', 'late'), { maxLength: 3 });

describe('an undo', () => {
  it('leaves the deck as it was before the job, whatever stood where, and whatever answers were lost', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, steps, async (chosen, script) => {
        const elements = chosen.map(([kind, degrees], n) => element(kind, n, degrees));
        const count = (wanted: string) => chosen.filter(([kind]) => kind === wanted).length;
        const tags = [...(count('other') ? [atTag('other', 3)] : []), ...(count('tag') ? [atTag('logo', 2)] : [])];
        const images = elements.flatMap(({ objectId, image: is }) => (is ? [inPlaceOf(objectId, 7)] : []));
        const job = await doneJob(deckOf(...elements), [atPage(1), ...tags, ...images]);
        job.script.push(...script);
        const undone = await job.undo();
        job.happen();
        assert.deepEqual(seenOf(await job.look()), seenOf(job.before));
        for (const [id, bytes] of job.images()) assert.equal(bytes, CONTENT, id);
        assert.deepEqual(
          new Set(undone.map(({ action }) => action)),
          new Set(['deleted', ...(tags.length + images.length > 0 ? ['restored'] : [])]),
        );
        assert.equal(undone.length, 1 + 2 * (count('tag') + count('other')) + images.length);
        assert.deepEqual([await job.alive(), await job.openGrants(), job.blobs.kept.size], [[], 0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('brings the words of a replaced image back too, also where it had none', async () => {
    const bare = image({ objectId: 'bare', ...BOX, bytes: png(20, 10, 9) });
    const anew = (objectId: string) => ({ ...inPlaceOf(objectId, 7), altText: { title: 'new', description: 'New' } });
    const job = await doneJob(deckOf(element('image', 1, 0), bare), [anew('image_1'), anew('bare')]);
    assert.notDeepEqual(seenOf(await job.look()), seenOf(job.before));
    await job.undo();
    assert.deepEqual(seenOf(await job.look()), seenOf(job.before));
  });

  it('says that a crop does not come back', async () => {
    const imageProperties = { cropProperties: { leftOffset: 0.2 } };
    const cropped = image({ objectId: 'cropped', ...BOX, bytes: png(20, 10, 9), imageProperties, title: 'old' });
    const job = await doneJob(deckOf(cropped), [inPlaceOf('cropped', 7)]);
    const [undone] = await job.undo();
    assert.deepEqual([undone?.action, undone?.detail?.includes('cropped')], ['restored', true]);
  });

  it('lets Google fetch from the bucket again what was replaced from there', async () => {
    const job = await doneJob(deckOf(element('image', 1, 0)), [inPlaceOf('image_1', 7)], { mode: 'bucket' });
    const open = () => Promise.reject(new AppError('not_configured', 'HAWKER_PUBLIC_URL must be set'));
    const grants = { ...job.grants, open };
    job.script.push('lost after');
    assert.deepEqual(
      (await job.undo({}, { grants })).map(({ action }) => action),
      ['restored'],
    );
    assert.equal(job.images().get('image_1'), CONTENT);
    assert.equal(job.batches.length, 2, 'the answer was lost, and the bytes were seen in the deck');
    assert.equal(job.blobs.kept.size, 0);
  });

  it('is one write, and none where it was done before', async () => {
    const job = await doneJob(deckOf(element('tag', 1, 0), element('image', 2, 0)), [
      atTag('logo', 1),
      inPlaceOf('image_2', 7),
    ]);
    const writes = job.batches.length;
    const first = await job.undo();
    assert.equal(job.batches.length, writes + 1);
    // As if the process had died before its answer was kept.
    const again = await job.undo();
    assert.equal(job.batches.length, writes + 1);
    assert.deepEqual(
      again.map(({ objectId, action }) => [objectId, action]),
      [
        [first[0]?.objectId, 'gone'],
        ['tag_1', 'restored'],
        ['image_2', 'restored'],
      ],
    );
  });

  it('puts a shape where its image is now, among what came meanwhile', async () => {
    const job = await doneJob(deckOf(element('plain', 1, 0), element('tag', 2, 0), element('plain', 3, 0)), [
      atTag('logo', 1),
    ]);
    const page = {
      pageObjectId: 'slide_one',
      size: { width: { magnitude: 1, unit: 'EMU' as const }, height: { magnitude: 1, unit: 'EMU' as const } },
    };
    const transform = {
      scaleX: 1,
      scaleY: 1,
      shearX: 0,
      shearY: 0,
      translateX: 0,
      translateY: 0,
      unit: 'EMU' as const,
    };
    const made = { objectId: 'came_later', shapeType: 'RECTANGLE', elementProperties: { ...page, transform } };
    await job.apis.slides.batchUpdate(
      'deck-1',
      { requests: [{ createShape: made }] },
      { signal: new AbortController().signal },
    );
    await job.undo();
    assert.deepEqual(seenOf(await job.look())[0]?.order, ['plain_1', 'tag_2', 'plain_3', 'came_later']);
  });

  it('puts a shape beneath what lay over it where somebody has removed its image', async () => {
    const elements = [element('plain', 1, 0), element('tag', 2, 0), element('plain', 3, 0)];
    const job = await doneJob(deckOf(...elements), [atTag('logo', 1)]);
    const [made] = job.outcome.images[0]?.objects ?? [];
    const requests = [{ deleteObject: { objectId: made?.objectId ?? '' } }];
    await job.apis.slides.batchUpdate('deck-1', { requests }, { signal: new AbortController().signal });
    assert.deepEqual(
      (await job.undo()).map(({ action }) => action),
      ['gone', 'restored'],
    );
    assert.deepEqual(seenOf(await job.look()), seenOf(job.before));
  });

  it('knows bytes that are shown again, whatever was thought of them before', async () => {
    const job = await doneJob(deckOf(element('image', 1, 0)), [inPlaceOf('image_1', 7)]);
    const bytes = new Map([['image_1', { shown: true as const }]]);
    const state = { ...job.record, bytes, hopeless: new Map([['image_1', 'Slides does not take it back']]) };
    const { requests, undone } = planUndo(await job.look(), state);
    assert.deepEqual([requests, undone[0]?.action], [[], 'restored']);
  });

  it('takes a shape out of its group, in its place', async () => {
    const inner = group({
      objectId: 'the_group',
      children: [element('plain', 1, 0), element('tag', 2, 30), element('plain', 3, 0)],
      transform: { scaleX: 2, scaleY: 0.5, translateX: 70_000, unit: 'EMU' },
    });
    const job = await doneJob(deckOf(inner, element('plain', 4, 0)), [atTag('logo', 1)]);
    await job.undo();
    const [slide] = seenOf(await job.look());
    const was = seenOf(job.before)[0]?.elements.find(({ objectId }) => objectId === 'tag_2');
    assert.deepEqual(
      slide?.elements.find(({ objectId }) => objectId === 'tag_2'),
      was,
    );
    assert.deepEqual(slide?.order, ['the_group', 'tag_2', 'plain_4']);
  });

  it('says what comes back otherwise, and what cannot come back', async () => {
    const plain = element('tag', 1, 0);
    const elements = [
      { ...plain, objectId: 'i0' },
      { ...plain, objectId: 'title_shape', shape: { ...plain.shape, placeholder: { type: 'TITLE' } } },
      { ...plain, objectId: 'free_form', shape: { ...plain.shape, shapeType: 'CUSTOM' } },
      element('image', 2, 0),
    ];
    const job = await doneJob(deckOf(...elements), [atTag('logo', 1), inPlaceOf('image_2', 7)]);
    job.blobs.kept.clear();
    const told = (await job.undo())
      .filter(({ detail }) => detail)
      .map(({ objectId, action, detail }) => [objectId, action, detail]);
    assert.deepEqual(told, [
      ['hk_again_i0', 'restored', 'It was i0, an id that cannot be given'],
      ['title_shape', 'restored', 'It was a placeholder, and is a text box now'],
      ['free_form', 'restored', 'It had a form of its own, and is a text box now'],
      ['image_2', 'not restored', 'Its bytes are not kept any more'],
    ]);
  });

  it('deletes and brings nothing back where nothing was kept', async () => {
    const job = await doneJob(
      deckOf(element('tag', 1, 0), element('image', 2, 0)),
      [atTag('logo', 1), inPlaceOf('image_2', 7)],
      { keepReplaced: false },
    );
    const undone = await job.undo();
    assert.deepEqual(
      undone.map(({ action }) => action),
      ['deleted', 'not restored', 'not restored'],
    );
    assert.match(undone[1]?.detail ?? '', /keepReplaced/);
    assert.deepEqual(seenOf(await job.look())[0]?.order, ['image_2']);
  });

  it('gives up after a few writes of which nothing is known, leaves what is kept, and may come again', async () => {
    const job = await doneJob(deckOf(element('image', 1, 0)), [atPage(1), inPlaceOf('image_1', 7)]);
    const writes = job.batches.length;
    job.script.push(...Array.from({ length: 6 }, () => 'lost before' as const));
    await assert.rejects(job.undo(), { code: 'outcome_unknown' });
    assert.equal(job.batches.length, writes + 6);
    assert.deepEqual([await job.openGrants(), job.blobs.kept.size], [0, 1]);
    assert.deepEqual(
      (await job.undo()).map(({ action }) => action),
      ['deleted', 'restored'],
    );
  });

  it('closes what it opened where Google does not answer, and deletes where nothing can be fetched from here', async () => {
    const job = await doneJob(deckOf(element('image', 1, 0)), [atPage(1), inPlaceOf('image_1', 7)]);
    job.script.push('busy');
    await assert.rejects(job.undo(), { code: 'too_many_requests' });
    assert.equal(await job.openGrants(), 0);
    const open = () => Promise.reject(new AppError('not_configured', 'HAWKER_PUBLIC_URL must be set'));
    const undone = await job.undo({}, { grants: { ...job.grants, open } });
    assert.deepEqual(
      undone.map(({ action, detail }) => [action, detail]),
      [
        ['deleted', undefined],
        ['not restored', 'HAWKER_PUBLIC_URL must be set'],
      ],
    );
  });

  it('stops between two writes where its time is over', async () => {
    const job = await doneJob(deckOf(), [atPage(1)]);
    const signal = AbortSignal.abort(new AppError('unavailable', 'late'));
    await assert.rejects(job.undo({ signal }), { code: 'unavailable' });
  });
});
