import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { drawSvg } from './draw-svg.ts';
import { MOST_PIXELS } from './image.ts';
import { blackPng, colourAt, convert, drawing, pixels, svg } from './testing.ts';

guardAgainstLeaks();

describe('an SVG', () => {
  it('is drawn large enough for a slide, whatever it calls its size, and says that size', async () => {
    for (const [attributes, size, natural] of [
      ['width="30" height="20"', [2_000, 1_333], [30, 20]],
      ['viewBox="0 0 20 10"', [2_000, 1_000], [20, 10]],
      ['width="100%" height="100%" viewBox="0 0 20 10"', [2_000, 1_000], [20, 10]],
      ['width="2" height="1"', [2_000, 1_000], [2, 1]],
      ['width="3000" height="1500"', [3_000, 1_500], [3_000, 1_500]],
    ] as const) {
      const image = await convert(svg(attributes));
      assert.deepEqual([image.width, image.height], size, attributes);
      assert.deepEqual([image.source.width, image.source.height], natural);
      assert.deepEqual([image.type, image.changes], ['image/png', ['converted']]);
      assert.deepEqual(await colourAt(image.bytes, 500, 500), [255, 0, 0, 255]);
    }
  });

  it('is drawn as large in every unit as in px, with the same ratio, and never made smaller', async () => {
    const sizes = [
      ['width="614.4" height="460.8"', [614, 461]],
      ['width="614.4px" height="460.8px"', [614, 461]],
      ['width="460.8pt" height="345.6pt"', [614, 461]],
      ['width="38.4pc" height="28.8pc"', [614, 461]],
      ['width="6.4in" height="4.8in"', [614, 461]],
      ['width="16.256cm" height="12.192cm"', [614, 461]],
      ['width="162.56mm" height="121.92mm"', [614, 461]],
      ['width="40em" height="30em"', [480, 360]],
      ['width="40ex" height="30ex"', [240, 180]],
      ['width="100%" height="100%"', [4, 3]],
      ['', [4, 3]],
      ['width="6.4in"', [614, 461]],
      ['height="30em"', [480, 360]],
      ['width="8px" height="6px"', [8, 6]],
      ['width="6pt" height="4.5pt"', [8, 6]],
      ['width="2mm" height="1.5mm"', [8, 6]],
    ] as const;
    const images = await Promise.all(
      sizes.map(([attributes]) => convert(svg(`${attributes} viewBox="0 0 4 3"`, '<circle cx="2" cy="1" r="1"/>'))),
    );
    for (const [at, [attributes, natural]] of sizes.entries()) {
      const { width, height, source, changes } = images[at] as (typeof images)[0];
      assert.deepEqual([width, height, changes], [2_000, 1_500, ['converted']], attributes);
      assert.deepEqual([source.width, source.height], natural, attributes);
    }
  });

  it('keeps the ratio of one that is a few pixels large, or has a unit for each side', async () => {
    for (const [attributes, size] of [
      ['viewBox="0 0 1.4 1"', [2_000, 1_429]],
      ['width="13" height="7"', [2_000, 1_077]],
      ['width="7pt" height="13pt"', [1_077, 2_000]],
      ['width="300" height="450pt"', [1_000, 2_000]],
      ['width="4000" height="3000"', [4_000, 3_000]],
      ['width="3000pt" height="2250pt"', [4_000, 3_000]],
    ] as const) {
      const { width, height } = await convert(svg(attributes));
      assert.deepEqual([width, height], size, attributes);
    }
  });

  it('has lengths of all units fit together, as a browser has', async () => {
    // 96 px are an inch: the right half of the first is free, and none of the second.
    const half = await convert(svg('width="2in" height="1in"', '<rect width="96" height="96" fill="#f00"/>'));
    assert.deepEqual(await colourAt(half.bytes, 990, 990), [255, 0, 0, 255]);
    assert.equal((await colourAt(half.bytes, 1_010, 990))[3], 0);
    const inches = await convert(svg('width="96" height="96"', '<rect width="36pt" height="1in" fill="#f00"/>'));
    assert.deepEqual(await colourAt(inches.bytes, 990, 1_990), [255, 0, 0, 255]);
    assert.equal((await colourAt(inches.bytes, 1_010, 990))[3], 0);
  });

  it('is drawn with sharp edges, not enlarged', async () => {
    const image = await convert(svg('width="10" height="10"', '<circle cx="5" cy="5" r="5"/>'));
    const opacities = (await pixels(image.bytes)).filter((_, at) => at % 4 === 3);
    const soft = opacities.filter((opacity) => opacity > 0 && opacity < 255).length;
    // Its edge is 2,000 times pi long.
    assert.ok(soft < 4 * 6_283, `${soft} pixels are neither in nor out`);
  });

  it('without a size is as large as what it draws', async () => {
    const image = await convert(svg('', '<rect width="20" height="10" fill="#f00"/>'));
    assert.deepEqual([image.width, image.height], [2_000, 1_000]);
  });

  it('is drawn within the limits where it asks for more', async () => {
    const image = await convert(svg('width="12000" height="10000"'));
    assert.ok(image.width * image.height <= MOST_PIXELS && image.width * image.height > 0.98 * MOST_PIXELS);
    assert.deepEqual(image.changes, ['converted']);
  });

  it('may begin with a declaration, comments and a document type, and hold letters', async () => {
    const prolog = `\ufeff<?xml version="1.0"?>\n<!-- ${'x'.repeat(3_000)} --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [<!ENTITY c "#f00">]>\n`;
    const letters =
      '<rect width="9" height="9" fill="&c;"/><text x="10" y="60" font-size="60" font-family="No Such Font">Hawker 小贩</text>';
    const image = await convert(Buffer.concat([Buffer.from(prolog), svg('width="400" height="100"', letters)]));
    const { channels } = await sharp(image.bytes).stats();
    assert.ok((channels[3]?.mean ?? 0) > 5, 'letters are there without their font');
  });

  it('shows a picture within it', async () => {
    const data = (await drawing(10, 10, '#00f').png().toBuffer()).toString('base64');
    const image = await convert(
      svg('width="10" height="10"', `<image width="10" height="10" href="data:image/png;base64,${data}"/>`),
    );
    assert.deepEqual(await colourAt(image.bytes, 1_900, 1_000), [0, 0, 255, 255]);
  });

  it('fetches nothing and reads nothing', async () => {
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'svg-'));
    try {
      const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const picture = join(folder, 'secret.png');
      writeFileSync(picture, await drawing(10, 10, '#00f').png().toBuffer());
      const text = join(folder, 'secret.txt');
      writeFileSync(text, '<rect width="10" height="10" fill="#00f"/>');
      const sheet = join(folder, 'secret.css');
      writeFileSync(sheet, 'rect { fill: #00f }');
      const places = [
        pathToFileURL(picture).href,
        picture,
        'secret.png',
        `${web}/a.png`,
        `${web.replace('http:', '')}/b.png`,
        `file:///proc/self/cwd${picture}`,
      ];
      const bodies = [
        ...places.map((place) =>
          [
            `<image width="10" height="10" href="${place}"/>`,
            `<image width="10" height="10" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="${place}"/>`,
            `<filter id="f"><feImage href="${place}"/></filter><rect width="10" height="10" filter="url(#f)"/>`,
            `<use href="${place}#a"/>`,
            `<rect width="10" height="10" fill="url(${place}#a)"/>`,
          ].join(''),
        ),
        ...[pathToFileURL(sheet).href, `${web}/c.css`].map(
          (place) => `<style>@import url("${place}");</style><rect width="10" height="10" fill="none"/>`,
        ),
        `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${pathToFileURL(text).href}"/>`,
      ];
      const outside = [pathToFileURL(text).href, `${web}/d.txt`].flatMap((place) => [
        `<!DOCTYPE svg [<!ENTITY e SYSTEM "${place}">]>${svg('width="10" height="10"', '&e;').toString()}`,
        `<!DOCTYPE svg [<!ENTITY % e SYSTEM "${place}"> %e;]>${svg('width="10" height="10"', '').toString()}`,
        `<!DOCTYPE svg SYSTEM "${place}">${svg('width="10" height="10"', '').toString()}`,
        `<?xml-stylesheet href="${place}"?>${svg('width="10" height="10"', '').toString()}`,
      ]);
      for (const file of [
        ...bodies.map((body) => svg('width="10" height="10"', body)),
        ...outside.map((text) => Buffer.from(text)),
      ]) {
        const image = await convert(file).catch((error: { code?: string }) => assert.equal(error.code, 'broken_image'));
        if (!image) continue;
        const { channels } = await sharp(image.bytes).stats();
        assert.equal(channels[2]?.max, 0, `no blue in ${file.toString()}`);
      }
      assert.deepEqual(asked, []);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an SVG that cannot be drawn', () => {
  const refused = async (bytes: Uint8Array, code: string) =>
    assert.rejects(convert(bytes), { name: 'ImageFault', code });

  it('is told from a damaged one', async () => {
    await refused(svg('width="100000" height="100000"'), 'image_too_large');
    await refused(svg('width="0" height="10"'), 'broken_image');
    await refused(svg('width="10" height="10"').subarray(0, -10), 'broken_image');
    await refused(gzipSync(svg('width="10" height="10"')), 'unsupported_image');
  });

  it('may not expand to billions of letters or elements', async () => {
    const entities = Array.from({ length: 12 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
    const laughs = `<!DOCTYPE svg [<!ENTITY l0 "ha">${entities}]>${svg('width="9" height="9"', '<text>&l12;</text>').toString()}`;
    await refused(Buffer.from(laughs), 'broken_image');
    const groups = Array.from(
      { length: 20 },
      (_, at) => `<g id="a${at + 1}">${`<use href="#a${at}"/>`.repeat(10)}</g>`,
    ).join('');
    const uses = `<defs><g id="a0"/>${groups}</defs><use href="#a20"/>`;
    // Too many elements or too much time, whichever the machine comes to first.
    await assert.rejects(convert(svg('width="9" height="9"', uses)), { name: 'ImageFault' });
  });

  it('may not take more memory than there is for it, in a picture within it or by itself', async () => {
    const bomb = blackPng(16_000);
    const within = `<image width="10" height="10" href="data:image/png;base64,${bomb.toString('base64')}"/>`;
    await refused(svg('width="10" height="10"', within), 'image_too_large');
    const floods = Array.from({ length: 20 }, (_, at) => `<feFlood result="f${at}"/>`).join('');
    const merged = Array.from({ length: 20 }, (_, at) => `<feMergeNode in="f${at}"/>`).join('');
    const filter = `<filter id="f">${floods}<feMerge>${merged}</feMerge></filter>`;
    const all = `${filter}<rect width="4000" height="4000" filter="url(#f)"/>`;
    await refused(svg('width="4000" height="4000"', all), 'image_too_large');
  });

  it('may not take more time than there is for it', async () => {
    const groups = 100;
    const layers = `${'<g opacity="0.5">'.repeat(groups)}<rect width="4000" height="4000"/>${'</g>'.repeat(groups)}`;
    const drawn = drawSvg(svg('width="4000" height="4000"', layers), new AbortController().signal, 500);
    await assert.rejects(drawn, { name: 'ImageFault', code: 'image_too_large' });
  });

  it('is given up as soon as nobody waits for it', async () => {
    const clouds = '<feTurbulence numOctaves="10" baseFrequency="0.05"/><feGaussianBlur stdDeviation="500"/>'.repeat(
      10,
    );
    const slow = svg(
      'width="5000" height="5000"',
      `<filter id="f">${clouds}</filter>${'<rect width="5000" height="5000" filter="url(#f)"/>'.repeat(5)}`,
    );
    const stop = new AbortController();
    const converting = convert(slow, { type: 'none' }, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(converting, { message: 'enough' });
    await assert.rejects(convert(slow, { type: 'none' }, AbortSignal.timeout(300)), { name: 'TimeoutError' });
  });
});
