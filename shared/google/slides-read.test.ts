import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { openGoogle } from './index.ts';
import { ample, OWN, skipping, startRig, told } from './rig.ts';

guardAgainstLeaks();

const start = (options = {}) => startRig(process.env, options);
const DECK = /^\/v1\/presentations\//;
const wait = (...seconds: number[]) => seconds.map((second) => second * 1_000);

describe('reading a presentation', () => {
  it('answers its slides and their elements, without notes, and asks with the scope of Slides alone', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck({
      slides: [
        {
          objectId: 'first',
          elements: [{ objectId: 'shape_1', title: 'A', shape: { shapeType: 'RECTANGLE' } }],
          notes: 'hush',
        },
      ],
    });
    const found = await rig.own.slides.presentation(deck, ample);
    assert.equal(found.presentationId, deck);
    assert.deepEqual(
      found.slides?.map(({ objectId }) => objectId),
      ['first'],
    );
    assert.equal(found.slides?.[0]?.pageElements?.[0]?.title, 'A');
    assert.equal(found.pageSize?.width?.magnitude, 9_144_000);
    assert.equal(found.revisionId, rig.server.slides.revisionOf(deck));
    assert.doesNotMatch(JSON.stringify(found), /hush|notes/);
    const [call] = rig.server.requestsTo(DECK);
    assert.deepEqual(call?.scopes, ['https://www.googleapis.com/auth/presentations']);
    assert.equal(call?.account, rig.server.account);
    assert.deepEqual(rig.server.forbidden(), []);
  });

  it('is tried four times, with growing waits between', async () => {
    await using rig = await start({ random: 1 });
    const deck = rig.server.slides.addDeck();
    rig.server.fail({ kind: 'status', status: 503, path: DECK, times: 3 });
    const { result, waits } = await skipping(rig, rig.own.slides.presentation(deck, ample));
    assert.equal(result?.presentationId, deck);
    assert.deepEqual(waits, [500, 1_000, 2_000]);
    rig.server.fail({ kind: 'status', status: 503, path: DECK });
    const { error } = await skipping(rig, rig.own.slides.presentation(deck, ample));
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'unavailable');
    assert.equal(rig.server.requestsTo(DECK).length, 8);
  });

  for (const [header, waits] of [
    ['7', wait(7)],
    ['Thu, 01 Jan 2026 00:00:09 GMT', wait(9)],
  ] as const) {
    it(`waits as long as Retry-After says: ${header}`, async () => {
      await using rig = await start();
      const deck = rig.server.slides.addDeck();
      rig.server.fail({ kind: 'status', status: 429, path: DECK, times: 1, retryAfter: header });
      const found = await skipping(rig, rig.own.slides.presentation(deck, ample));
      assert.equal(found.result?.presentationId, deck);
      assert.deepEqual(found.waits, waits);
    });
  }

  it('does not wait for longer than a minute, and says how long it would be', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    rig.server.fail({ kind: 'status', status: 429, path: DECK, retryAfter: '61' });
    await assert.rejects(rig.own.slides.presentation(deck, ample), {
      code: 'too_many_requests',
      headers: { 'Retry-After': '61' },
    });
    assert.equal(rig.server.requestsTo(DECK).length, 1);
  });

  it('ends a wait when the time is up, with what was wrong', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    rig.server.fail({ kind: 'status', status: 429, path: DECK, retryAfter: '30' });
    const impatient = new AbortController();
    const read = rig.own.slides.presentation(deck, { signal: impatient.signal });
    while (!rig.log.lines.some(({ wait_ms: ms }) => ms === 30_000)) await new Promise(setImmediate);
    impatient.abort();
    await assert.rejects(read, { code: 'too_many_requests', headers: { 'Retry-After': '30' } });
    assert.equal(rig.clock.sleepers, 0);
  });

  it('is not tried again when the time is up', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    rig.server.fail({ kind: 'hang', path: DECK });
    const impatient = new AbortController();
    const read = assert.rejects(rig.own.slides.presentation(deck, { signal: impatient.signal }), {
      code: 'unavailable',
    });
    await rig.server.arrived(DECK);
    impatient.abort();
    await read;
    assert.deepEqual(rig.log.lines, []);
  });

  it('is asked for below the path that GOOGLE_APIS_ROOT_URL may have', async () => {
    await using rig = await start();
    const { clock, log } = rig;
    const config = loadConfig({ ...rig.server.env, GOOGLE_APIS_ROOT_URL: `${rig.server.url}/proxy/` });
    const { slides, drive } = openGoogle(config, { clock, log, ids: systemIds }).as(OWN);
    await assert.rejects(slides.presentation('1deck', ample));
    await assert.rejects(drive.file('1file', ample));
    const paths = rig.server.requestsTo(/1deck|1file/).map(({ path }) => path);
    assert.deepEqual(paths, ['/proxy/v1/presentations/1deck', '/proxy/drive/v3/files/1file']);
  });

  for (const kind of ['lose', 'cut', 'lost answer'] as const) {
    it(`is tried again after a fault of the kind "${kind}"`, async () => {
      await using rig = await start();
      const deck = rig.server.slides.addDeck();
      rig.server.fail({ kind, path: DECK, times: 2 });
      const { result } = await skipping(rig, rig.own.slides.presentation(deck, ample));
      assert.equal(result?.presentationId, deck);
      assert.equal(rig.server.requestsTo(DECK).length, 3);
    });
  }

  it('gives an attempt up after 20 seconds', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const heal = rig.server.fail({ kind: 'hang', path: DECK });
    const read = skipping(rig, rig.own.slides.presentation(deck, ample));
    await rig.server.arrived(DECK);
    heal();
    await rig.clock.advance(20_000);
    assert.equal((await read).result?.presentationId, deck);
  });

  for (const kind of ['garbage', 'half'] as const) {
    it(`is unavailable where the answer is no presentation: "${kind}"`, async () => {
      await using rig = await start();
      const deck = rig.server.slides.addDeck();
      rig.server.fail({ kind, path: DECK });
      await assert.rejects(rig.own.slides.presentation(deck, ample), { code: 'unavailable' });
    });
  }

  it('asks nothing for an id that could lead elsewhere', async () => {
    await using rig = await start();
    for (const id of [
      '',
      '.',
      '..',
      '../..',
      '../../drive/v3/files/x',
      'a/b',
      'a:batchUpdate',
      'a?b',
      'a%2fb',
      'ä',
      'a'.repeat(300),
    ]) {
      await assert.rejects(rig.own.slides.presentation(id, ample), { code: 'not_found' });
      await assert.rejects(rig.own.slides.batchUpdate(id, { requests: [] }, ample), { code: 'not_found' });
    }
    assert.equal(rig.server.requests.length, 0);
  });
});

