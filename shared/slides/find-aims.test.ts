import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Presentation } from '../google/slides.ts';
import type { Shaping } from '../images/image.ts';
import { ALIGNMENTS, type Fit, type ImageAsked, type Placement, type Target } from './asked.ts';
import { findAims } from './find-aims.ts';
import type { Aim } from './plan.ts';
import { asked, deckOf, group, image, onPage, PT, shape, sized, tagged } from './plan-rig.ts';

const WIDE = { scaleX: 1, scaleY: 0.5 };
const NONE: Shaping = { type: 'none' };
const byId = (objectId: string): Target => ({ type: 'image', objectId, align: 'center' });
const byKey = (key: string): Target => ({ type: 'altText', key, align: 'center' });

function aimsOf(deck: Presentation, targets: readonly Target[], fit?: Fit) {
  return [
    ...findAims(
      deck,
      targets.map((target) => asked(target, fit)),
    ).values(),
  ];
}

function aim(deck: Presentation, target: Target, fit?: Fit): Aim {
  const [found] = aimsOf(deck, [target], fit);
  assert.ok(found && 'spots' in found, JSON.stringify(found));
  return found;
}

/** `code detail` of those that are refused. */
function refusals(deck: Presentation, targets: readonly Target[]): (string | undefined)[] {
  return aimsOf(deck, targets).map((found) => ('code' in found ? `${found.code} ${found.detail}` : undefined));
}

const shapings = ({ renditions }: Aim) => renditions.map(({ shaping }) => shaping);
const near = (shaping: Shaping | undefined, type: string, ratio: number) =>
  assert.ok(shaping && shaping.type !== 'none' && shaping.type === type && Math.abs(shaping.ratio - ratio) < 1e-9);

test('a slide is named by its object id or its number, and one that is missing with how many there are', () => {
  const deck = deckOf([], [], []);
  assert.deepEqual(
    [1, 3, 'slide-2'].map((page) => aim(deck, onPage(page)).spots.map((spot) => spot.page)),
    [['slide-1'], ['slide-3'], ['slide-2']],
  );
  assert.deepEqual(refusals(deck, [onPage(4), onPage('p'), onPage(1)]), [
    'page_not_found There is no slide number 4; the presentation has 3.',
    'page_not_found There is no slide with the object id p; the presentation has 3.',
    undefined,
  ]);
});

test('on a page pixels are cut only to cover a box whose sides are both known', () => {
  const deck = deckOf([]);
  const w = { emu: 300 * PT };
  const h = { emu: 100 * PT };
  const page = (over: Partial<Placement>, fit: Fit) => shapings(aim(deck, onPage(1, over), fit));
  near(page({ w, h }, 'cover')[0], 'crop', 3);
  near(page({}, 'cover')[0], 'crop', 16 / 9);
  for (const over of [{ w, h }, {}])
    for (const fit of ['contain', 'stretch'] as const) assert.deepEqual(page(over, fit), [NONE]);
  for (const fit of ['contain', 'cover', 'stretch'] as const)
    assert.deepEqual([...page({ w }, fit), ...page({ h }, fit)], [NONE, NONE]);
});

test('a place outside the page is refused at once where the pixels cannot change it', () => {
  const outside = onPage(1, { x: { emu: 9_144_000 }, w: { emu: 1 }, h: { emu: 1 } });
  assert.match(refusals(deckOf([]), [outside])[0] ?? '', /^place_impossible Its box of 0 x 0 pt at 720 x /);
});

test('all shapes with the tag are aimed at, those with the same proportions with one rendition', () => {
  const turned = { scaleX: 0, scaleY: 0, shearX: -0.25, shearY: 0.5 };
  const deck = deckOf(
    [shape('one', '{{x}}', WIDE), shape('two', '{{x}}', turned), shape('square', '{{x}}', { scaleX: -3, scaleY: 3 })],
    [group('group', [shape('three', '{{x}}', { scaleX: 1, scaleY: 1.0005 })], WIDE)],
  );
  const covered = aim(deck, tagged('x', 'top'), 'cover');
  assert.equal(covered.renditions.length, 2);
  near(covered.renditions[0]?.shaping, 'crop', 2);
  near(covered.renditions[1]?.shaping, 'crop', 1);
  assert.deepEqual(
    covered.spots.map(
      (spot) => spot.kind === 'shape' && [spot.page, spot.element.objectId, spot.rendition, spot.align],
    ),
    [
      ['slide-1', 'one', 0, 'top'],
      ['slide-1', 'two', 0, 'top'],
      ['slide-1', 'square', 1, 'top'],
      ['slide-2', 'three', 0, 'top'],
    ],
  );
  for (const fit of ['contain', 'stretch'] as const) assert.deepEqual(shapings(aim(deck, tagged('x'), fit)), [NONE]);
});

