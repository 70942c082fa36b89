import assert from 'node:assert/strict';
import test from 'node:test';
import type { SlidesRequest } from '../../google/slides.ts';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { EMU_PAGE, startDeck } from './checking.ts';
import { png } from './pictures.ts';
import { group, image, shape } from './slides-elements.ts';

guardAgainstLeaks();

const box = { x: 0, y: 0, width: 1_000_000, height: 500_000 };
const remove = (objectId: string): SlidesRequest => ({ deleteObject: { objectId } });
const toBack = (...pageElementObjectIds: string[]): SlidesRequest => ({
  updatePageElementsZOrder: { pageElementObjectIds, operation: 'SEND_TO_BACK' },
});
const text = (objectId: string) => shape({ objectId, ...box, text: objectId });

test('a batch is applied whole, and each request has its reply', async () => {
  await using deck = await startDeck({ slides: [{ elements: [text('shape_1')] }] });
  const { status, json } = await deck.batch([
    { createShape: { objectId: 'shape_2', shapeType: 'TEXT_BOX', elementProperties: EMU_PAGE } },
    remove('shape_1'),
    { insertText: { objectId: 'shape_2', text: 'hello', insertionIndex: 0 } },
  ]);
  assert.equal(status, 200);
  assert.deepEqual(json.replies, [{ createShape: { objectId: 'shape_2' } }, {}, {}]);
  assert.deepEqual(deck.ids(), ['shape_2']);
  assert.equal(json.writeControl.requiredRevisionId, deck.slides.revisionOf(deck.id));
});

test('a batch with one bad request changes nothing and names it', async () => {
  await using deck = await startDeck({ slides: [{ elements: [text('shape_1')] }] });
  const before = deck.slides.revisionOf(deck.id);
  const { status, json } = await deck.batch([remove('shape_1'), remove('shape_x')]);
  assert.equal(status, 400);
  assert.equal(json.error.status, 'INVALID_ARGUMENT');
  assert.equal(json.error.message, 'Invalid requests[1].deleteObject: The object (shape_x) could not be found.');
  assert.deepEqual(deck.ids(), ['shape_1']);
  assert.equal(deck.slides.revisionOf(deck.id), before);
  assert.equal(deck.slides.batches.length, 0);
});

