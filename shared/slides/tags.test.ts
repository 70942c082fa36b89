import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ImageFault } from '../images/fault.ts';
import { readDeck } from './deck.ts';
import { deckOf, group, image, shape, sized } from './plan-rig.ts';
import { createTagFinder } from './tags.ts';

const found = (text: string, tag = 'logo') =>
  createTagFinder(readDeck(deckOf([shape('shape', text)])))(tag).length === 1;

function assertNotFound(text: string, detail: string, tag = 'logo'): void {
  assert.throws(
    () => found(text, tag),
    (error) => error instanceof ImageFault && error.code === 'tag_not_found' && error.message === detail,
  );
}

test('a tag is the whole text of a shape, whatever runs it is cut into and whatever space is around it or within its braces', () => {
  for (const text of ['{{logo}}', '{{logo}}\n', ' \n{{logo}}\u000b\n', '{{ logo }}', '{{\tlogo\n}}'])
    assert.ok(found(text), text);
  assert.ok(found('{{ogo of A (b)*}}\n', 'ogo of A (b)*'));
  assert.ok(found('{{Ä 🍜}}', ' Ä 🍜 '));
});

test('a tag amid other text is said to be there, one that differs is not', () => {
  for (const text of ['Our {{logo}}', '{{logo}}.', '{{logo}}{{logo}}', '{{{logo}}}', '{{logo}}\n{{ other }}'])
    assertNotFound(text, 'On slide 1 {{logo}} stands amid other text; it must be the whole text of a shape.');
  for (const text of ['', 'logo', '{logo}', '{{Logo}}', '{{logos}}', '{{lo go}}', '{{logo}', '{ {logo}}'])
    assertNotFound(text, 'No shape on a slide has the text {{logo}}.');
  assertNotFound('{{logo}}', 'No shape on a slide has the text {{l.go}}.', 'l.go');
});

test('only shapes have tags, placeholders and those within groups too', () => {
  const placeholder = { ...shape('placeholder', '{{x}}') };
  placeholder.shape = { ...placeholder.shape, placeholder: { type: 'BODY' } };
  const deck = deckOf(
    [placeholder, image('image', undefined, { title: '{{x}}' }), sized('unknown')],
    [group('group', [shape('inside', '{{x}}\n'), shape('amid', 'an {{x}}')])],
  );
  const elements = createTagFinder(readDeck(deck))('x');
  assert.deepEqual(
    elements.map(({ element, page }) => [element.objectId, page]),
    [
      ['placeholder', 'slide-1'],
      ['inside', 'slide-2'],
    ],
  );
});

test('what Slides writes itself, such as the number of the slide, is other text', () => {
  const numbered = shape('shape', '{{x}}');
  numbered.shape?.text?.textElements?.push({ autoText: { content: '7' } });
  assert.throws(
    () => createTagFinder(readDeck(deckOf([], [numbered])))('x'),
    /On slide 2 \{\{x\}\} stands amid other text/,
  );
});

test('any tag is found by itself', () => {
  const tag = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '' && !/[{}]/.test(text));
  fc.assert(
    fc.property(tag, (name) => assert.ok(found(`{{${name}}}\n`, name))),
    { numRuns: 200 },
  );
});
