import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readImageHeader } from './image-header.ts';
import { gif, png } from './pictures.ts';

/** A JPEG up to its frame header: application data that looks like one, fill bytes, a Huffman table, the frame. */
function jpeg(width: number, height: number, frame = 0xc0): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height, 0);
  size.writeUInt16BE(width, 2);
  const application = Buffer.from([0xff, 0xe1, 0, 11, 0xff, 0xc0, 0, 17, 8, 0, 1, 0, 1]);
  const table = Buffer.from([0xff, 0xff, 0xff, 0xc4, 0, 4, 1, 2]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    application,
    table,
    Buffer.from([0xff, frame, 0, 17, 8]),
    size,
    Buffer.alloc(12),
  ]);
}

test('the size is that of the pixels, of each format', () => {
  const side = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      assert.deepEqual(readImageHeader(gif(width, height)), { type: 'image/gif', width, height });
      assert.deepEqual(readImageHeader(jpeg(width, height)), { type: 'image/jpeg', width, height });
    }),
  );
  assert.deepEqual(readImageHeader(png(7, 3)), { type: 'image/png', width: 7, height: 3 });
  assert.deepEqual(readImageHeader(jpeg(7, 3, 0xc2)), { type: 'image/jpeg', width: 7, height: 3 });
});

test('what is cut off before its size, empty of pixels or something else is no image', () => {
  for (const whole of [png(7, 3), gif(7, 3), jpeg(7, 3)]) {
    assert.equal(readImageHeader(whole.subarray(0, 9)), undefined);
    assert.equal(readImageHeader(whole.subarray(1)), undefined);
  }
  assert.equal(readImageHeader(gif(0, 3)), undefined);
  assert.equal(readImageHeader(jpeg(7, 3, 0xda)), undefined);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void readImageHeader(bytes)));
});
