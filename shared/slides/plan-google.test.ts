import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Presentation } from '../google/slides.ts';
import { png } from '../testing/google/pictures.ts';
import { group, image, shape } from '../testing/google/slides-elements.ts';
import { type FakeGoogle, startFakeGoogle } from '../testing/google/start.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { ImageAsked } from './asked.ts';
import { findAims } from './find-aims.ts';
import type { Extent } from './geometry.ts';
import { makePlan } from './make-plan.ts';
import { objectIdFor } from './object-id.ts';
import type { Aim, Plan } from './plan.ts';
import { asked, onPage, PT, tagged } from './plan-rig.ts';

guardAgainstLeaks();

const WIDE = { width: 160, height: 90 };
const id = (index: number, occurrence = 0) => objectIdFor('job', index, occurrence);
const box = (x: number, y: number, width: number, height: number) => ({
  x: x * PT,
  y: y * PT,
  width: width * PT,
  height: height * PT,
});

/** Serves a PNG of the size that its path says. */
async function servePictures() {
  const server = createServer((request, response) => {
    const [width = 1, height = 1] = (request.url ?? '').slice(1).split('x').map(Number);
    response.setHeader('content-type', 'image/png').end(png(width, height));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

async function ask<T>(google: FakeGoogle, path: string, body?: object): Promise<T> {
  const token = google.issueToken({
    account: google.account,
    scopes: ['https://www.googleapis.com/auth/presentations'],
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${google.url}/v1/presentations/${path}`, {
    headers: { ...headers, connection: 'close' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as T;
}

/** Pixels as they come out of a shaping of WIDE, up to a whole pixel. */
function shaped({ renditions }: Aim, pictures: string): (Extent & { url: string })[] {
  return renditions.map(({ shaping }) => {
    const { width, height } = shaping.type === 'none' ? WIDE : { width: Math.round(240 * shaping.ratio), height: 240 };
    return { width, height, url: `${pictures}/${width}x${height}` };
  });
}

test('what is planned is what Slides makes of it: boxes, turns and the order', async () => {
  await using google = await startFakeGoogle();
  await using pictures = await servePictures();
  const deckId = google.slides.addDeck({
    slides: [
      {
        elements: [
          shape({ objectId: 'below', ...box(0, 0, 720, 405), text: 'words' }),
          shape({ objectId: 'turned', ...box(100, 50, 200, 150), degrees: 30, text: '{{turned}}' }),
          group({
            objectId: 'group',
            transform: { scaleX: 0.5, scaleY: 0.5, translateX: 20 * PT, translateY: 30 * PT, unit: 'EMU' },
            children: [
              shape({ objectId: 'first', ...box(0, 0, 120, 80), text: '{{pair}}' }),
              shape({ objectId: 'second', ...box(200, 0, 80, 120), degrees: -90, text: '{{pair}}' }),
            ],
          }),
          image({ objectId: 'photo', ...box(400, 200, 90, 60), degrees: 10, title: 'key', bytes: png(30, 20) }),
          shape({ objectId: 'above', ...box(10, 10, 20, 20) }),
        ],
        notes: 'Say {{turned}}',
      },
      {},
    ],
  });
  const seen = (objectId: string) => google.slides.seen(deckId, objectId);
  const before = new Map(['turned', 'first', 'second', 'photo'].map((name) => [name, seen(name)]));
  const images: ImageAsked[] = [
    asked(tagged('turned'), 'contain'),
    asked(tagged('pair'), 'cover'),
    asked({ type: 'altText', key: 'key', align: 'center' }, 'contain', 'keep'),
    asked(onPage('slide_1', { x: { emu: 600 * PT }, y: { emu: 300 * PT }, w: { emu: 80 * PT } })),
    asked(onPage(2), 'stretch'),
  ];
  const deck = await ask<Presentation>(google, deckId);
  const aims = [...findAims(deck, images).values()].filter((aim): aim is Aim => 'spots' in aim);
  const ready = aims.map((aim) => ({ aim, asked: images[aim.index] as ImageAsked, images: shaped(aim, pictures.url) }));
  const { requests } = makePlan(deck, 'job', ready).plan as Plan;
  await ask(google, `${deckId}:batchUpdate`, { requests });

  assert.deepEqual(google.slides.elementIds(deckId, 'slide_1'), [
    'below',
    id(0),
    id(1, 0),
    id(1, 1),
    'photo',
    'above',
    id(3),
  ]);
  assert.deepEqual(google.slides.elementIds(deckId, 'slide_2'), [id(4)]);
  const assertSeen = (objectId: string, expected: Record<string, number> | undefined) => {
    assert.ok(expected);
    const actual = seen(objectId);
    for (const [name, value] of Object.entries(expected))
      assert.ok(
        Math.abs(actual[name as keyof typeof actual] - value) < 3,
        `${objectId} ${JSON.stringify([actual, expected])}`,
      );
  };
  const { centerX = 0, centerY = 0 } = before.get('turned') ?? {};
  assertSeen(id(0), { centerX, centerY, width: 200 * PT, height: 112.5 * PT, degrees: 30 });
  assertSeen(id(1, 1), { ...before.get('second'), degrees: -90 });
  assertSeen(id(1, 0), before.get('first'));
  assertSeen('photo', before.get('photo'));
  assertSeen(id(3), { x: 600 * PT, y: 300 * PT, width: 80 * PT, height: 45 * PT, degrees: 0 });
  assertSeen(id(4), { x: 0, y: 0, width: 720 * PT, height: 405 * PT });
  assert.equal(google.slides.element(deckId, 'photo')?.title, 'key');
  assert.equal(google.slides.element(deckId, id(0))?.description, 'A cat');
  assert.deepEqual(google.forbidden(), []);
});
