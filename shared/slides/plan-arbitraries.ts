/** For property tests: decks and images of all kinds. */
import fc from 'fast-check';
import type { AffineTransform, PageElement, Presentation } from '../google/slides.ts';
import { ALIGNMENTS } from './asked.ts';
import type { Extent } from './geometry.ts';
import { deckOf, group, image, shape } from './plan-rig.ts';

export const TAGS = ['a', 'b', 'c'] as const;

export const anyFit = fc.constantFrom('contain', 'cover', 'stretch');
export const anyAlignment = fc.constantFrom(...ALIGNMENTS);
export const anyPixels: fc.Arbitrary<Extent> = fc.record({
  width: fc.integer({ min: 1, max: 20_000 }),
  height: fc.integer({ min: 1, max: 20_000 }),
});

const factor = fc.double({ min: 0.05, max: 3, noNaN: true });
const shift = fc.integer({ min: -9_000_000, max: 9_000_000 });

/** Turned, sheared, mirrored and scaled, but never to a line. */
export const anyTransform: fc.Arbitrary<AffineTransform> = fc
  .record({
    turn: fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }),
    shear: fc.double({ min: -1, max: 1, noNaN: true }),
    wide: factor,
    high: factor,
    mirrored: fc.boolean(),
    translateX: shift,
    translateY: shift,
  })
  .map(({ turn, shear, wide, high, mirrored, translateX, translateY }) => {
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const across = mirrored ? -wide : wide;
    return {
      scaleX: cos * across,
      shearY: sin * across,
      shearX: (cos * shear - sin) * high,
      scaleY: (sin * shear + cos) * high,
      translateX,
      translateY,
      unit: 'EMU',
    };
  });

/** Shapes with and without a tag, images, groups within groups. */
export const anyDeck: fc.Arbitrary<Presentation> = fc
  .array(fc.array(anyElement(2), { maxLength: 6 }), { minLength: 1, maxLength: 2 })
  .map((pages) => {
    let count = 0;
    const numbered = (element: PageElement): PageElement => ({
      ...element,
      objectId: `${element.objectId}-${count++}`,
      ...(element.elementGroup && { elementGroup: { children: element.elementGroup.children?.map(numbered) ?? [] } }),
    });
    return deckOf(...pages.map((elements) => elements.map(numbered)));
  });

function anyElement(depth: number): fc.Arbitrary<PageElement> {
  const text = fc.oneof(
    fc.constantFrom(...TAGS).map((tag) => `{{${tag}}}\n`),
    fc.constantFrom('', 'words', 'amid {{a}} words'),
  );
  const simple = [
    fc.tuple(text, anyTransform).map(([content, transform]) => shape('shape', content, transform)),
    fc
      .tuple(fc.constantFrom('logo', 'photo'), anyTransform)
      .map(([title, transform]) => image('image', transform, { title })),
  ];
  if (depth === 0) return fc.oneof(...simple);
  const children = fc.array(anyElement(depth - 1), { minLength: 2, maxLength: 3 });
  const grouped = fc.tuple(children, anyTransform).map(([inner, transform]) => group('group', inner, transform));
  return fc.oneof(...simple, grouped);
}
