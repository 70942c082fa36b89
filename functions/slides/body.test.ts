/** What a body may say, and what is told of what it may not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '#shared/errors.ts';
import { inBody, validate } from '#shared/http/validate.ts';
import { driveIdOf, presentationIdOf } from './drive-link.ts';
import { readLength } from './lengths.ts';
import { readAsked } from './read-asked.ts';
import { imagesBody, presentationPath } from './schema.ts';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const image = (more: object) => ({ source: { svg: SVG }, page: 1, altText: 'x', ...more });
const files = new Map([['photo', Buffer.from('bytes')]]);

async function read(images: unknown, more: object = {}, given: ReadonlyMap<string, Uint8Array> = new Map()) {
  return readAsked(await validate(imagesBody, { images, ...more }, inBody), given);
}

async function pointers(
  images: unknown,
  more: object = {},
  given?: ReadonlyMap<string, Uint8Array>,
): Promise<string[]> {
  try {
    await read(images, more, given);
    return [];
  } catch (error) {
    assert.ok(isAppError(error, 'invalid'), String(error));
    return (error.errors ?? []).map(({ pointer }) => pointer);
  }
}

async function sourceOf(source: unknown) {
  const { images } = await read([image({ source })], {}, JSON.stringify(source).includes('part') ? files : undefined);
  return images[0]?.source;
}

describe('a source', () => {
  it('is one of six kinds, some of which a text says by itself', async () => {
    const bytes = Buffer.from('any image');
    const base64 = bytes.toString('base64');
    const drive = { type: 'drive', id: 'Some-file_id' };
    const cases: [unknown, unknown][] = [
      [{ base64 }, { type: 'bytes', bytes }],
      [{ base64: ` ${base64.slice(0, 5)}\n${base64.slice(5)}\r\n` }, { type: 'bytes', bytes }],
      [
        { base64: Buffer.from([255, 254, 253, 252]).toString('base64url') },
        { type: 'bytes', bytes: Buffer.from([255, 254, 253, 252]) },
      ],
      [`data:image/png;base64,${base64}`, { type: 'bytes', bytes }],
      [{ svg: SVG }, { type: 'bytes', bytes: Buffer.from(SVG) }],
      [{ part: 'photo' }, { type: 'bytes', bytes: Buffer.from('bytes') }],
      [{ drive: 'Some-file_id' }, drive],
      [{ drive: 'https://drive.google.com/open?id=Some-file_id' }, drive],
      [{ url: 'https://docs.google.com/presentation/d/Some-file_id/edit#slide=id.p' }, drive],
      ['https://drive.google.com/file/d/Some-file_id/view', drive],
      ['https://example.com/a b.png', { type: 'url', url: 'https://example.com/a%20b.png' }],
      [{ gs: 'gs://bucket/a/b c.png' }, { type: 'gs', bucket: 'bucket', object: 'a/b c.png' }],
      ['gs://bucket/ä', { type: 'gs', bucket: 'bucket', object: 'ä' }],
    ];
    for (const [given, expected] of cases) assert.deepEqual(await sourceOf(given), expected, JSON.stringify(given));
  });

  it('that is none is told by its field', async () => {
    const cases: [unknown, string][] = [
      [{}, ''],
      [{ svg: SVG, url: 'https://example.com/' }, ''],
      ['', ''],
      ['ftp://example.com/a.png', ''],
      ['http://example.com/a.png', ''],
      ['data:text/html;base64,aGk=', ''],
      [7, ''],
      [{ base64: '' }, '/base64'],
      [{ base64: 'not base64!' }, '/base64'],
      [{ base64: 'AAAAA' }, '/base64'],
      [{ base64: 'AA=AA' }, '/base64'],
      [{ svg: 'hello' }, '/svg'],
      [{ drive: 'no id' }, '/drive'],
      [{ url: 'https://user:secret@example.com/' }, '/url'],
      [{ url: 'file:///etc/passwd' }, '/url'],
      [{ url: `https://example.com/${'a'.repeat(8_000)}` }, '/url'],
      [{ gs: 'gs://bucket' }, '/gs'],
      [{ gs: `gs://bucket/${'ä'.repeat(513)}` }, '/gs'],
      [{ part: 'nothing' }, '/part'],
      [{ file: 'x' }, '/file'],
    ];
    for (const [source, where] of cases)
      assert.deepEqual(await pointers([image({ source })]), [`/images/0/source${where}`], JSON.stringify(source));
  });

  it('uses every file that came along', async () => {
    assert.deepEqual(await pointers([image({})], {}, files), ['/images']);
    const shared = await read([image({ source: { part: 'photo' } }), image({ source: { part: 'photo' } })], {}, files);
    assert.equal(shared.images.length, 2);
  });
});

describe('a target', () => {
  it('is one of a page, a tag and an image', async () => {
    const align = 'center';
    const cases: [object, unknown][] = [
      [{ tag: '{{ logo }}' }, { type: 'tag', tag: 'logo', align }],
      [
        { tag: 'logo', place: { align: 'top' } },
        { type: 'tag', tag: 'logo', align: 'top' },
      ],
      [{ replace: 'g1:2' }, { type: 'image', objectId: 'g1:2', align }],
      [{ replace: { objectId: 'g1' } }, { type: 'image', objectId: 'g1', align }],
      [{ replace: { altText: 'chart' } }, { type: 'altText', key: 'chart', align }],
    ];
    for (const [given, expected] of cases)
      assert.deepEqual((await read([image({ page: undefined, ...given })])).images[0]?.target, expected);
    for (const page of [1, 'p', 'g2_1:3']) {
      const target = (await read([image({ page })])).images[0]?.target;
      assert.equal(target?.type === 'page' && target.page, page);
    }
  });

  it('has a place in points unless another unit is said', async () => {
    const place = {
      x: 10,
      y: '-1cm',
      w: '50%',
      h: '1in',
      margin: { top: '2pt', left: '10%' },
      grid: { columns: 2, rows: 3, gap: '914400emu', cell: 5 },
    };
    const { images } = await read([image({ place })]);
    assert.deepEqual(images[0]?.target, {
      type: 'page',
      page: 1,
      place: {
        x: { emu: 127_000 },
        y: { emu: -360_000 },
        w: { part: 0.5 },
        h: { emu: 914_400 },
        align: 'center',
        margin: { top: { emu: 25_400 }, right: { emu: 0 }, bottom: { emu: 0 }, left: { part: 0.1 } },
        grid: { columns: 2, rows: 3, gap: { emu: 914_400 }, cell: 5 },
      },
    });
  });

  it('that is none is told by its field', async () => {
    const cases: [object, string[]][] = [
      [{ page: undefined }, ['']],
      [{ tag: 'x' }, ['']],
      [{ page: 0 }, ['/page']],
      [{ page: 1.5 }, ['/page']],
      [{ page: undefined, tag: '{{x' }, ['/tag']],
      [{ page: undefined, replace: {} }, ['/replace']],
      [{ page: undefined, replace: { objectId: 'a', altText: 'b' } }, ['/replace']],
      [{ page: undefined, tag: 'x', place: { align: 'top', x: 1, w: 2 } }, ['/place/x', '/place/w']],
      [{ place: { w: 0, h: '-1pt', margin: -1 } }, ['/place/margin', '/place/w', '/place/h']],
      [{ place: { margin: { top: '-1%' } } }, ['/place/margin/top']],
      [{ place: { x: '1 mile' } }, ['/place/x']],
      [{ place: { align: 'middle' } }, ['/place/align']],
      [{ place: { grid: { columns: 2, rows: 2, cell: 4 } } }, ['/place/grid/cell']],
      [{ place: { z: 1 } }, ['/place/z']],
      [{ fit: 'fill' }, ['/fit']],
    ];
    for (const [given, where] of cases)
      assert.deepEqual(
        await pointers([image(given)]),
        where.map((at) => `/images/0${at}`),
        JSON.stringify(given),
      );
  });
});

describe('an alternative text', () => {
  it('holds nothing that Slides would refuse', async () => {
    assert.deepEqual(await pointers([image({ altText: 'one\ntwo' })]), []);
    for (const altText of ['a\u0000b', 'a\ud800'])
      assert.deepEqual(await pointers([image({ altText })]), ['/images/0/altText'], JSON.stringify(altText));
  });

  it('must be there, unless the image is decorative, or takes the place of one that has its own', async () => {
    const replace = { page: undefined, replace: 'g1' };
    const cases: [object, unknown][] = [
      [
        { altText: ' a ', title: 't' },
        { title: 't', description: 'a' },
      ],
      [
        { altText: undefined, decorative: true },
        { title: '', description: '' },
      ],
      [{ ...replace, altText: undefined }, 'keep'],
      [{ ...replace, altText: 'new' }, { description: 'new' }],
      [
        { ...replace, altText: undefined, decorative: true },
        { title: '', description: '' },
      ],
    ];
    for (const [given, expected] of cases) assert.deepEqual((await read([image(given)])).images[0]?.altText, expected);
    assert.deepEqual(await pointers([image({ altText: undefined })]), ['/images/0/altText']);
    assert.deepEqual(await pointers([image({ altText: '  ' })]), ['/images/0/altText']);
    assert.deepEqual(await pointers([image({ page: undefined, tag: 'x', altText: undefined })]), ['/images/0/altText']);
    assert.deepEqual(await pointers([image({ ...replace, altText: undefined, title: 't' })]), ['/images/0/altText']);
    assert.deepEqual(await pointers([image({ decorative: true, title: 't' })]), [
      '/images/0/altText',
      '/images/0/title',
    ]);
  });
});

it('takes 1 to 100 images and knows its fields', async () => {
  assert.deepEqual(await pointers([]), ['/images']);
  assert.deepEqual(await pointers(Array(100).fill(image({}))), []);
  assert.deepEqual(await pointers(Array(101).fill(image({}))), ['/images']);
  assert.deepEqual(await pointers([image({ alt: 'x' })], { mode: 'public', verbose: true }), [
    '/images/0/alt',
    '/mode',
    '/verbose',
  ]);
  const { images: _, ...rest } = await read([image({})]);
  assert.deepEqual(rest, { onError: 'abort', mode: 'private', keepReplaced: false });
});

it('wants the id of a presentation, and says what it is where a link was given', async () => {
  const path = (presentationId: string) => validate(presentationPath, { presentationId }, inBody);
  assert.deepEqual(await path('1aB-_9'), { presentationId: '1aB-_9' });
  await assert.rejects(
    path('https://docs.google.com/presentation/u/0/d/1aB-_9/edit'),
    /the id in the link alone: 1aB-_9/,
  );
  await assert.rejects(path('a/b'), /letters, digits/);
});

it('finds the id in any form of link to Drive, and in no other link', () => {
  for (const link of [
    'https://drive.google.com/file/d/the-id/view?usp=sharing',
    'https://drive.google.com/a/example.com/file/u/1/d/the-id',
    'https://drive.google.com/uc?export=download&id=the-id',
    'https://drive.google.com/thumbnail?id=the-id&sz=w100',
    'https://drive.usercontent.google.com/download?id=the-id',
    'https://drive.google.com/drive/u/0/folders/the-id',
    'https://docs.google.com/document/d/the-id/edit',
  ])
    assert.equal(driveIdOf(link), 'the-id', link);
  for (const link of [
    'https://docs.google.com/presentation/d/e/2PACX-1/pub',
    'https://drive.google.com.example.com/file/d/the-id',
    'https://example.com/?u=https://drive.google.com/file/d/the-id',
    'https://drive.google.com/',
    'https://drive.google.com/open?id=a%2Fb',
    'the-id',
  ])
    assert.equal(driveIdOf(link), undefined, link);
  assert.equal(presentationIdOf('https://drive.google.com/file/d/the-id'), undefined);
});

it('reads a length the same in every unit, and nothing that is none', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10_000, max: 10_000 }), (n) => {
      assert.deepEqual(readLength(n), readLength(`${n}pt`));
      assert.deepEqual(readLength(`${n}in`), readLength(n * 72));
      assert.deepEqual(readLength(` ${n} EMU `), { emu: n });
      assert.deepEqual(readLength(`${n}%`), { part: n / 100 });
    }),
  );
  for (const text of [
    '',
    'pt',
    '1',
    '1px',
    '1e3pt',
    '--1pt',
    'Infinitypt',
    '1..2pt',
    '9999999999cm',
    '99999%',
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])
    assert.equal(readLength(text), undefined, String(text));
});
