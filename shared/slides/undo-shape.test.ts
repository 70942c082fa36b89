import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PageElement, Shape } from '../google/slides.ts';
import { shape } from '../testing/google/slides-elements.ts';
import { doneJob, seenOf } from './undo-rig.ts';
import { shapeAgain } from './undo-shape.ts';
import { atTag } from './work-rig.ts';

const RED = { opaqueColor: { rgbColor: { red: 1 } } };
const STYLE = {
  bold: true,
  italic: false,
  foregroundColor: RED,
  fontSize: { magnitude: 18, unit: 'PT' },
  baselineOffset: 'SUPERSCRIPT',
};
const BOX = { x: 1_000_000, y: 500_000, width: 2_000_000, height: 1_000_000 };

/** `{{` in one style and `logo}}` in another, centred. */
const TEXT = {
  textElements: [
    { endIndex: 9, paragraphMarker: { style: { alignment: 'CENTER' } } },
    { endIndex: 2, textRun: { content: '{{', style: STYLE } },
    {
      startIndex: 2,
      endIndex: 9,
      textRun: { content: 'logo}}\n', style: { link: { url: 'https://example.com/' }, underline: true } },
    },
  ],
};

function tagged(change: Partial<Shape>, more: Partial<PageElement> = {}): PageElement {
  const element = shape({ objectId: 'logo_shape', ...BOX, text: '{{logo}}' });
  return { ...element, ...more, shape: { ...element.shape, ...change } };
}

const requestsOf = (change: Partial<Shape>, more?: Partial<PageElement>) =>
  shapeAgain('page_1', tagged(change, more))?.requests ?? [];

describe('a shape that comes back', () => {
  it('has its words, their styles, their alignment and its alternative text again', async () => {
    const words = { title: 'a title', description: 'what it is' };
    const job = await doneJob({ slides: [{ objectId: 'slide_one', elements: [tagged({ text: TEXT }, words)] }] }, [
      atTag('logo', 1),
    ]);
    await job.undo();
    const textOf = (deck: typeof job.before) => {
      const [element] = seenOf(deck)[0]?.elements ?? [];
      const text = element && 'text' in element ? element.text : [];
      // What the line break at the end looks like, nobody sees.
      const runs = text?.flatMap(({ textRun }) =>
        textRun?.content?.trim() ? [[textRun.content.trim(), textRun.style]] : [],
      );
      return {
        words: element?.words,
        runs,
        paragraphs: text?.flatMap(({ paragraphMarker }) => paragraphMarker?.style ?? []),
      };
    };
    const after = textOf(await job.look());
    assert.deepEqual(after.runs, textOf(job.before).runs);
    assert.deepEqual(after.words, ['a title', 'what it is']);
    assert.equal((after.paragraphs as { alignment?: string }[])[0]?.alignment, 'CENTER');
  });

  it('is asked for with what can be written alone', () => {
    const style = {
      fontFamily: 'Arial',
      weightedFontFamily: { fontFamily: 'Arial', weight: 700 },
      link: { pageObjectId: 'p2' },
      unknown: 1,
    };
    const text = { textElements: [{ endIndex: 9, textRun: { content: '{{logo}}\n', style } }] };
    const styled = requestsOf({ text }).flatMap(({ updateTextStyle }) => updateTextStyle ?? []);
    assert.deepEqual(styled, [
      {
        objectId: 'logo_shape',
        fields: 'weightedFontFamily',
        style: { weightedFontFamily: { fontFamily: 'Arial', weight: 700 } },
        textRange: { type: 'FIXED_RANGE', startIndex: 0, endIndex: 8 },
      },
    ]);
    const shapeProperties = {
      shadow: { type: 'OUTER' },
      shapeBackgroundFill: { propertyState: 'INHERIT', solidFill: {} },
      outline: { dashStyle: 'DASH_STYLE_UNSPECIFIED', weight: { magnitude: 1, unit: 'EMU' } },
      contentAlignment: 'CONTENT_ALIGNMENT_UNSUPPORTED',
    };
    const looks = requestsOf({ shapeProperties }).flatMap(({ updateShapeProperties }) => updateShapeProperties ?? []);
    assert.deepEqual(looks, [
      {
        objectId: 'logo_shape',
        fields: 'outline.weight,outline.propertyState',
        shapeProperties: { outline: { weight: { magnitude: 1, unit: 'EMU' }, propertyState: 'RENDERED' } },
      },
    ]);
  });

  it('asks for nothing where there is nothing to say', () => {
    assert.deepEqual(
      requestsOf({ text: {}, shapeProperties: { contentAlignment: 'CONTENT_ALIGNMENT_UNSPECIFIED' } }).map((request) =>
        Object.keys(request),
      ),
      [['createShape']],
    );
    assert.equal(shapeAgain('page_1', { objectId: 'no_size', shape: {} }), undefined);
  });
});
