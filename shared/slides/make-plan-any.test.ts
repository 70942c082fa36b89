import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PageElement, Presentation } from '../google/slides.ts';
import { readSchema } from '../testing/google/schema.ts';
import { SLIDES_ENUMS, SLIDES_INTEGERS } from '../testing/google/slides-enums.ts';
import type { ImageAsked, Target } from './asked.ts';
import { type DeckElement, elementsOf, readDeck } from './deck.ts';
import { findAims } from './find-aims.ts';
import { renderedSize } from './geometry.ts';
import { makePlan } from './make-plan.ts';
import { belongsTo } from './object-id.ts';
import type { Aim, Plan } from './plan.ts';
import { anyAlignment, anyDeck, anyFit, anyPixels, TAGS } from './plan-arbitraries.ts';
import { addressOf, allElements, applied, asked, onPage, planFor } from './plan-rig.ts';

const schema = readSchema('slides/v1', {
  package: 'google.apps.slides.v1',
  enums: SLIDES_ENUMS,
  integers: SLIDES_INTEGERS,
});

const anyTarget: fc.Arbitrary<Target> = fc.oneof(
  fc.integer({ min: 1, max: 2 }).map((page) => onPage(page)),
  fc.record({ type: fc.constant('tag'), tag: fc.constantFrom(...TAGS), align: anyAlignment }),
  fc.record({ type: fc.constant('altText'), key: fc.constantFrom('logo', 'photo'), align: anyAlignment }),
);
const anyImages = fc.array(
  fc.tuple(anyTarget, anyFit).map(([target, fit]) => asked(target, fit)),
  { maxLength: 6 },
);
const pixels = fc.array(anyPixels, { minLength: 6, maxLength: 6 });

/** Checks each plan that is made of any deck and any images. */
function forAnyPlan(
  check: (planned: { deck: Presentation; images: ImageAsked[]; plan: Plan; after: Presentation }) => void,
): void {
  fc.assert(
    fc.property(anyDeck, anyImages, pixels, (deck, images, sizes) => {
      const { plan } = planFor(deck, images, sizes);
      if (plan) check({ deck, images, plan, after: applied(deck, plan.requests) });
    }),
    { numRuns: 400 },
  );
}

const elementsById = (deck: Presentation) =>
  new Map(elementsOf(readDeck(deck)).map((element): [string, DeckElement] => [element.element.objectId, element]));

test('Slides takes any batch, and each of its requests belongs to an image', () => {
  forAnyPlan(({ images, plan: { requests, owners, objects }, after }) => {
    schema.check('BatchUpdatePresentationRequest', { requests });
    assert.equal(owners.length, requests.length);
    for (const [position, { createImage, deleteObject }] of requests.entries()) {
      const owner = owners[position] as number;
      assert.ok(images[owner]);
      if (createImage) assert.equal(belongsTo(createImage.objectId, 'job'), owner);
      if (deleteObject) assert.ok(objects.get(owner)?.some(({ insteadOf }) => insteadOf === deleteObject.objectId));
    }
    const there = elementsById(after);
    for (const [index, placed] of objects)
      for (const { objectId, page, insteadOf } of placed) {
        assert.equal(there.get(objectId)?.page, page);
        assert.equal(there.get(objectId)?.element.description, 'A cat', `image ${index}`);
        assert.ok(insteadOf === undefined || !there.has(insteadOf));
      }
    assert.equal(
      new Set([...objects.values()].flat().map(({ objectId }) => objectId)).size,
      [...objects.values()].flat().length,
    );
  });
});

test('the order of what was there stays as it was, with images right over what the shapes stood in', () => {
  forAnyPlan(({ deck, plan: { objects }, after }) => {
    const created = [...objects.values()].flat().filter(({ action }) => action === 'created');
    const instead = new Map(created.map(({ insteadOf, objectId }) => [insteadOf, objectId]));
    /** What is left of an element; a group that is left with one child is that child. */
    const left = (element: PageElement): string[] => {
      if (instead.has(element.objectId)) return [];
      const children = element.elementGroup?.children;
      if (!children) return [element.objectId];
      const inner = children.flatMap(left);
      return inner.length > 1 ? [element.objectId] : inner;
    };
    for (const [position, { objectId, pageElements = [] }] of (deck.slides ?? []).entries()) {
      const expected = [
        ...pageElements.flatMap((element) => [
          ...left(element),
          ...allElements([element]).flatMap((one) => instead.get(one.objectId) ?? []),
        ]),
        ...created.filter((one) => one.page === objectId && one.insteadOf === undefined).map((one) => one.objectId),
      ];
      const actual = after.slides?.[position]?.pageElements?.map((element) => element.objectId) ?? [];
      assert.deepEqual(actual, expected);
    }
  });
});

test('an image instead of a shape fills its box, or is as large as fits in it', () => {
  forAnyPlan(({ deck, images, plan: { objects }, after }) => {
    const before = elementsById(deck);
    const there = elementsById(after);
    for (const [index, placed] of objects)
      for (const { objectId, insteadOf } of placed) {
        const shape = insteadOf === undefined ? undefined : before.get(insteadOf);
        const image = there.get(objectId);
        if (!shape || !image) continue;
        const box = renderedSize(shape.frame);
        const shown = renderedSize(image.frame);
        // Slides centres an image within a size of other proportions, by less than what a size is rounded by and the more the thinner it is.
        const { size } = image.element;
        const thin = Math.min(size?.width?.magnitude ?? 0, size?.height?.magnitude ?? 0);
        const near = 2 + Math.max(box.width, box.height) / Math.max(1, thin);
        assert.ok(shown.width <= box.width + near && shown.height <= box.height + near);
        const fills = images[index]?.fit !== 'contain';
        const short = [box.width - shown.width, box.height - shown.height];
        assert.ok((fills ? Math.max(...short) : Math.min(...short)) <= near, `${short} ${near}`);
      }
  });
});

test('the same images give the same batch, in whatever order they became ready', () => {
  fc.assert(
    fc.property(anyDeck, anyImages, fc.infiniteStream(fc.nat()), (deck, images, ranks) => {
      const ready = [...findAims(deck, images).values()]
        .filter((aim): aim is Aim => 'spots' in aim)
        .map((aim) => ({
          aim,
          asked: images[aim.index] as ImageAsked,
          images: aim.renditions.map(() => addressOf({ width: 3, height: 2 })),
        }));
      const shuffled = ready.map((one) => ({ one, rank: ranks.next().value ?? 0 })).toSorted((a, b) => a.rank - b.rank);
      assert.deepEqual(
        makePlan(
          deck,
          'job',
          shuffled.map(({ one }) => one),
        ),
        makePlan(deck, 'job', ready),
      );
    }),
  );
});
