import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { prune, readMask } from './field-mask.ts';
import { readSchema } from './schema.ts';

const slides = readSchema('slides/v1');
const deck = {
  presentationId: 'id',
  revisionId: 'r',
  slides: [
    { objectId: 'a', pageElements: [{ objectId: 'b', size: { width: { magnitude: 1 }, height: { magnitude: 2 } } }] },
    { objectId: 'c' },
  ],
};
const pruned = (fields: string) => prune(deck, readMask(fields, slides, 'Presentation'));

test('a mask keeps what it lists, however it is written', () => {
  const some = { presentationId: 'id', slides: [{ pageElements: [{ size: { width: { magnitude: 1 } } }] }, {}] };
  for (const fields of [
    'presentationId,slides.pageElements.size.width',
    'slides/pageElements/size/width,presentationId',
    'slides(pageElements(size(width))),presentationId',
    'slides(pageElements.size(width/magnitude)),presentationId',
  ])
    assert.deepEqual(pruned(fields), some, fields);
  assert.deepEqual(pruned('*'), deck);
  assert.deepEqual(pruned('slides(objectId),slides.objectId'), { slides: [{ objectId: 'a' }, { objectId: 'c' }] });
});

test('the whole of a field wins over a part of it', () => {
  const whole = { slides: deck.slides };
  assert.deepEqual(pruned('slides,slides.objectId'), whole);
  assert.deepEqual(pruned('slides.objectId,slides'), whole);
});

test('a mask that cannot be read or names what is not there is refused', () => {
  for (const fields of [
    '',
    ',',
    'slides(',
    'slides()',
    'slides(objectId',
    'slides)',
    'slides.',
    'slide',
    'slides.size',
    'presentationId.x',
    'a b',
    '*.objectId',
  ])
    assert.throws(() => pruned(fields), { code: 400 }, fields);
});

test('any text is a mask or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'*,.()/', 'slides', 'objectId', 'pageElements') }), (fields) => {
      try {
        pruned(fields);
      } catch (error) {
        assert.equal((error as { code?: number }).code, 400);
      }
    }),
  );
});
