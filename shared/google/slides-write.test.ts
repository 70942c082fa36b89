import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { png } from '../testing/google/pictures.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { ample, skipping, startRig } from './rig.ts';
import type { SlidesRequest } from './slides.ts';

guardAgainstLeaks();

const start = (options = {}) => startRig(process.env, options);
const BATCH = /:batchUpdate$/;
const size = { width: { magnitude: 100, unit: 'EMU' }, height: { magnitude: 100, unit: 'EMU' } } as const;

const shape = (objectId: string, page = 'slide_1'): SlidesRequest => ({
  createShape: {
    objectId,
    shapeType: 'RECTANGLE',
    elementProperties: {
      pageObjectId: page,
      size,
      transform: { scaleX: 1, scaleY: 1, shearX: 0, shearY: 0, translateX: 0, translateY: 0, unit: 'EMU' },
    },
  },
});

describe('a batch', () => {
  it('is one write with the scope of Slides, and tells the new revision', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const outcome = await rig.own.slides.batchUpdate(deck, { requests: [shape('shape_a'), shape('shape_b')] }, ample);
    assert.deepEqual(outcome, { outcome: 'applied', revisionId: rig.server.slides.revisionOf(deck) });
    assert.deepEqual(rig.server.slides.elementIds(deck), ['shape_a', 'shape_b']);
    const calls = rig.server.requestsTo(BATCH);
    assert.equal(calls.length, 1);
    assert.deepEqual(calls[0]?.scopes, ['https://www.googleapis.com/auth/presentations']);
    assert.deepEqual(rig.server.forbidden(), []);
  });

  it('is refused with the request that is at fault, and changes nothing', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const requests = [shape('shape_a'), shape('shape_b', 'no_such_slide')];
    const outcome = await rig.own.slides.batchUpdate(deck, { requests }, ample);
    assert.ok(outcome.outcome === 'refused');
    assert.equal(outcome.index, 1);
    assert.match(outcome.message, /^Invalid requests\[1\]/);
    assert.deepEqual(rig.server.slides.elementIds(deck), []);
  });

  it('names no request that was not in it, and shows no address', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const message = 'Invalid requests[1].createImage: no luck at https://h.example/slides-images/abc';
    rig.server.fail({ kind: 'status', status: 400, message, path: BATCH });
    assert.deepEqual(await rig.own.slides.batchUpdate(deck, { requests: [shape('shape_a')] }, ample), {
      outcome: 'refused',
      message: 'Invalid requests[1].createImage: no luck at ...',
    });
  });

  it('finds the deck at another revision than was required', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const requiredRevisionId = rig.server.slides.revisionOf(deck);
    rig.server.slides.touch(deck);
    const batch = { requests: [shape('shape_a')], requiredRevisionId };
    assert.deepEqual(await rig.own.slides.batchUpdate(deck, batch, ample), { outcome: 'other-revision' });
    assert.deepEqual(rig.server.slides.elementIds(deck), []);
    rig.server.fail({ kind: 'status', status: 400, message: 'A revision of sorts.', path: BATCH });
    const { outcome } = await rig.own.slides.batchUpdate(deck, { requests: [] }, ample);
    assert.equal(outcome, 'refused');
  });

  for (const fault of [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 409 },
    { kind: 'status', status: 302 },
    { kind: 'late status', status: 502 },
    { kind: 'lose' },
    { kind: 'lost answer' },
    { kind: 'cut' },
    { kind: 'half' },
    { kind: 'garbage' },
    { kind: 'endless' },
  ] as const) {
    it(`may or may not have been applied after ${JSON.stringify(fault)}, and is not sent again`, async () => {
      await using rig = await start();
      const deck = rig.server.slides.addDeck();
      rig.server.fail({ ...fault, path: BATCH });
      const { outcome } = await rig.own.slides.batchUpdate(deck, { requests: [shape('shape_a')] }, ample);
      assert.equal(outcome, 'unknown');
      assert.equal(rig.server.requestsTo(BATCH).length, 1);
    });
  }

  it('has a second more for each image that Google has to fetch', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    rig.server.fail({ kind: 'hang', path: BATCH });
    const replaceImage = {
      imageObjectId: 'image',
      url: 'https://h.example/i.png',
      imageReplaceMethod: 'CENTER_CROP',
    } as const;
    const requests = [{ replaceImage }, shape('shape_a'), { replaceImage }];
    const slow = rig.own.slides.batchUpdate(deck, { requests }, ample);
    await rig.server.arrived(BATCH);
    await rig.clock.advance(62_000);
    assert.deepEqual(await slow, {
      outcome: 'unknown',
      reason: 'The Google Slides API has not answered within 62 seconds',
    });
  });

  it('is given up after a minute, and when the time is up, without a word on its outcome', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    rig.server.fail({ kind: 'late hang', path: BATCH });
    const slow = rig.own.slides.batchUpdate(deck, { requests: [shape('shape_a')] }, ample);
    await rig.server.arrived(BATCH);
    await rig.clock.advance(60_000);
    assert.deepEqual(await slow, {
      outcome: 'unknown',
      reason: 'The Google Slides API has not answered within 60 seconds',
    });
    const impatient = new AbortController();
    const cut = rig.own.slides.batchUpdate(deck, { requests: [shape('shape_b')] }, { signal: impatient.signal });
    await rig.server.arrived(BATCH, 2);
    impatient.abort();
    assert.equal((await cut).outcome, 'unknown');
    assert.deepEqual(rig.server.slides.elementIds(deck), ['shape_a', 'shape_b']);
  });

  for (const [status, body] of [
    [429, undefined],
    [403, { error: { code: 403, message: 'Slow down.', errors: [{ reason: 'rateLimitExceeded' }] } }],
  ] as const) {
    it(`waits and is sent again after ${status} where a rate is the reason`, async () => {
      await using rig = await start();
      const deck = rig.server.slides.addDeck();
      const fault = { kind: 'status', status, path: BATCH, times: 2, retryAfter: '11', ...(body && { body }) } as const;
      rig.server.fail(fault);
      const batch = { requests: [shape('shape_a')] };
      const { result, waits } = await skipping(rig, rig.own.slides.batchUpdate(deck, batch, ample));
      assert.equal(result?.outcome, 'applied');
      assert.deepEqual(waits, [11_000, 11_000]);
    });
  }

  it('backs off where nothing says for how long, and throws where it would be too long', async () => {
    await using rig = await start({ random: 1 });
    const deck = rig.server.slides.addDeck();
    const body = { error: { code: 429, message: 'Slow down.', status: 'RESOURCE_EXHAUSTED' } };
    rig.server.fail({ kind: 'status', status: 429, body, path: BATCH, times: 6 });
    const batch = { requests: [shape('shape_a')] };
    const { result, waits } = await skipping(rig, rig.own.slides.batchUpdate(deck, batch, ample));
    assert.equal(result?.outcome, 'applied');
    assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 32_000, 32_000]);
    rig.server.fail({ kind: 'status', status: 429, path: BATCH, retryAfter: '90' });
    await assert.rejects(rig.own.slides.batchUpdate(deck, batch, ample), {
      code: 'too_many_requests',
      headers: { 'Retry-After': '90' },
    });
  });

  it('says how long it would have had to wait where the time is up before', async () => {
    await using rig = await start({ random: 1 });
    const deck = rig.server.slides.addDeck();
    const body = { error: { code: 429, message: 'Slow down.', status: 'RESOURCE_EXHAUSTED' } };
    rig.server.fail({ kind: 'status', status: 429, body, path: BATCH });
    const impatient = new AbortController();
    const cut = assert.rejects(rig.own.slides.batchUpdate(deck, { requests: [] }, { signal: impatient.signal }), {
      code: 'too_many_requests',
      headers: { 'Retry-After': '2' },
    });
    while (!rig.log.lines.some(({ wait_ms: ms }) => ms === 2_000)) await new Promise(setImmediate);
    impatient.abort();
    await cut;
  });

  it('is the sixtieth of a minute at most: the next waits, and throws where it cannot', async () => {
    await using rig = await start({ fake: { writesPerMinute: 60 } });
    const deck = rig.server.slides.addDeck();
    const write = (nth: number, signal = ample.signal) =>
      rig.own.slides.batchUpdate(deck, { requests: [shape(`shape_${nth}`)] }, { signal });
    await Promise.all(Array.from({ length: 60 }, (_, nth) => write(nth)));
    const impatient = new AbortController();
    const cut = assert.rejects(write(60, impatient.signal), {
      code: 'too_many_requests',
      headers: { 'Retry-After': '60' },
    });
    const next = write(61);
    while (rig.clock.sleepers === 0) await new Promise(setImmediate);
    impatient.abort();
    await cut;
    assert.equal(rig.server.requestsTo(BATCH).length, 60);
    while (rig.clock.sleepers === 0) await new Promise(setImmediate);
    await rig.clock.advance(60_000);
    assert.equal((await next).outcome, 'applied');
    assert.equal(rig.server.requestsTo(BATCH).length, 61);
  });

  it('throws where the account may not write, where there is no deck, and where Google cannot be reached', async () => {
    await using rig = await start();
    const { account } = rig.server;
    const deck = rig.server.slides.addDeck({ sharedWith: [{ account, role: 'reader' }] });
    const batch = { requests: [shape('shape_a')] };
    await assert.rejects(rig.own.slides.batchUpdate(deck, batch, ample), { code: 'google_forbidden' });
    await assert.rejects(rig.own.slides.batchUpdate('1nothing', batch, ample), { code: 'not_found' });
    await rig.server[Symbol.asyncDispose]();
    await assert.rejects(rig.own.slides.batchUpdate(deck, batch, ample), { code: 'unavailable' });
  });
});

