import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { MOST_SERVED_BYTES } from './image.ts';
import { convert, film, photo, pixels } from './testing.ts';

/** Like a chart without transparency: corners of strong colours, and fine lines. */
async function chart(width: number, height: number) {
  const bytes = Buffer.alloc(width * height * 3, 255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (x % 17 === 0 || (x + y) % 31 === 0 || (x > width / 2 && y < height / 2))
        bytes.set([x % 17 ? 31 : 214, 119, y % 3 ? 180 : 40], (y * width + x) * 3);
  return sharp(bytes, { raw: { width, height, channels: 3 } });
}

describe('a picture that was kept without losses', () => {
  it('stays exactly as it is, whatever it was kept in', async () => {
    const picture = await chart(300, 200);
    const exact = await pixels(await picture.clone().png().toBuffer());
    for (const [name, file] of Object.entries({
      webp: picture.clone().webp({ lossless: true }),
      'webp with a profile': picture.clone().withIccProfile('srgb').webp({ lossless: true }),
      'tiff, plain': picture.clone().tiff({ compression: 'none' }),
      'tiff, lzw': picture.clone().tiff({ compression: 'lzw' }),
      'tiff, deflate': picture.clone().tiff({ compression: 'deflate', bigtiff: true }),
      'tiff, packbits': picture.clone().tiff({ compression: 'packbits', tile: true }),
      avif: picture.clone().avif({ lossless: true }),
    })) {
      const image = await convert(await file.toBuffer());
      assert.deepEqual([image.type, image.changes], ['image/png', ['converted']], name);
      assert.ok((await pixels(image.bytes)).equals(exact), name);
    }
  });

  it('does so with many pixels too', async () => {
    const picture = await chart(4_200, 2_800);
    const bytes = await picture.webp({ lossless: true, effort: 0 }).toBuffer();
    const image = await convert(bytes);
    assert.equal(image.type, 'image/png');
    assert.ok((await pixels(image.bytes)).equals(await pixels(bytes)));
  });

  it('does so as the first frame of a film', async () => {
    for (const lossless of [true, false]) {
      const bytes = await (await film(3, 60, 40)).webp({ lossless }).toBuffer();
      const image = await convert(bytes);
      assert.equal(image.type, lossless ? 'image/png' : 'image/jpeg');
      if (lossless) assert.ok((await pixels(image.bytes)).equals(await pixels(bytes)));
    }
  });

  it('is a JPEG where it weighs too much to be served', async () => {
    const bytes = await photo(2_900, 2_600).webp({ lossless: true, effort: 0 }).toBuffer();
    const image = await convert(bytes);
    assert.deepEqual([image.type, image.width, image.changes], ['image/jpeg', 2_900, ['converted']]);
    assert.ok(image.bytes.length <= MOST_SERVED_BYTES);
  });
});

describe('a picture that was kept with losses', () => {
  it('becomes a JPEG, however little was lost', async () => {
    for (const file of [
      photo().webp({ quality: 100 }),
      photo().avif({ quality: 100, chromaSubsampling: '4:4:4' }),
      photo().tiff({ compression: 'jpeg' }),
      photo().tiff({ compression: 'jpeg', bigtiff: true }),
    ])
      assert.equal((await convert(await file.toBuffer())).type, 'image/jpeg');
  });

  it('is told by its colours as AVIF', async () => {
    const bytes = await photo().avif({ lossless: true }).toBuffer();
    assert.equal((await convert(bytes)).type, 'image/png');
    // The matrix of BT.709.
    bytes.writeUInt16BE(1, bytes.indexOf('colrnclx') + 12);
    assert.equal((await convert(bytes)).type, 'image/jpeg');
  });
});
