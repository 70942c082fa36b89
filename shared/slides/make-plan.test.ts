import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Presentation } from '../google/slides.ts';
import type { ImageAsked } from './asked.ts';
import { objectIdFor } from './object-id.ts';
import type { Plan } from './plan.ts';
import { addressOf, applied, asked, deckOf, group, image, onPage, PT, planFor, shape, tagged } from './plan-rig.ts';

const HALF = { scaleX: 0.5, scaleY: 0.25 };
const WIDE = { width: 200, height: 100 };
const { url: URL_OF_WIDE } = addressOf(WIDE);
const id = (index: number, occurrence = 0) => objectIdFor('job', index, occurrence);

function plan(deck: Presentation, images: readonly ImageAsked[]): Plan {
  const planned = planFor(
    deck,
    images,
    images.map(() => WIDE),
  );
  assert.ok(planned.plan && planned.refused.size === 0);
  return planned.plan;
}

const emu = (width: number, height: number) => ({
  width: { magnitude: width, unit: 'EMU' },
  height: { magnitude: height, unit: 'EMU' },
});

test('an image on a page is created with its size, place and texts, and on top', () => {
  const deck = deckOf([], [shape('text', '')]);
  const { requests, owners, objects } = plan(deck, [asked(onPage(2, { w: { emu: 100 * PT }, align: 'bottom-right' }))]);
  const transform = {
    scaleX: 1,
    scaleY: 1,
    shearX: 0,
    shearY: 0,
    translateX: 620 * PT,
    translateY: 355 * PT,
    unit: 'EMU',
  };
  assert.deepEqual(requests, [
    {
      createImage: {
        objectId: id(0),
        url: URL_OF_WIDE,
        elementProperties: { pageObjectId: 'slide-2', size: emu(100 * PT, 50 * PT), transform },
      },
    },
    { updatePageElementAltText: { objectId: id(0), title: '', description: 'A cat' } },
  ]);
  assert.deepEqual(owners, [0, 0]);
  assert.deepEqual([...objects], [[0, [{ objectId: id(0), page: 'slide-2', action: 'created' }]]]);
});

test('an image for a tag stands where its shape stood, under what was over it, and the shape goes last', () => {
  const deck = deckOf([
    image('below'),
    shape('logo', '{{logo}}\n', { ...HALF, translateX: 7 }),
    image('over'),
    group('higher', [image('a'), image('b')]),
  ]);
  const { requests, owners, objects } = plan(deck, [asked(tagged('logo'), 'stretch'), asked(onPage(1))]);
  assert.deepEqual(
    requests.map((request) => Object.keys(request)[0]),
    [
      ...['createImage', 'updatePageElementAltText', 'updatePageElementsZOrder'],
      ...['createImage', 'updatePageElementAltText'],
      'deleteObject',
    ],
  );
  assert.deepEqual(requests[0]?.createImage?.elementProperties, {
    pageObjectId: 'slide-1',
    size: emu(1_500_000, 750_000),
    transform: { scaleX: 1, scaleY: 1, shearX: 0, shearY: 0, translateX: 7, translateY: 0, unit: 'EMU' },
  });
  assert.deepEqual(requests[2], {
    updatePageElementsZOrder: { pageElementObjectIds: ['over', 'higher'], operation: 'BRING_TO_FRONT' },
  });
  assert.deepEqual(requests[5], { deleteObject: { objectId: 'logo' } });
  assert.deepEqual(owners, [0, 0, 0, 1, 1, 0]);
  assert.deepEqual(objects.get(0), [{ objectId: id(0), page: 'slide-1', action: 'created', insteadOf: 'logo' }]);
});

test('a shape that is on top already needs no request for the z-order', () => {
  const { requests } = plan(deckOf([image('below'), shape('logo', '{{logo}}', HALF)]), [asked(tagged('logo'))]);
  assert.deepEqual(
    requests.map((request) => Object.keys(request)[0]),
    ['createImage', 'updatePageElementAltText', 'deleteObject'],
  );
});

test('a shape within a group has its image right over the group, and a group that dissolves is named by no later request', () => {
  const pair = group('pair', [shape('first', '{{x}}', HALF), shape('second', '{{y}}', HALF)]);
  const deck = deckOf([pair, image('over'), shape('third', '{{x}}', HALF), image('top')]);
  const { requests, objects } = plan(deck, [asked(tagged('x')), asked(tagged('y'))]);
  assert.deepEqual(
    requests.slice(-3),
    ['first', 'third', 'second'].map((objectId) => ({ deleteObject: { objectId } })),
  );
  assert.deepEqual(
    objects.get(0)?.map(({ objectId, insteadOf }) => [objectId, insteadOf]),
    [
      [id(0, 0), 'first'],
      [id(0, 1), 'third'],
    ],
  );
  const [slide] = applied(deck, requests).slides ?? [];
  assert.deepEqual(
    slide?.pageElements?.map(({ objectId }) => objectId),
    [id(0, 0), id(1), 'over', id(0, 1), 'top'],
  );
});

