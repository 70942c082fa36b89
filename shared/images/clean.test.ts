import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { cleanGif } from './clean-gif.ts';
import { cleanJpeg } from './clean-jpeg.ts';
import { cleanPng } from './clean-png.ts';
import { chunk, drawing, film, photo, pixels } from './testing.ts';

const SECRET = 'N 1 17 42.1, E 103 50 12.9';

const JPEGS = [
  await photo().jpeg().toBuffer(),
  await photo().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  await photo().withIccProfile('srgb').jpeg({ optimiseScans: true }).toBuffer(),
  await photo().grayscale().jpeg({ mozjpeg: true }).toBuffer(),
];
const PNGS = [
  await photo().png().toBuffer(),
  await drawing().png({ palette: true }).toBuffer(),
  await drawing().png({ progressive: true }).toBuffer(),
  await photo().withIccProfile('srgb').png().toBuffer(),
];
const GIFS = [await (await film()).gif().toBuffer(), await photo().gif().toBuffer(), await drawing().gif().toBuffer()];

function segment(marker: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff]), content]);
}

function blocks(start: readonly number[], content: Buffer): Buffer {
  const pieces: Buffer[] = [Buffer.from(start)];
  for (let at = 0; at < content.length; at += 255) {
    const piece = content.subarray(at, at + 255);
    pieces.push(Buffer.from([piece.length]), piece);
  }
  return Buffer.concat([...pieces, Buffer.from([0])]);
}

function inserted(bytes: Buffer, at: number, ...more: Buffer[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), ...more, bytes.subarray(at)]);
}

/** Bytes with the secret among them. */
const secrets = fc.uint8Array({ maxLength: 600 }).map((noise) => Buffer.concat([noise, Buffer.from(SECRET), noise]));

const dirtyJpegs = fc
  .record({
    file: fc.constantFrom(...JPEGS),
    segments: fc.array(
      fc
        .tuple(fc.constantFrom(0xe1, 0xe2, 0xe3, 0xe5, 0xec, 0xed, 0xee, 0xef, 0xfe), secrets)
        .map(([marker, content]) => segment(marker, content)),
      { minLength: 1, maxLength: 4 },
    ),
    behind: fc.option(secrets, { nil: Buffer.alloc(0) }),
  })
  .map(({ file, segments, behind }) => ({ file, dirty: Buffer.concat([inserted(file, 2, ...segments), behind]) }));

const dirtyPngs = fc
  .record({
    file: fc.constantFrom(...PNGS),
    chunks: fc.array(
      fc
        .tuple(fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME', 'prVt', 'caBX'), secrets)
        .map(([type, content]) => chunk(type, content)),
      { minLength: 1, maxLength: 4 },
    ),
    behind: fc.option(secrets, { nil: Buffer.alloc(0) }),
  })
  .map(({ file, chunks, behind }) => ({
    file,
    dirty: Buffer.concat([inserted(file, 33, ...chunks.slice(1)), behind]),
    chunks,
  }))
  .map(({ file, dirty, chunks }) => ({
    file,
    dirty: inserted(
      dirty,
      file.length + chunks.slice(1).reduce((sum, { length }) => sum + length, 0) - 12,
      ...chunks.slice(0, 1),
    ),
  }));

const dirtyGifs = fc
  .record({
    file: fc.constantFrom(...GIFS),
    extensions: fc.array(
      fc
        .tuple(
          fc.constantFrom(
            [0x21, 0xfe],
            [0x21, 0xff, 11, ...Buffer.from('XMP DataXMP')],
            [0x21, 0xff, 11, ...Buffer.from('ICCRGBG1012')],
          ),
          secrets,
        )
        .map(([start, content]) => blocks(start, content)),
      { minLength: 1, maxLength: 4 },
    ),
    behind: fc.option(secrets, { nil: Buffer.alloc(0) }),
  })
  .map(({ file, extensions, behind }) => ({
    file,
    dirty: Buffer.concat([inserted(file, file.length - 1, ...extensions), behind]),
  }));

const KINDS = [
  { name: 'a JPEG', clean: cleanJpeg, files: JPEGS, dirty: dirtyJpegs },
  { name: 'a PNG', clean: cleanPng, files: PNGS, dirty: dirtyPngs },
  { name: 'a GIF', clean: cleanGif, files: GIFS, dirty: dirtyGifs },
] as const;

for (const { name, clean, files, dirty } of KINDS) {
  describe(`cleaning ${name}`, () => {
    it('leaves a clean one alone', () => {
      for (const file of files) assert.equal(clean(file)?.bytes, file);
    });

    it('takes out exactly what was put in, wherever the file lies in memory', () => {
      fc.assert(
        fc.property(dirty, fc.nat(3), ({ file, dirty }, offset) => {
          const memory = Buffer.concat([Buffer.alloc(offset), dirty]);
          const found = clean(memory.subarray(offset));
          assert.equal(found?.removed, true);
          assert.ok(Buffer.from(found.bytes).equals(file));
        }),
      );
    });

    it('never breaks what could be decoded, and never changes a pixel, whatever was done to the file', async () => {
      const harm = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.nat(255), cut: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(dirty, fc.array(harm, { minLength: 1, maxLength: 3 }), async ({ dirty }, harms) => {
          let bytes = Buffer.from(dirty);
          for (const { at, value, cut } of harms) {
            const place = Math.floor(at * (bytes.length - 1));
            if (cut) bytes = bytes.subarray(0, place);
            else bytes[place] = value;
          }
          const found = clean(bytes);
          if (!found) return;
          const before = await pixels(bytes, { frames: true }).catch(() => undefined);
          if (before) assert.ok(before.equals(await pixels(found.bytes, { frames: true })));
        }),
        { numRuns: 150 },
      );
    });

    it('answers nothing for bytes that are none, without end or error', () => {
      fc.assert(
        fc.property(fc.constantFrom(...files), fc.uint8Array({ maxLength: 300 }), (file, noise) => {
          assert.equal(clean(Buffer.concat([file.subarray(0, 2), noise])), undefined);
        }),
      );
    });
  });
}

