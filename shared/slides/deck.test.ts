import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PageElement } from '../google/slides.ts';
import { above, elementsOf, findDeckImages, findSlide, readDeck } from './deck.ts';
import { compose, IDENTITY, readTransform, type Transform } from './geometry.ts';
import { anyDeck } from './plan-arbitraries.ts';
import { allElements, deckOf, group, image, PT, shape } from './plan-rig.ts';

const SCALED = { scaleX: 0.5, scaleY: 0.25 };

test("a group's child is where its own transform, and then those of its groups, put it", () => {
  const inner = group('inner', [image('child', { ...SCALED, translateX: 10, unit: 'PT' })], {
    scaleX: 2,
    scaleY: 4,
    translateY: 3,
  });
  const deck = readDeck(
    deckOf([group('outer', [inner, shape('other', '')], { shearX: -1, shearY: 1, translateX: 100 })]),
  );
  const [outer, nested, child, other] = elementsOf(deck);
  assert.deepEqual(
    [outer, nested, child, other].map((one) => [one?.element.objectId, one?.ancestor, one?.page]),
    ['outer', 'inner', 'child', 'other'].map((objectId) => [objectId, 'outer', 'slide-1']),
  );
  assert.deepEqual(child?.frame, {
    ...{ width: 3_000_000, height: 3_000_000 },
    transform: { a: 0, b: 1, c: -1, d: 0, e: 97, f: 20 * PT },
  });
  assert.deepEqual(child?.element.transform, {
    ...{ scaleX: 0, scaleY: 0, shearX: -1, shearY: 1 },
    ...{ translateX: 97, translateY: 20 * PT, unit: 'EMU' },
  });
});

test('in any deck an element is where the product of its own matrix and those of its groups puts it', () => {
  fc.assert(
    fc.property(anyDeck, (presentation) => {
      const expected = new Map<string, Transform>();
      const walk = (elements: readonly PageElement[], chain: Transform[]) => {
        for (const { objectId, transform, elementGroup } of elements) {
          const longer = [...chain, readTransform(transform)];
          // From the innermost on, other than by the order of reading.
          expected.set(
            objectId,
            longer.reduceRight((inner, outer) => compose(outer, inner), IDENTITY),
          );
          walk(elementGroup?.children ?? [], longer);
        }
      };
      for (const { pageElements = [] } of presentation.slides ?? []) walk(pageElements, []);
      const found = elementsOf(readDeck(presentation));
      assert.equal(found.length, expected.size);
      for (const { element, frame } of found)
        for (const [name, value] of Object.entries(expected.get(element.objectId) ?? {}))
          assert.ok(Math.abs(frame.transform[name as keyof Transform] - value) < 1e-3);
    }),
  );
});

test('images are found wherever they are on slides, and what lies over an element by its outermost group', () => {
  const deck = deckOf(
    [
      shape('low', ''),
      group('middle', [group('inside', [image('one'), image('two')]), shape('text', '')]),
      image('high'),
      shape('top', ''),
    ],
    [image('elsewhere')],
  );
  assert.deepEqual(
    findDeckImages(deck).map(({ element, page }) => [element.objectId, page]),
    [
      ['one', 'slide-1'],
      ['two', 'slide-1'],
      ['high', 'slide-1'],
      ['elsewhere', 'slide-2'],
    ],
  );
  const [slide] = readDeck(deck).slides;
  assert.ok(slide);
  assert.deepEqual(above(slide, 'low'), ['middle', 'high', 'top']);
  assert.deepEqual(above(slide, 'two'), ['high', 'top']);
  assert.deepEqual(above(slide, 'top'), []);
  assert.deepEqual(above(slide, 'elsewhere'), []);
});

test('a slide is found by its object id or its number from 1', () => {
  const deck = readDeck(deckOf([], []));
  assert.equal(findSlide(deck, 1)?.objectId, 'slide-1');
  assert.equal(findSlide(deck, 'slide-2')?.objectId, 'slide-2');
  for (const page of [0, 3, -1, 1.5, '1', 'slide-3']) assert.equal(findSlide(deck, page), undefined);
});

test('a presentation may have no slides, a slide no elements, and the elements all that is in the deck', () => {
  assert.deepEqual(readDeck({ presentationId: 'deck' }), { page: { width: 0, height: 0 }, slides: [] });
  assert.deepEqual(readDeck({ presentationId: 'deck', slides: [{ objectId: 'p' }] }).slides, [
    { objectId: 'p', elements: [], order: [] },
  ]);
  fc.assert(
    fc.property(anyDeck, (deck) => {
      const all = deck.slides?.flatMap((slide) => allElements(slide.pageElements)) ?? [];
      assert.deepEqual(
        elementsOf(readDeck(deck)).map(({ element }) => element.objectId),
        all.map(({ objectId }) => objectId),
      );
    }),
  );
});
