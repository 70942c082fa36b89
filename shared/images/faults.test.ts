import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { ImageFault } from './fault.ts';
import { kindOf } from './kind.ts';
import { isSrgb } from './profile.ts';
import { blackPng, convert, drawing, film, photo, svg } from './testing.ts';
import { tiffHoldsMetadata } from './tiff-tags.ts';

/** Rejects with this code, and with no word of the library's. */
async function refused(bytes: Uint8Array, code: string, message = /./): Promise<void> {
  const error = await convert(bytes).then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ImageFault, inspect(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  assert.equal(error.cause, undefined);
  assert.doesNotMatch(error.message, /vips|glib|input buffer|\/|\n/i);
}

const ascii = (text: string) => Buffer.from(text, 'latin1');

describe('what is no image, or none that is understood', () => {
  it('is told for what it is', async () => {
    for (const [bytes, message] of [
      [ascii(''), /There are no bytes/],
      [ascii('%PDF-1.7\n'), /This is a PDF/],
      [ascii('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), /This is HEIC/],
      [ascii('\0\0\0\x14ftypisom\0\0\0\0mp42'), /This is a film/],
      [ascii('<!DOCTYPE html>\n<html><svg width="1" height="1"/></html>'), /This is a web page/],
      [ascii('<!-- <svg> --> <html>'), /This is a web page/],
      [ascii('PK\x03\x04'), /ZIP archive/],
      [ascii('just words, such as <svg>'), /This is no image/],
      [ascii('{"svg": 1}'), /This is no image/],
      [ascii('<?xml version="1.0"?><svgx/>'), /This is no image/],
      [ascii('<!-- <svg/>'), /This is no image/],
    ] as const)
      await refused(bytes, 'unsupported_image', message);
  });

  it('is told at once, however long it goes on before its root element', async () => {
    for (const text of ['<!---->', '<?a?>', ' ', '<!DOCTYPE a>', '<!DOCTYPE a [', '<!--'])
      await refused(ascii(text.repeat(100_000)), 'unsupported_image');
  });
});

describe('what pretends to be of another kind', () => {
  it('is taken for what it is, so that no SVG is drawn outside its own process', async () => {
    const image = await convert(ascii('<svg a="WEBP" xmlns="http://www.w3.org/2000/svg" width="20" height="10"/>'));
    assert.equal(image.source.type, 'image/svg+xml');
    for (const text of ['P5\n#aaaaWEBP\n2 2\n255\n1234', '        WEBP'])
      await refused(ascii(text), 'unsupported_image');
  });

  it('is not even looked at by readers of other kinds', async () => {
    const { sharp } = await import('./sharp-client.ts');
    for (const bytes of [svg('width="1" height="1"'), ascii('P5\n2 2\n255\n1234'), ascii('#?RADIANCE\n')])
      await assert.rejects(sharp(bytes).metadata(), { message: /unsupported image format/ });
  });
});

describe('an image that is cut off or damaged', () => {
  it('is broken, of whatever kind it is', async () => {
    const files = [
      photo().png(),
      photo().jpeg(),
      photo().jpeg({ progressive: true }),
      photo().gif(),
      photo().webp(),
      photo().avif(),
      photo().tiff(),
      photo().tiff({ compression: 'lzw' }),
    ];
    for (const file of files) {
      const bytes = await file.toBuffer();
      for (const part of [0.1, 0.5, 0.9])
        await refused(bytes.subarray(0, Math.max(16, bytes.length * part)), 'broken_image');
    }
    await refused(svg('width="10" height="10"').subarray(0, -3), 'broken_image');
  });

  it('is its first frame where it is a film of which at least that is whole', async () => {
    const bytes = await (await film()).gif().toBuffer();
    const image = await convert(bytes.subarray(0, -17));
    assert.deepEqual([image.type, image.changes], ['image/png', ['first_frame', 'converted']]);
  });

  it('is never served, and never ends otherwise than as one that is broken', async () => {
    const files = await Promise.all(
      [photo().png(), photo().jpeg(), (await film()).gif(), drawing().webp(), photo().avif()].map((file) =>
        file.toBuffer(),
      ),
    );
    const harm = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(harm, { minLength: 1, maxLength: 5 }),
        async (file, harms) => {
          const bytes = Buffer.from(file);
          for (const { at, value } of harms) bytes[Math.floor(at * (bytes.length - 1))] = value;
          const image = await convert(bytes).catch((error: unknown) =>
            assert.ok(error instanceof ImageFault, inspect(error)),
          );
          if (image) assert.notEqual((await convert(image.bytes)).bytes.length, 0);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('an image with too many pixels', () => {
  it('is refused before it is decoded, sooner where all of it would be in memory', async () => {
    await refused(blackPng(20_000), 'image_too_large');
    await refused(blackPng(14_000, { bits: 16, interlaced: true }), 'image_too_large');
    await refused(blackPng(50_000), 'image_too_large');
  });

  it('is refused with fewer of them as AVIF, whose decoder takes many bytes for each', async () => {
    /** It says so of itself (ISO/IEC 23008-12, 6.5.3), which is all that is looked at. */
    const sized = async (bitdepth: 8 | 12, side: number) => {
      const bytes = await photo().avif({ bitdepth }).toBuffer();
      const at = bytes.indexOf('ispe');
      bytes.writeUInt32BE(side, at + 8);
      bytes.writeUInt32BE(side, at + 12);
      return bytes;
    };
    await refused(await sized(8, 6_000), 'image_too_large');
    await refused(await sized(12, 5_100), 'image_too_large');
    for (const depth of [8, 12] as const) await refused(await sized(depth, 5_000), 'broken_image');
  });

  it('is drawn smaller where it is read line by line', async () => {
    const image = await convert(blackPng(14_000));
    assert.deepEqual([image.width, image.height, image.changes], [5_000, 5_000, ['downscaled']]);
  });
});

describe('reading bytes of any kind', () => {
  it('ends with an answer or the one error', () => {
    const starts = fc.constantFrom('', 'II*\0', 'MM\0+', '\0\0\0\x20ftyp', '<!DOCTYPE ', '<?xml', '\x89PNG');
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 400 }), (start, noise) => {
        const bytes = Buffer.concat([ascii(start), noise]);
        assert.equal(typeof tiffHoldsMetadata(bytes), 'boolean');
        assert.equal(typeof isSrgb(bytes), 'boolean');
        try {
          kindOf(bytes);
        } catch (error) {
          assert.ok(error instanceof ImageFault);
        }
      }),
    );
  });

  it('finds what a TIFF tells beside its picture', () => {
    const tags = (little: boolean, ...ids: number[]) => {
      const bytes = Buffer.alloc(10 + 12 * ids.length);
      bytes.write(little ? 'II' : 'MM');
      const put = (value: number, at: number) =>
        little ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at);
      put(42, 2);
      put(8, little ? 4 : 6);
      put(ids.length, 8);
      for (const [at, id] of ids.entries()) put(id, 10 + 12 * at);
      return bytes;
    };
    for (const little of [true, false]) {
      assert.ok(tiffHoldsMetadata(tags(little, 256, 257, 34_853)));
      assert.ok(!tiffHoldsMetadata(tags(little, 256, 257, 274)));
    }
  });
});