describe('what Google does not let one read', () => {
  it('names the account that the deck is to be shared with', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck({ sharedWith: ['somebody@example.com'] });
    await assert.rejects(rig.own.slides.presentation(deck, ample), (error: AppError) => {
      assert.equal(error.code, 'google_forbidden');
      assert.ok(
        error.message.includes(rig.server.account) && /share it with that account as editor/.test(error.message),
      );
      return true;
    });
    await assert.rejects(rig.own.slides.presentation('1nothing', ample), { code: 'not_found' });
  });

  it('says that the API is to be enabled, or which scope is missing', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'SERVICE_DISABLED' }];
    const body = {
      error: { code: 403, message: 'Enable it at https://x.example/?project=1', status: 'PERMISSION_DENIED', details },
    };
    rig.server.fail({ kind: 'status', status: 403, body, path: DECK, times: 1 });
    await assert.rejects(rig.own.slides.presentation(deck, ample), {
      code: 'google_forbidden',
      message: /Google Slides API is not enabled/,
    });
    const token = rig.server.issueToken({ account: 'ann@example.com', scopes: ['drive.readonly.metadata'] });
    await assert.rejects(rig.google.as({ type: 'caller', token }).slides.presentation(deck, ample), {
      code: 'google_forbidden',
      message: /the caller lacks the scope https:\/\/www\.googleapis\.com\/auth\/presentations/,
    });
  });

  it("is google_unauthenticated for a caller's token that has ended, which is not asked with again", async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const token = rig.server.issueToken({ account: 'ann@example.com', scopes: ['presentations'] });
    rig.server.tokens.revoke();
    await assert.rejects(rig.google.as({ type: 'caller', token }).slides.presentation(deck, ample), {
      code: 'google_unauthenticated',
    });
    assert.equal(rig.server.requestsTo(DECK).length, 1);
  });

  it('gets a new token where its own was taken back', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    await rig.own.slides.presentation(deck, ample);
    rig.server.tokens.revoke();
    assert.equal((await rig.own.slides.presentation(deck, ample)).presentationId, deck);
    assert.equal(rig.server.requestsTo(DECK).length, 3);
  });

  it('tells no token, whatever goes wrong', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck();
    const token = rig.server.issueToken({ account: 'ann@example.com', scopes: ['presentations'] });
    const errors: unknown[] = [];
    for (const identity of [OWN, { type: 'caller', token }, { type: 'caller', token: `${token}\r\nx: y` }] as const)
      for (const fault of [
        { kind: 'status', status: 500 },
        { kind: 'status', status: 400, message: `Bad token ${token}` },
        { kind: 'status', status: 403, message: `Bearer ${token}` },
        { kind: 'lose' },
        { kind: 'garbage' },
      ] as const) {
        const heal = rig.server.fail({ ...fault, path: DECK });
        const slides = rig.google.as(identity).slides;
        errors.push((await skipping(rig, slides.presentation(deck, ample))).error);
        const { result, error } = await skipping(rig, slides.batchUpdate(deck, { requests: [] }, ample));
        errors.push(error ?? result);
        heal();
      }
    assert.equal(errors.length, 30);
    const all = [...errors, ...rig.log.lines].map(told).join('\n');
    for (const issued of rig.server.tokens.issued()) assert.ok(!all.includes(issued));
    assert.doesNotMatch(all, /Bearer|ya29/);
  });
});