describe("an image's content", () => {
  const withImage = async () => {
    const rig = await start();
    const bytes = png(4, 4);
    const elements = [{ objectId: 'image_1', image: {}, size, bytes }];
    const deck = rig.server.slides.addDeck({ slides: [{ objectId: 'slide_1', elements }] });
    const { slides } = await rig.own.slides.presentation(deck, ample);
    const url = slides?.[0]?.pageElements?.[0]?.image?.contentUrl ?? '';
    return { rig, bytes, url, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
  };

  it('is fetched without a token', async () => {
    await using made = await withImage();
    const bytes = await made.rig.own.slides.content(made.url, 10_000, ample);
    assert.deepEqual(Buffer.from(bytes), made.bytes);
    const [call] = made.rig.server.requestsTo(/^\/slides-content\//);
    assert.deepEqual([call?.account, call?.headers['authorization']], [undefined, undefined]);
  });

  it('is too large beyond what may be read, and not there after its half hour', async () => {
    await using made = await withImage();
    const { content } = made.rig.own.slides;
    await assert.rejects(content(made.url, made.bytes.length - 1, ample), { code: 'too_large' });
    await made.rig.clock.advance(31 * 60_000);
    await assert.rejects(content(made.url, 10_000, ample), { code: 'not_found' });
  });
});