test('an image that is replaced keeps its box, so the pixels are made to fit it', () => {
  const deck = deckOf([image('old', WIDE)]);
  near(aim(deck, byId('old'), 'contain').renditions[0]?.shaping, 'pad', 2);
  near(aim(deck, byId('old'), 'cover').renditions[0]?.shaping, 'crop', 2);
  near(aim(deck, byId('old'), 'stretch').renditions[0]?.shaping, 'stretch', 2);
});

test('an image that is replaced by all of another one shows it where it is to be aligned', () => {
  const deck = deckOf([image('old', WIDE)]);
  const at = ALIGNMENTS.map((align) => {
    const [rendition] = aim(deck, { type: 'image', objectId: 'old', align }, 'contain').renditions;
    return rendition?.shaping.type === 'pad' ? rendition.shaping.at : undefined;
  });
  const [above, below] = [
    ['left top', 'top', 'right top'],
    ['left bottom', 'bottom', 'right bottom'],
  ];
  assert.deepEqual(at, [...(above ?? []), 'left', 'center', 'right', ...(below ?? [])]);
});

test('an image is found by its object id, and what is no image is said to be what it is', () => {
  const deck = deckOf([
    shape('text', ''),
    sized('line'),
    group('group', [image('inside', WIDE), shape('other', '')], WIDE),
  ]);
  const [spot] = aim(deck, byId('inside')).spots;
  assert.ok(spot?.kind === 'image');
  assert.deepEqual(
    [spot.page, spot.element.objectId, spot.element.transform?.scaleY, spot.effects],
    ['slide-1', 'inside', 0.25, false],
  );
  assert.deepEqual(refusals(deck, [byId('none'), byId('text'), byId('group'), byId('line')]), [
    'element_not_found No slide has an element with the object id none.',
    'element_not_found The element text is no image but a shape.',
    'element_not_found The element group is no image but a group.',
    'element_not_found The element line is no image but something else.',
  ]);
});

test('all images are found whose title or description is the key, and nothing else that has it', () => {
  const deck = deckOf(
    [
      image('title', WIDE, { title: 'key' }),
      image('description', WIDE, { description: 'key' }),
      sized('line', WIDE, { title: 'key' }),
    ],
    [
      image('both', { scaleX: 1, scaleY: 2 }, { title: 'key', description: 'key' }),
      image('near', WIDE, { title: 'Key', description: 'key 2' }),
    ],
  );
  const { spots, renditions } = aim(deck, byKey('key'));
  assert.deepEqual(
    spots.map((spot) => spot.kind === 'image' && [spot.element.objectId, spot.rendition]),
    [
      ['title', 0],
      ['description', 0],
      ['both', 1],
    ],
  );
  assert.equal(renditions.length, 2);
  assert.deepEqual(refusals(deck, [byKey('none'), byKey('')]), [
    'element_not_found No image on a slide has the title or description none.',
    'element_not_found No image on a slide has the title or description .',
  ]);
});

test('an image without words is replaced by one that has some, or is said to be decorative', () => {
  const deck = deckOf([
    image('mute', WIDE, { title: ' ', description: '' }),
    image('titled', WIDE, { title: 'key' }),
    image('told', WIDE, { description: 'A cat' }),
  ]);
  const codes = (altText: ImageAsked['altText'], ...targets: Target[]) =>
    [
      ...findAims(
        deck,
        targets.map((target) => asked(target, 'contain', altText)),
      ).values(),
    ].map((found) => ('code' in found ? `${found.code} ${found.detail}` : undefined));
  assert.deepEqual(codes('keep', byId('titled'), byId('told')), [undefined, undefined]);
  assert.deepEqual(codes('keep', byKey('key')), [undefined]);
  assert.deepEqual(codes('keep', byId('mute')), [
    'alt_text_missing The image mute has neither a title nor a description to keep: give altText, or decorative: true.',
  ]);
  assert.deepEqual(codes({ description: 'A dog' }, byId('mute')), [undefined]);
  assert.deepEqual(codes({ title: '', description: '' }, byId('mute')), [undefined]);
});

