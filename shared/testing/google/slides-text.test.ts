import assert from 'node:assert/strict';
import test from 'node:test';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { EMU_PAGE, startDeck } from './checking.ts';
import { gif } from './pictures.ts';
import { image, shape } from './slides-elements.ts';

guardAgainstLeaks();

const box = { x: 0, y: 0, width: 1_000_000, height: 500_000 };

test('a shape is filled with text that has styles, by their fields alone', async () => {
  await using deck = await startDeck();
  const textRange = { type: 'FIXED_RANGE', startIndex: 0, endIndex: 3 } as const;
  const style = { bold: true, italic: true, fontSize: { magnitude: 12, unit: 'PT' } };
  const { status } = await deck.batch([
    { createShape: { objectId: 'shape_1', shapeType: 'RECTANGLE', elementProperties: EMU_PAGE } },
    { insertText: { objectId: 'shape_1', text: 'one\ntwo', insertionIndex: 0 } },
    { updateTextStyle: { objectId: 'shape_1', style, fields: 'bold,fontSize', textRange } },
    { updateParagraphStyle: { objectId: 'shape_1', style: { alignment: 'CENTER' }, fields: 'alignment', textRange } },
    {
      updateShapeProperties: {
        objectId: 'shape_1',
        shapeProperties: { contentAlignment: 'MIDDLE' },
        fields: 'contentAlignment,outline',
      },
    },
  ]);
  assert.equal(status, 200);
  const bold = { bold: true, fontSize: { magnitude: 12, unit: 'PT' } };
  const { shape: made } = deck.slides.element(deck.id, 'shape_1') ?? {};
  assert.deepEqual(made?.text?.textElements, [
    { endIndex: 4, paragraphMarker: { style: { alignment: 'CENTER' } } },
    { endIndex: 3, textRun: { content: 'one', style: bold } },
    { startIndex: 3, endIndex: 4, textRun: { content: '\n', style: {} } },
    { startIndex: 4, endIndex: 8, paragraphMarker: { style: {} } },
    { startIndex: 4, endIndex: 8, textRun: { content: 'two\n', style: {} } },
  ]);
  assert.deepEqual(made?.shapeProperties, { contentAlignment: 'MIDDLE' });
});

test('updates that name no field, an unknown or a read-only one, or a range beyond the text are refused', async () => {
  await using deck = await startDeck({
    slides: [
      {
        elements: [
          shape({ objectId: 'shape_1', ...box, text: 'abc' }),
          image({ objectId: 'image_1', ...box, bytes: gif(2, 1) }),
        ],
      },
    ],
  });
  const textRange = { type: 'FIXED_RANGE', startIndex: 0, endIndex: 4 } as const;
  const styled = (fields: string, range: object = textRange, objectId = 'shape_1') =>
    deck.batch([
      { updateTextStyle: { objectId, style: { bold: true }, fields, textRange: { ...textRange, ...range } } },
    ]);
  const shaped = (fields: string) =>
    deck.batch([{ updateShapeProperties: { objectId: 'shape_1', shapeProperties: {}, fields } }]);
  assert.equal((await styled('bold')).status, 200);
  for (const fields of ['', 'bald', 'bold.x', 'style.bold']) assert.equal((await styled(fields)).status, 400, fields);
  for (const fields of ['shadow', 'shadow.alpha', 'autofit.fontScale'])
    assert.equal((await shaped(fields)).status, 400, fields);
  assert.equal((await shaped('*')).status, 200);
  for (const range of [{ endIndex: 5 }, { startIndex: 4 }, { startIndex: -1 }])
    assert.equal((await styled('bold', range)).status, 400, JSON.stringify(range));
  assert.equal((await styled('bold', {}, 'image_1')).status, 400, 'an image has no text');
  const insert = (insertionIndex: number) =>
    deck.batch([{ insertText: { objectId: 'shape_1', text: 'x', insertionIndex } }]);
  assert.equal((await insert(4)).status, 400, 'after the last line feed');
  assert.equal((await insert(3)).status, 200);
});