test('requests that are not of the schema are refused in the words of Google', async () => {
  await using deck = await startDeck();
  const refusals: [request: unknown, message: RegExp][] = [
    [{}, /^Invalid requests\[0\]: No request set\.$/],
    [
      { deleteObjekt: {} },
      /^Invalid JSON payload received\. Unknown name "deleteObjekt" at 'requests\[0\]': Cannot find field\.$/,
    ],
    [{ deleteObject: { objectID: 'a' } }, /Unknown name "objectID" at 'requests\[0\]\.delete_object'/],
    [
      { deleteObject: { objectId: 7 } },
      /^Invalid value at 'requests\[0\]\.delete_object\.object_id' \(TYPE_STRING\), 7$/,
    ],
    [
      { deleteObject: 'shape' },
      /Invalid value at 'requests\[0\]\.delete_object' \(type\.googleapis\.com\/google\.apps\.slides\.v1\.DeleteObjectRequest\)/,
    ],
    [{ insertText: { insertionIndex: 1.5 } }, /insertion_index' \(TYPE_INT32\), 1\.5/],
    [
      { createShape: { elementProperties: { size: { width: { magnitude: 1, unit: 'CM' } } } } },
      /width\.unit' \(type\.googleapis\.com\/google\.apps\.slides\.v1\.Dimension\.Unit\), "CM"/,
    ],
    [{ replaceImage: { imageReplaceMethod: 'IMAGE_REPLACE_METHOD_UNSPECIFIED' } }, /image_replace_method/],
    [
      { deleteObject: { objectId: 'a' }, insertText: {} },
      /oneof field 'kind' is already set\. Cannot set 'insertText'/,
    ],
  ];
  for (const [request, message] of refusals) {
    const { status, json } = await deck.batch([request as SlidesRequest]);
    assert.equal(status, 400, JSON.stringify(request));
    assert.match(json.error.message, message);
  }
  assert.equal((await deck.batch([])).status, 400);
  assert.deepEqual(deck.google.forbidden(), []);
  assert.equal((await deck.batch([{ createSlide: {} } as SlidesRequest])).status, 400);
  assert.deepEqual(deck.google.forbidden(), ['a request that the fake cannot do: createSlide']);
});

test('an object id is unique over pages, notes and elements, and of the documented form', async () => {
  await using deck = await startDeck({
    slides: [
      { elements: [group({ objectId: 'group_1', children: [text('child_1'), text('child_2')] })], notes: 'n' },
      { notes: [] },
    ],
  });
  const create = async (objectId: string) =>
    deck.batch([{ createShape: { objectId, shapeType: 'TEXT_BOX', elementProperties: EMU_PAGE } }]);
  // The notes of the second slide have an id before anybody has written them.
  for (const taken of ['slide_1', 'slide_1_notes', 'slide_1_notes_text', 'slide_2_notes_text', 'group_1', 'child_2']) {
    const { json } = await create(taken);
    assert.equal(
      json.error.message,
      `Invalid requests[0].createShape: The object ID (${taken}) should be unique among all pages and page elements in the presentation.`,
    );
  }
  for (const bad of ['four', '-five', 'with space', 'x'.repeat(51)]) assert.equal((await create(bad)).status, 400, bad);
  for (const good of ['five5', '_:-:_', 'x'.repeat(50)]) assert.equal((await create(good)).status, 200, good);
  assert.equal((await create('five5')).status, 400, 'what was made is taken as well');
});

test('elements are brought to the front and sent to the back together, in their order', async () => {
  const elements = ['aaaaa', 'bbbbb', 'ccccc', 'ddddd'].map(text);
  await using deck = await startDeck({
    slides: [
      { elements },
      { elements: [text('other'), group({ objectId: 'group', children: [text('child_1'), text('child_2')] })] },
    ],
  });
  const order = async (operation: string, ...pageElementObjectIds: string[]) => {
    const request = { updatePageElementsZOrder: { pageElementObjectIds, operation } };
    const { status } = await deck.batch([request as SlidesRequest]);
    return status === 200
      ? deck
          .ids('slide_1')
          .map(([letter]) => letter)
          .join('')
      : status;
  };
  assert.equal(await order('BRING_TO_FRONT', 'ccccc', 'aaaaa'), 'bdac');
  assert.equal(await order('SEND_TO_BACK', 'ddddd', 'ccccc'), 'dcba');
  assert.equal(await order('BRING_FORWARD', 'ddddd'), 'cdba');
  assert.equal(await order('SEND_BACKWARD', 'aaaaa'), 'cdab');
  assert.equal(await order('BRING_FORWARD', 'bbbbb'), 'cdab');
  assert.equal(await order('SEND_BACKWARD', 'ccccc'), 'cdab');
  assert.equal(await order('BRING_TO_FRONT', 'ccccc', 'other'), 400, 'of two pages');
  assert.equal(await order('BRING_TO_FRONT', 'child_1'), 400, 'in a group');
  assert.equal(await order('BRING_TO_FRONT', 'ccccc', 'ccccc'), 400, 'twice the same');
  assert.equal(await order('BRING_TO_FRONT'), 400, 'none');
  assert.equal(await order('UP', 'ccccc'), 400, 'no such operation');
});

test('a group that keeps one child dissolves: the child stays where it was seen, in the place of the group', async () => {
  const inner = group({
    objectId: 'inner_1',
    children: [shape({ objectId: 'child_1', ...box, degrees: 30 }), text('child_2')],
    transform: { scaleX: 2, scaleY: 2, translateX: 100_000, unit: 'EMU' },
  });
  const outer = group({
    objectId: 'outer_1',
    children: [inner, text('child_3')],
    transform: { scaleX: 0, shearX: -1, shearY: 1, translateY: 7, unit: 'EMU' },
  });
  await using deck = await startDeck({ slides: [{ elements: [text('below'), outer, text('above')] }] });
  const before = deck.seen('child_1');
  assert.equal((await deck.batch([remove('child_2')])).status, 200);
  assert.equal(deck.slides.element(deck.id, 'inner_1'), undefined);
  same(deck.seen('child_1'), before);
  assert.equal((await deck.batch([remove('child_3')])).status, 200);
  assert.deepEqual(deck.ids(), ['below', 'child_1', 'above']);
  same(deck.seen('child_1'), before);
});

test('a group goes with all that is in it', async () => {
  const children = [image({ objectId: 'image_1', ...box, bytes: png(2, 1) }), text('child_1')];
  await using deck = await startDeck({ slides: [{ elements: [group({ objectId: 'group_1', children })] }] });
  assert.equal((await deck.batch([remove('group_1')])).status, 200);
  assert.deepEqual(deck.ids(), []);
  assert.equal(deck.slides.imageBytes('image_1'), undefined);
  assert.equal((await deck.batch([remove('child_1')])).status, 400);
});

test('alt text is set by halves, and never on a group or in the notes', async () => {
  const elements = [
    shape({ objectId: 'shape_1', ...box, title: 'old' }),
    group({ objectId: 'group_1', children: [text('child_1'), text('child_2')] }),
  ];
  await using deck = await startDeck({ slides: [{ elements, notes: 'said' }] });
  const alt = (objectId: string, words: object) => deck.batch([{ updatePageElementAltText: { objectId, ...words } }]);
  assert.equal((await alt('shape_1', { description: 'new' })).status, 200);
  const { title, description } = deck.slides.element(deck.id, 'shape_1') ?? {};
  assert.deepEqual([title, description], ['old', 'new']);
  assert.equal((await alt('child_1', { title: 'x' })).status, 200);
  assert.equal((await alt('group_1', { title: 'x' })).status, 400);
  assert.match(
    (await alt('slide_1_notes_text', { title: 'x' })).json.error.message,
    /not allowed on notes page element/,
  );
});

test('a required revision that is not the latest is refused', async () => {
  await using deck = await startDeck({ slides: [{ elements: [text('shape_1'), text('shape_2')] }] });
  const first = deck.slides.revisionOf(deck.id);
  assert.equal((await deck.batch([toBack('shape_2')], { requiredRevisionId: first })).status, 200);
  const stale = await deck.batch([toBack('shape_1')], { requiredRevisionId: first });
  assert.equal(stale.status, 400);
  assert.match(stale.json.error.message, /does not match the latest revision/);
  deck.slides.touch(deck.id);
  assert.notEqual(deck.slides.revisionOf(deck.id), first);
  assert.deepEqual(deck.ids(), ['shape_2', 'shape_1']);
});

function same(actual: Record<string, number>, expected: Record<string, number>): void {
  for (const [name, value] of Object.entries(expected))
    assert.ok(Math.abs((actual[name] ?? Number.NaN) - value) < 1e-3, `${name}: ${actual[name]} for ${value}`);
}
