import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { MOST_PIXELS, MOST_SERVED_BYTES } from './image.ts';
import { colourAt, convert, drawing, EXIF, film, photo, pixels, svg } from './testing.ts';

guardAgainstLeaks();

describe('an image that Slides takes as it is', () => {
  it('comes back byte for byte', async () => {
    const files = [
      await photo().png().toBuffer(),
      await drawing().png({ palette: true }).toBuffer(),
      await photo().jpeg().toBuffer(),
      await photo().jpeg({ progressive: true }).toBuffer(),
      await photo().grayscale().jpeg().toBuffer(),
      await photo().withIccProfile('srgb').jpeg().toBuffer(),
      await (await film()).gif().toBuffer(),
    ];
    for (const bytes of files) {
      const image = await convert(bytes);
      assert.equal(image.bytes, bytes);
      assert.deepEqual(image.changes, []);
      assert.deepEqual(image.source, {
        type: image.type,
        width: image.width,
        height: image.height,
        bytes: bytes.length,
      });
    }
  });

  it('loses its metadata without a second loss of quality', async () => {
    for (const [type, file] of [
      ['image/png', photo().withExif(EXIF).png()],
      ['image/jpeg', photo().withExif(EXIF).withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>').jpeg()],
    ] as const) {
      const bytes = await file.toBuffer();
      const image = await convert(bytes);
      assert.equal(image.type, type);
      assert.deepEqual(image.changes, ['metadata_removed']);
      assert.ok(!Buffer.from(image.bytes).includes('Somebody'));
      const { exif, xmp } = await sharp(image.bytes).metadata();
      assert.deepEqual([exif, xmp], [undefined, undefined]);
      assert.deepEqual(await pixels(image.bytes), await pixels(bytes));
    }
  });
});

describe('an image that Slides does not take', () => {
  it('stands upright, without its position', async () => {
    const bytes = await drawing(60, 40, '#00f')
      .flatten()
      .withMetadata({ orientation: 6 })
      .withExifMerge(EXIF)
      .jpeg()
      .toBuffer();
    const image = await convert(bytes);
    assert.deepEqual(image.changes, ['rotated', 'metadata_removed']);
    assert.deepEqual([image.type, image.width, image.height], ['image/jpeg', 40, 60]);
    assert.deepEqual(image.source, { type: 'image/jpeg', width: 40, height: 60, bytes: bytes.length });
    const [red = 0, , blue = 255] = await colourAt(image.bytes, 20, 5);
    assert.ok(red > 240 && blue < 15, 'what was left is above');
    const { exif, orientation } = await sharp(image.bytes).metadata();
    assert.deepEqual([exif, orientation], [undefined, undefined]);
  });

  it('becomes PNG where nothing may be lost, else JPEG', async () => {
    for (const [file, type] of [
      [photo().webp(), 'image/jpeg'],
      [photo().webp({ lossless: true }), 'image/png'],
      [drawing().webp(), 'image/png'],
      [photo().avif(), 'image/jpeg'],
      [drawing().avif(), 'image/png'],
      [photo().tiff({ compression: 'lzw' }), 'image/png'],
    ] as const) {
      const bytes = await file.toBuffer();
      const image = await convert(bytes);
      assert.equal(image.type, type);
      assert.deepEqual(image.changes, ['converted']);
      assert.equal((await sharp(image.bytes).metadata()).mediaType, type);
    }
  });

  it('keeps its transparency', async () => {
    const image = await convert(await drawing().webp({ lossless: true }).toBuffer());
    assert.deepEqual(await colourAt(image.bytes, 5, 5), [255, 0, 0, 255]);
    assert.equal((await colourAt(image.bytes, 55, 5))[3], 0);
  });

  it('is in sRGB with 8 bits afterwards, and tells so', async () => {
    for (const file of [
      photo().toColourspace('cmyk').jpeg(),
      photo().toColourspace('rgb16').png(),
      photo().withIccProfile('p3').jpeg(),
      photo().withIccProfile('p3').png(),
    ]) {
      const image = await convert(await file.toBuffer());
      assert.deepEqual(image.changes, ['colours_converted']);
      const { space, depth, icc } = await sharp(image.bytes).metadata();
      assert.deepEqual([space, depth, icc], ['srgb', 'uchar', undefined]);
    }
    const wide = await convert(await photo().avif({ bitdepth: 10 }).toBuffer());
    assert.deepEqual(wide.changes, ['converted', 'colours_converted']);
  });

  it('has the colours that it had by its profile', async () => {
    const p3 = await sharp(await drawing(8, 8, '#f00').png().toBuffer())
      .withIccProfile('p3')
      .png()
      .toBuffer();
    assert.notDeepEqual(await colourAt(await sharp(p3, { ignoreIcc: true }).png().toBuffer(), 1, 1), [255, 0, 0, 255]);
    const [red = 0, green = 255, blue = 255] = await colourAt((await convert(p3)).bytes, 1, 1);
    assert.ok(red >= 253 && green <= 3 && blue <= 3);
  });

  it('is the first frame of a film that is not a GIF', async () => {
    const image = await convert(await (await film()).webp({ lossless: true }).toBuffer());
    assert.deepEqual(image.changes, ['first_frame', 'converted']);
    assert.deepEqual([image.width, image.height], [30, 20]);
  });

  it('tells of metadata that only the file format knows', async () => {
    const plain = await photo().tiff().toBuffer();
    assert.deepEqual((await convert(plain)).changes, ['converted']);
    const named = await photo().withExif(EXIF).webp().toBuffer();
    assert.deepEqual((await convert(named)).changes, ['metadata_removed', 'converted']);
    const image = await convert(await photo().withMetadata({ orientation: 3 }).tiff().toBuffer());
    assert.deepEqual(image.changes, ['rotated', 'converted']);
  });
});

describe('limits', () => {
  it('let 25,000,000 pixels pass, and not one row more', async () => {
    const flat = (height: number) =>
      sharp({ create: { width: 5_000, height, channels: 3, background: '#123' } })
        .png({ compressionLevel: 1 })
        .toBuffer();
    const most = await flat(5_000);
    assert.equal((await convert(most)).bytes, most);
    const image = await convert(await flat(5_001));
    assert.deepEqual(image.changes, ['downscaled']);
    assert.ok(image.width * image.height <= MOST_PIXELS && image.width * image.height > 0.999 * MOST_PIXELS);
  });

  it('make a heavy PNG a JPEG where nothing of it is transparent', async () => {
    const bytes = await photo(2_900, 2_600).png({ compressionLevel: 0 }).toBuffer();
    assert.ok(bytes.length > MOST_SERVED_BYTES);
    const image = await convert(bytes);
    assert.deepEqual([image.type, image.changes, image.width], ['image/jpeg', ['converted'], 2_900]);
    assert.ok(image.bytes.length <= MOST_SERVED_BYTES);
  });

  it('make a heavy PNG smaller where something of it is transparent', async () => {
    const bytes = await photo(2_900, 2_600).ensureAlpha(0.5).png({ compressionLevel: 0 }).toBuffer();
    const image = await convert(bytes);
    assert.deepEqual([image.type, image.changes], ['image/png', ['downscaled']]);
    assert.ok(image.bytes.length <= MOST_SERVED_BYTES && image.bytes.length > MOST_SERVED_BYTES / 2);
  });

  it('make a heavy film its first frame', async () => {
    const one = await photo(300, 200).gif().toBuffer();
    // Header and colours, then the same frame again and again.
    const frame = one.subarray(13 + 256 * 3, -1);
    const film = Buffer.concat([one.subarray(0, -1), ...Array.from({ length: 250 }, () => frame), one.subarray(-1)]);
    assert.ok(film.length > MOST_SERVED_BYTES);
    const image = await convert(film);
    assert.deepEqual([image.type, image.changes], ['image/png', ['first_frame', 'converted']]);
  });

  it('leave a line of what is thinner than a pixel', async () => {
    const image = await convert(
      await sharp({ create: { width: 70_000, height: 1, channels: 3, background: '#123' } })
        .tiff({ compression: 'lzw' })
        .toBuffer(),
    );
    assert.deepEqual([image.width, image.height, image.changes], [65_500, 1, ['converted', 'downscaled']]);
  });
});

describe('a box to fill', () => {
  it('is filled by the middle, by all with transparent sides, or by all of it stretched', async () => {
    const bytes = await drawing(60, 40, '#00f').png().toBuffer();
    for (const [type, size, change] of [
      ['crop', [40, 40], 'cropped'],
      ['pad', [60, 60], 'padded'],
      ['stretch', [60, 60], 'stretched'],
    ] as const) {
      const image = await convert(bytes, { type, ratio: 1 });
      assert.deepEqual([image.width, image.height], size);
      assert.deepEqual(image.changes, [change]);
      assert.equal(image.source.width, 60);
      assert.equal((await colourAt(image.bytes, 30, 0))[3], type === 'pad' ? 0 : 255);
      // The border between the colours stays in the middle.
      assert.deepEqual(await colourAt(image.bytes, size[0] / 2 - 2, size[1] / 2), [255, 0, 0, 255]);
      assert.deepEqual(await colourAt(image.bytes, size[0] / 2 + 2, size[1] / 2), [0, 0, 255, 255]);
    }
  });

  it('is padded where the picture is not to stand', async () => {
    const bytes = await drawing(60, 40, '#00f').png().toBuffer();
    const rows = { top: [0], center: [10], bottom: [20], 'left top': [0], 'right bottom': [20] } as const;
    for (const [at, [first]] of Object.entries(rows) as [keyof typeof rows, readonly [number]][]) {
      const image = await convert(bytes, { type: 'pad', ratio: 1, at });
      const seen = [first - 1, first, first + 39, first + 40].filter((y) => y >= 0 && y < 60);
      const shown = await Promise.all(seen.map(async (y) => (await colourAt(image.bytes, 30, y))[3] === 255));
      assert.deepEqual(
        shown,
        seen.map((y) => y >= first && y < first + 40),
        at,
      );
    }
    const wide = await convert(bytes, { type: 'pad', ratio: 2, at: 'right' });
    assert.deepEqual([(await colourAt(wide.bytes, 19, 0))[3], (await colourAt(wide.bytes, 20, 0))[3]], [0, 255]);
  });

  it('is filled by a photo as it is seen, whichever way its camera was held', async () => {
    const plain = await drawing(60, 40, '#00f').png().toBuffer();
    const upright = await sharp(plain).raw().toBuffer({ resolveWithObject: true });
    const turns = { 5: [270, true], 6: [270, false], 7: [90, true], 8: [90, false] } as const;
    for (const [orientation, [angle, flop]] of Object.entries(turns)) {
      const raw = sharp(upright.data, { raw: upright.info }).rotate(angle).flop(flop);
      const held = sharp(await raw.png().toBuffer()).jpeg({ quality: 100, chromaSubsampling: '4:4:4' });
      const bytes = await held.withMetadata({ orientation: Number(orientation) }).toBuffer();
      for (const type of ['crop', 'pad', 'stretch'] as const) {
        const image = await convert(bytes, { type, ratio: 1 });
        assert.deepEqual([image.width, image.height], type === 'crop' ? [40, 40] : [60, 60], `${orientation} ${type}`);
        assert.ok(image.changes.includes('rotated'));
        const [left, right] = await Promise.all([-4, 4].map((dx) => colourAt(image.bytes, image.width / 2 + dx, 30)));
        assert.ok((left?.[0] ?? 0) > 200 && (right?.[2] ?? 0) > 200, `${orientation} ${type} ${left} ${right}`);
      }
    }
  });

  it('makes a PNG of a JPEG with sides to it, and a white one where that is too heavy', async () => {
    const image = await convert(await photo().jpeg().toBuffer(), { type: 'pad', ratio: 1 });
    assert.deepEqual([image.type, image.changes], ['image/png', ['converted', 'padded']]);
    const heavy = await convert(await photo(3_000, 2_900).jpeg({ quality: 60 }).toBuffer(), { type: 'pad', ratio: 2 });
    assert.deepEqual([heavy.type, heavy.width, heavy.changes], ['image/jpeg', 5_800, ['padded']]);
    assert.deepEqual(await colourAt(heavy.bytes, 0, 0), [255, 255, 255, 255]);
  });

  it('changes nothing of what fits within half a pixel', async () => {
    const bytes = await photo(60, 40).png().toBuffer();
    for (const type of ['crop', 'pad', 'stretch'] as const)
      for (const ratio of [60.4 / 40, 1.5, 59.6 / 40])
        assert.equal((await convert(bytes, { type, ratio })).bytes, bytes);
  });

  it('always gets what it asks for, within the limits and with what was done told', async () => {
    const side = fc.integer({ min: 1, max: 40 });
    const ratio = fc.double({ min: 0.001, max: 1_000, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        fc.constantFrom('crop', 'pad', 'stretch'),
        ratio,
        fc.boolean(),
        async (width, height, type, ratio, jpeg) => {
          const file = photo(width, height);
          const image = await convert(await (jpeg ? file.jpeg() : file.png()).toBuffer(), { type, ratio });
          const found = await sharp(image.bytes).metadata();
          assert.deepEqual([found.width, found.height, found.mediaType], [image.width, image.height, image.type]);
          assert.ok(
            Math.abs(image.width - image.height * ratio) <= 0.51 ||
              Math.abs(image.height - image.width / ratio) <= 0.51 ||
              image.width === 1 ||
              image.height === 1,
            `${image.width}x${image.height}`,
          );
          assert.equal(image.changes.length === 0, image.width === width && image.height === height);
          if (type !== 'crop') assert.ok(image.width >= width && image.height >= height);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('may ask for more than there can be', async () => {
    const bytes = await photo(600, 6_000).jpeg().toBuffer();
    for (const type of ['pad', 'stretch'] as const) {
      const image = await convert(bytes, { type, ratio: 40 });
      assert.ok(image.width * image.height <= MOST_PIXELS);
      assert.ok(image.changes.includes('downscaled'));
    }
  });

  it('is filled by an SVG too', async () => {
    const image = await convert(svg('width="300" height="200"'), { type: 'crop', ratio: 1 });
    assert.deepEqual(image.changes, ['converted', 'cropped']);
    assert.deepEqual(image.source, { type: 'image/svg+xml', width: 300, height: 200, bytes: image.source.bytes });
    assert.equal(image.width, image.height);
  });
});
