import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readPresentation } from './read-presentation.ts';
import type { PageElement } from './slides.ts';

const deck = (...pageElements: unknown[]) => ({
  presentationId: 'deck',
  slides: [{ objectId: 'slide', pageElements }],
});

/** Groups in groups, so many of them. */
function nested(levels: number): object {
  let element: object = { objectId: 'inmost' };
  for (let level = 1; level < levels; level++) element = { objectId: 'group', elementGroup: { children: [element] } };
  return element;
}

describe('a presentation', () => {
  it('is read with all that it says, known or not', () => {
    const told = {
      ...deck({ objectId: 'a', transform: { scaleX: 1.5, unit: 'EMU' }, video: { id: 'x' } }, nested(3)),
      pageSize: { width: { magnitude: 1, unit: 'PT' } },
      locale: 'en',
    };
    assert.deepEqual(readPresentation(told), told);
  });

  it('has no unit where Google has made up another one', () => {
    const read = readPresentation(deck({ objectId: 'a', size: { width: { magnitude: 1, unit: 'FURLONG' } } }));
    assert.equal(read?.slides?.[0]?.pageElements?.[0]?.size?.width?.unit, undefined);
  });

  it('is none where something is of another type than it has to be, however deep', () => {
    const within = (element: unknown) => deck({ objectId: 'g', elementGroup: { children: [element] } });
    for (const json of [
      undefined,
      null,
      [],
      'deck',
      {},
      { presentationId: 7 },
      { presentationId: 'deck', slides: {} },
      { presentationId: 'deck', slides: [{}] },
      deck({}),
      deck({ objectId: 7 }),
      deck({ objectId: 'a', transform: { scaleX: '1' } }),
      deck({ objectId: 'a', shape: { text: { textElements: [{ textRun: { content: 7 } }] } } }),
      within({}),
      within({ objectId: 'a', image: { contentUrl: {} } }),
    ])
      assert.equal(readPresentation(json), undefined, JSON.stringify(json));
  });

  it('has groups of 50 levels at most, so that nothing that walks through it is led too deep', () => {
    assert.ok(readPresentation(deck(nested(50))));
    assert.equal(readPresentation(deck(nested(51))), undefined);
    assert.equal(readPresentation(deck(nested(20_000))), undefined);
  });

  it('can be walked through whenever it is one', () => {
    const walk = ({ objectId, elementGroup }: PageElement): number =>
      objectId.length + (elementGroup?.children ?? []).reduce((sum, child) => sum + walk(child), 0);
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.jsonValue(), (element, other) => {
        for (const json of [
          element,
          deck(element),
          { ...deck(other), slides: [{ objectId: 's', pageElements: element }] },
        ])
          for (const slide of readPresentation(json)?.slides ?? []) slide.pageElements?.forEach(walk);
      }),
    );
  });
});
