import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GRANT_MS } from '#shared/slides/grants.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { wholeBody } from './whole-body.ts';

const pieces = fc
  .array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 })
  .filter((each) => each.some(({ length }) => length > 0));

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A blob's body out of these pieces, and what was done to it. */
function createBody(given: readonly Uint8Array[], granted: Uint8Array) {
  const clock = createFakeClock();
  const seen = { pulled: 0, cancelled: 0, broken: [] as unknown[] };
  const source = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = given[seen.pulled++];
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: () => void seen.cancelled++,
    },
    { highWaterMark: 0 },
  );
  const body = wholeBody(
    source,
    { size: granted.byteLength, sha256: hashOf(granted) },
    { clock, onBroken: (error) => void seen.broken.push(error) },
  );
  return { body, clock, seen };
}

/** What was handed on, and whether it looks whole. */
async function readAll(body: ReadableStream<Uint8Array>): Promise<{ bytes: Buffer; whole: boolean }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of body) parts.push(part);
    return { bytes: Buffer.concat(parts), whole: true };
  } catch {
    return { bytes: Buffer.concat(parts), whole: false };
  }
}

describe('the body of an image', () => {
  it('is all of its bytes in whatever pieces they come', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (given) => {
        const granted = Buffer.concat(given);
        const { body, seen, clock } = createBody(given, granted);
        assert.deepEqual(await readAll(body), { bytes: granted, whole: true });
        assert.deepEqual([seen.broken, clock.sleepers], [[], 0]);
      }),
    );
  });

  it('never looks whole with a byte changed or missing, and then its last piece at least is kept back', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), fc.boolean(), async (pieced, place, cut) => {
        const granted = Buffer.concat(pieced);
        const at = place % granted.byteLength;
        const came = Buffer.from(granted);
        came.writeUInt8(came.readUInt8(at) ^ 1, at);
        const { body, seen, clock } = createBody(
          [came.subarray(0, at), came.subarray(at, cut ? at : undefined)],
          granted,
        );
        const { bytes, whole } = await readAll(body);
        assert.ok(!whole && bytes.byteLength < granted.byteLength);
        assert.equal(clock.sleepers, 0);
        assert.equal(seen.broken.length, 1);
      }),
    );
  });

  it('is broken by a piece that goes beyond its size', async () => {
    const { body, seen } = createBody([Buffer.from('ab'), Buffer.from('cd')], Buffer.from('abc'));
    assert.deepEqual(await readAll(body), { bytes: Buffer.from('ab'), whole: false });
    assert.deepEqual([seen.broken.length, seen.cancelled], [1, 1]);
  });

  it('is read piece by piece as it is taken, and let go of where it is not', async () => {
    const given = Array.from({ length: 320 }, () => Buffer.alloc(64 * 1024, 'x'));
    const { body, seen, clock } = createBody(given, Buffer.concat(given));
    const reader = body.getReader();
    assert.equal(seen.pulled, 0);
    for (let taken = 1; taken <= 5; taken++) {
      await reader.read();
      await new Promise(setImmediate);
      assert.equal(seen.pulled, taken);
    }
    await reader.cancel();
    assert.deepEqual([seen.cancelled, seen.broken, clock.sleepers], [1, [], 0]);
  });

  it('is not called broken when its reader goes away while a piece is awaited', async () => {
    const clock = createFakeClock();
    const broken: unknown[] = [];
    const never = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const granted = { size: 1, sha256: hashOf(Buffer.from('x')) };
    const reader = wholeBody(never, granted, { clock, onBroken: (error) => void broken.push(error) }).getReader();
    const read = reader.read();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    await reader.cancel();
    assert.equal((await read).done, true);
    await new Promise(setImmediate);
    assert.deepEqual([broken, clock.sleepers], [[], 0]);
  });

  it('is let go of when nobody has taken all of it in time', async () => {
    const given = [Buffer.from('one'), Buffer.from('two')];
    const { body, seen, clock } = createBody(given, Buffer.concat(given));
    const reader = body.getReader();
    await reader.read();
    await clock.advance(GRANT_MS - 1);
    assert.equal(seen.cancelled, 0);
    await clock.advance(1);
    assert.deepEqual([seen.cancelled, seen.broken.length], [1, 1]);
    await assert.rejects(reader.read(), { message: 'the image broke off' });
  });
});
