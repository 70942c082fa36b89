import assert from 'node:assert/strict';
import test from 'node:test';
import type { SlidesRequest } from '../../google/slides.ts';
import { createFakeClock } from '../fake-clock.ts';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { ask, startDeck } from './checking.ts';
import { png } from './pictures.ts';
import { image, shape } from './slides-elements.ts';

guardAgainstLeaks();

const box = { x: 0, y: 0, width: 1_000_000, height: 500_000 };
const remove = (objectId: string): SlidesRequest => ({ deleteObject: { objectId } });

test('a presentation is told without zeros and empty lists, and only as the mask says', async () => {
  const elements = [
    shape({ objectId: 'shape_1', ...box, text: 'a' }),
    image({ objectId: 'image_1', ...box, bytes: png(2, 1), title: 'T' }),
  ];
  await using deck = await startDeck({ slides: [{ elements, notes: '{{tag}}' }, {}] });
  const whole = await deck.get();
  assert.equal(whole.json.slides[0].slideProperties.notesPage.pageElements[0].objectId, 'slide_1_notes_text');
  assert.deepEqual(Object.keys(whole.json.slides[0].pageElements[0].transform), ['scaleX', 'scaleY', 'unit']);
  assert.equal('pageElements' in whole.json.slides[1], false);
  assert.equal('startIndex' in whole.json.slides[0].pageElements[0].shape.text.textElements[0], false);
  const some = await deck.get('?fields=slides(objectId,pageElements(objectId,title))');
  assert.deepEqual(some.json, {
    slides: [
      { objectId: 'slide_1', pageElements: [{ objectId: 'shape_1' }, { objectId: 'image_1', title: 'T' }] },
      { objectId: 'slide_2' },
    ],
  });
  const bad = await deck.get('?fields=slides.objectID');
  assert.equal(bad.status, 400);
  assert.match(JSON.stringify(bad.json), /Cannot find matching fields for path 'slides\.objectID'/);
  assert.equal((await deck.get('?revision=3')).status, 400);
});

test('content addresses differ at each look and serve the bytes for half an hour', async () => {
  const clock = createFakeClock();
  await using deck = await startDeck(
    {
      slides: [{ elements: [image({ objectId: 'image_1', ...box, bytes: png(2, 1) })] }],
    },
    { clock },
  );
  const look = async () => (await deck.get()).json.slides[0].pageElements[0].image.contentUrl as string;
  const [one, two] = [await look(), await look()];
  assert.notEqual(one, two);
  for (const address of [one, two]) {
    const response = await fetch(address);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), png(2, 1));
  }
  await clock.advance(30 * 60_000);
  assert.equal((await fetch(one)).status, 404);
});

test('who may not read is told 403, of an unknown deck 404, without a token 401; who may only read sees no revision', async () => {
  await using deck = await startDeck({
    sharedWith: ['writer@example.com', { account: 'reader@example.com', role: 'reader' }],
  });
  const as = (account: string, scopes = ['presentations']) => deck.google.issueToken({ account, scopes });
  const read = async (token?: string, id = deck.id) => ask(deck.google, 'GET', `/v1/presentations/${id}`, { token });
  const write = (token: string) =>
    ask(deck.google, 'POST', `/v1/presentations/${deck.id}:batchUpdate`, {
      token,
      json: { requests: [remove('slide_1')] },
    });
  assert.match((await read()).json.error.message, /missing required authentication credential/);
  assert.equal((await read('nonsense')).status, 401);
  assert.equal((await read(as('stranger@example.com'))).json.error.status, 'PERMISSION_DENIED');
  assert.equal((await read(as('writer@example.com'), 'nothing')).json.error.status, 'NOT_FOUND');
  assert.match(
    (await read(as('writer@example.com', ['devstorage.read_only']))).json.error.message,
    /insufficient authentication scopes/,
  );
  assert.equal(typeof (await read(as('writer@example.com'))).json.revisionId, 'string');
  const reader = await read(as('reader@example.com'));
  assert.deepEqual([reader.status, reader.json.revisionId], [200, undefined]);
  assert.equal((await write(as('reader@example.com'))).status, 403);
  assert.equal((await write(as('writer@example.com', ['presentations.readonly']))).status, 403);
  assert.equal((await write(as('writer@example.com', ['drive.file']))).status, 200);
});
