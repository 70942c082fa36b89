import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConverter } from './convert.ts';
import { drawing, photo, svg } from './testing.ts';

const never = new AbortController().signal;

/** SVGs that are drawn when they are told to be. */
function slowly() {
  const begun: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const convert = createConverter(async (_, signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    begun.push(resolve);
    waiting.shift()?.();
    await promise;
    signal.throwIfAborted();
    return { png: await drawing().png().toBuffer(), width: 6, height: 4 };
  });
  const next = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { begun, next, convert: (bytes: Uint8Array) => convert(bytes, { type: 'none' }, { signal: never }) };
}

describe('while SVGs are drawn', () => {
  it('other pictures do not wait, however many SVGs do', async () => {
    const { begun, convert } = slowly();
    const drawn = Array.from({ length: 5 }, () => convert(svg('width="6" height="4"')));
    for (const file of [photo().png(), photo().webp(), photo().gif(), photo().jpeg()])
      assert.ok((await convert(await file.toBuffer())).bytes.length > 0);
    assert.equal(begun.length, 1);
    for (let at = 0; at < drawn.length; at++) {
      begun[at]?.();
      assert.equal((await drawn[at])?.source.type, 'image/svg+xml');
    }
  });

  it('one is drawn at a time, in the order in which they came', async () => {
    const { begun, next, convert } = slowly();
    const first = convert(svg('width="6" height="4"'));
    const second = convert(svg('width="6" height="4"'));
    await convert(await photo().png().toBuffer());
    assert.equal(begun.length, 1);
    const came = next();
    begun[0]?.();
    await came;
    begun[1]?.();
    await Promise.all([first, second]);
  });
});