test('each shape of a tag gets the rendition that is made for its proportions', () => {
  const square = shape('square', '{{x}}', { scaleX: 1, scaleY: 1 });
  const deck = deckOf([shape('wide', '{{x}}', HALF), square, shape('wide-too', '{{x}}', HALF)]);
  const { requests } = plan(deck, [asked(tagged('x'), 'cover')]);
  const wide = addressOf({ width: 20_000, height: 10_000 }).url;
  assert.deepEqual(
    requests.flatMap(({ createImage }) => createImage?.url ?? []),
    [wide, addressOf({ width: 10_000, height: 10_000 }).url, wide],
  );
});

test('a replaced image stays the same element, and its texts are said again', () => {
  const deck = deckOf([
    image('old', HALF, { title: 'key', description: 'An old one' }),
    image('bare', HALF, { title: 'bare' }),
  ]);
  const byId = (objectId: string) => ({ type: 'image', objectId, align: 'center' }) as const;
  const { requests, owners, objects } = plan(deck, [
    asked(byId('old'), 'contain', 'keep'),
    asked({ type: 'altText', key: 'bare', align: 'center' }, 'cover', { title: '', description: '' }),
  ]);
  const url = addressOf({ width: 20_000, height: 10_000 }).url;
  const replaced = (imageObjectId: string) => ({
    replaceImage: { imageObjectId, url, imageReplaceMethod: 'CENTER_CROP' },
  });
  assert.deepEqual(requests, [
    replaced('old'),
    { updatePageElementAltText: { objectId: 'old', title: 'key', description: 'An old one' } },
    replaced('bare'),
    { updatePageElementAltText: { objectId: 'bare', title: '', description: '' } },
  ]);
  assert.deepEqual(owners, [0, 0, 1, 1]);
  assert.deepEqual(
    [...objects.values()].flat(),
    ['old', 'bare'].map((objectId) => ({ objectId, page: 'slide-1', action: 'replaced' })),
  );
});

test('a replaced image that is described anew keeps the title by which it was found, unless it gets another one', () => {
  const deck = deckOf([image('old', HALF, { title: 'key', description: 'An old one' })]);
  const byKey = { type: 'altText', key: 'key', align: 'center' } as const;
  for (const [given, title] of [
    [{}, 'key'],
    [{ title: 'other' }, 'other'],
  ] as const) {
    const { requests } = plan(deck, [asked(byKey, 'cover', { description: 'A new one', ...given })]);
    assert.deepEqual(requests[1], {
      updatePageElementAltText: { objectId: 'old', title, description: 'A new one' },
    });
  }
});

test('a crop or another effect of a replaced image is told as lost, since Slides does not keep it', () => {
  const cropped = { image: { imageProperties: { cropProperties: { leftOffset: 0.2 } } } };
  const deck = deckOf([image('old', HALF, { title: 'key', ...cropped }), image('plain', HALF, { title: 'key' })]);
  const { objects } = plan(deck, [asked({ type: 'altText', key: 'key', align: 'center' }, 'contain', 'keep')]);
  const object = { page: 'slide-1', action: 'replaced' };
  assert.deepEqual(objects.get(0), [
    { ...object, objectId: 'old', effectsLost: true },
    { ...object, objectId: 'plain' },
  ]);
});

test('an image for a tag that is to keep the texts has those of the shape', () => {
  const deck = deckOf([{ ...shape('logo', '{{x}}', HALF), description: 'The logo' }]);
  const { requests } = plan(deck, [asked(tagged('x'), 'contain', 'keep')]);
  assert.deepEqual(requests[1], { updatePageElementAltText: { objectId: id(0), title: '', description: 'The logo' } });
});

test('where there is nothing to do there is no batch', () => {
  assert.deepEqual(planFor(deckOf([]), [], []), { plan: undefined, refused: new Map() });
  assert.deepEqual(planFor(deckOf([]), [asked(tagged('x'))], [WIDE]), { plan: undefined, refused: new Map() });
});

test('an image that has no place once its pixels are known is refused, the others are planned', () => {
  const outside = asked(onPage(1, { x: { emu: -150 * PT }, y: { emu: 0 }, h: { emu: 50 * PT } }));
  const images = [asked(onPage(1)), outside];
  const { plan: planned, refused } = planFor(deckOf([]), images, [WIDE, WIDE]);
  assert.deepEqual(
    [...refused],
    [
      [
        1,
        {
          code: 'place_impossible',
          detail: 'Its box of 100 x 50 pt at -150 x 0 pt is outside the page of 720 x 405 pt.',
        },
      ],
    ],
  );
  assert.deepEqual(planned?.owners, [0, 0]);
  assert.deepEqual([...(planned?.objects.keys() ?? [])], [0]);
  const wider = planFor(deckOf([]), images, [WIDE, { width: 400, height: 100 }]);
  assert.equal(wider.refused.size, 0);
  const alone = planFor(deckOf([]), [outside], [WIDE]);
  assert.equal(alone.plan, undefined);
  assert.equal(alone.refused.size, 1);
});