test('the looks that an image loses when it is replaced are noticed', () => {
  const effects = (imageProperties: Record<string, unknown>) => {
    const [spot] = aim(deckOf([image('old', WIDE, { image: { imageProperties } })]), byId('old')).spots;
    return spot?.kind === 'image' && spot.effects;
  };
  const plain = {
    cropProperties: {},
    shadow: { propertyState: 'NOT_RENDERED' },
    brightness: 0,
    outline: { propertyState: 'RENDERED' },
  };
  assert.equal(effects(plain), false);
  for (const one of [
    { cropProperties: { leftOffset: 0.1 } },
    { transparency: 0.5 },
    { brightness: -1 },
    { contrast: 1 },
    { recolor: {} },
    { shadow: { propertyState: 'RENDERED' } },
  ])
    assert.equal(effects({ ...plain, ...one }), true, JSON.stringify(one));
});

test('of two images that take the place of the same element the later one is refused', () => {
  const deck = deckOf([
    shape('shape', '{{x}}', WIDE),
    image('one', WIDE, { title: 'key' }),
    image('two', WIDE, { title: 'key' }),
  ]);
  assert.deepEqual(refusals(deck, [tagged('x'), tagged('x'), byId('two'), byKey('key'), byId('one'), tagged('y')]), [
    undefined,
    'place_impossible Image 0 takes the place of the element shape already.',
    undefined,
    'place_impossible Image 2 takes the place of the element two already.',
    undefined,
    'tag_not_found No shape on a slide has the text {{y}}.',
  ]);
});

test('nothing is put where nothing would be seen', () => {
  const flat = { scaleX: 1, scaleY: 1, shearX: 1, shearY: 1 };
  const deck = deckOf([shape('line', '{{x}}', flat), image('thin', { scaleX: 1 }), shape('none', '{{y}}', {})]);
  const huge = deckOf([shape('huge', '{{x}}', { scaleX: 1e200, scaleY: 1e200 })]);
  assert.deepEqual(
    refusals(deck, [tagged('x'), byId('thin'), tagged('y')]),
    ['line', 'thin', 'none'].map((name) => `place_impossible The element ${name} has no area on its slide.`),
  );
  assert.deepEqual(refusals(huge, [tagged('x')]), ['place_impossible The element huge has no area on its slide.']);
});

test('the images of a slide take the cells of its grid in order, but none that another image names', () => {
  const deck = deckOf([], []);
  const grid = { columns: 2, rows: 2, gap: { emu: 0 } };
  const cell = (page: string | number, named?: number, columns = 2) =>
    onPage(page, { grid: { ...grid, columns, ...(named !== undefined && { cell: named }) } });
  const targets = [
    cell(1),
    cell('slide-1'),
    cell(2),
    onPage(1),
    cell('slide-1', 1),
    cell(1, undefined, 3),
    cell(9),
    cell(1),
    cell(1),
    cell(1, 4),
  ];
  const cells = aimsOf(deck, targets).map((found) => {
    if ('code' in found) return found.code;
    const [spot] = found.spots;
    assert.ok(spot?.kind === 'page');
    return [spot.room.area.x / PT, spot.room.area.y / PT];
  });
  const all = [0, 0];
  assert.deepEqual(cells, [
    [0, 0],
    [0, 202.5],
    all,
    all,
    [360, 0],
    [0, 0],
    'page_not_found',
    [360, 202.5],
    'place_impossible',
    'place_impossible',
  ]);
});

test('each image has its aim or its error under its own index', () => {
  const images: ImageAsked[] = [asked(onPage(9)), asked(onPage(1)), asked(tagged('x'))];
  const aims = findAims(deckOf([]), images);
  assert.deepEqual([...aims.keys()], [0, 1, 2]);
  assert.deepEqual(
    [...aims.values()].map((found) => ('code' in found ? found.code : found.index)),
    ['page_not_found', 1, 'tag_not_found'],
  );
  assert.equal(findAims(deckOf([]), []).size, 0);
});