describe('cleaning', () => {
  it('takes off what stands behind the end, alone', () => {
    for (const { clean, files } of KINDS)
      for (const file of files) {
        const found = clean(Buffer.concat([file, Buffer.from(SECRET)]));
        assert.ok(found?.removed && Buffer.from(found.bytes).equals(file));
      }
  });

  it('reads on over restart markers in a scan, and takes out what stands behind them', () => {
    const [file] = JPEGS as [Buffer];
    const restarting = inserted(file, file.length - 40, ...[0xd0, 0xd7].map((marker) => Buffer.from([0xff, marker])));
    assert.equal(cleanJpeg(restarting)?.bytes, restarting);
  });

  it('takes the moving part out of a PNG', async () => {
    const [file] = PNGS;
    const moving = inserted(file as Buffer, 33, chunk('acTL', Buffer.alloc(8)), chunk('fcTL', Buffer.alloc(26)));
    const found = cleanPng(moving);
    assert.deepEqual([found?.stilled, found?.removed], [true, false]);
    assert.ok(Buffer.from(found?.bytes ?? []).equals(file as Buffer));
  });

  it('keeps a film moving as often as it did', async () => {
    const bytes = await (await film(4)).gif({ loop: 3, delay: [50, 100, 150, 200] }).toBuffer();
    const found = cleanGif(inserted(bytes, bytes.length - 1, blocks([0x21, 0xfe], Buffer.from(SECRET))));
    const { pages, loop, delay } = await sharp(found?.bytes).metadata();
    assert.deepEqual({ pages, loop, delay }, { pages: 4, loop: 3, delay: [50, 100, 150, 200] });
  });

  it('leaves to others what it does not know: previews in JFIF, arithmetic codes, text in a GIF, unknown chunks that a picture needs', async () => {
    const [jpeg, png, gif] = [JPEGS[0], PNGS[0], GIFS[0]] as [Buffer, Buffer, Buffer];
    const preview = segment(
      0xe0,
      Buffer.concat([Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01', 'latin1'), Buffer.alloc(3)]),
    );
    assert.equal(cleanJpeg(inserted(jpeg, 2, preview)), undefined);
    const arithmetic = Buffer.from(jpeg);
    arithmetic[jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 1] = 0xc9;
    assert.equal(cleanJpeg(arithmetic), undefined);
    assert.equal(cleanPng(inserted(png, 33, chunk('CrIt', Buffer.alloc(1)))), undefined);
    assert.equal(cleanGif(inserted(gif, gif.length - 1, blocks([0x21, 0x01], Buffer.alloc(12)))), undefined);
  });
});
