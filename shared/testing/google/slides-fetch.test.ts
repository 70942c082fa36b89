import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import type { SlidesRequest } from '../../google/slides.ts';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { EMU_PAGE, startDeck } from './checking.ts';
import { gif, png } from './pictures.ts';
import { image } from './slides-elements.ts';
import { FETCHER } from './slides-fetch.ts';

guardAgainstLeaks();

const PROBLEM =
  'Invalid requests[0].createImage: There was a problem retrieving the image. The provided image should be publicly accessible, within size limit, and in supported formats.';

/** A server with images, which keeps what it was asked. */
async function startHost(answer: RequestListener) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`,
    asked,
    /** The request of that number, from 1, when it has come. */
    async askedFor(number: number): Promise<IncomingMessage> {
      while (asked.length < number) await once(server, 'request');
      return asked[number - 1] as IncomingMessage;
    },
    methods: () => asked.map(({ method }) => method),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const serving =
  (bytes: Uint8Array, headers = {}): RequestListener =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'image/png', ...headers }).end(bytes);

const create = (url: string, objectId = 'image_1', elementProperties: object = EMU_PAGE) =>
  ({ createImage: { objectId, url, elementProperties } }) as SlidesRequest;

test('an image is fetched once for each request that names it, as Google does, and kept with its address', async () => {
  await using host = await startHost(serving(png(20, 10)));
  await using deck = await startDeck();
  assert.equal((await deck.batch([create(host.url), create(host.url, 'image_2')])).status, 200);
  assert.deepEqual(host.methods(), ['GET', 'GET']);
  const { headers } = host.asked[0] as IncomingMessage;
  assert.deepEqual(
    [headers['user-agent'], headers['accept-encoding'], headers.authorization, headers.cookie],
    [FETCHER, 'gzip', undefined, undefined],
  );
  assert.deepEqual(deck.slides.imageBytes('image_1'), png(20, 10));
  const [element] = (await deck.get()).json.slides[0].pageElements;
  assert.equal(element.image.sourceUrl, host.url);
  assert.deepEqual(deck.slides.fetches[0], { method: 'GET', url: host.url, status: 200, bytes: png(20, 10).length });
});

test('25,000,000 pixels are taken and one row more is not', async () => {
  await using host = await startHost((request, response) =>
    response.end(request.url?.endsWith('more') ? gif(5_000, 5_001) : png(5_000, 5_000)),
  );
  await using deck = await startDeck();
  assert.equal((await deck.batch([create(host.url)])).status, 200);
  assert.equal((await deck.batch([create(`${host.url}/more`, 'image_2')])).json.error.message, PROBLEM);
});

test('50 MB are refused and one byte less is taken', async () => {
  let size = 50_000_000;
  await using host = await startHost((_, response) =>
    response.end(Buffer.concat([png(2, 2), Buffer.alloc(size)], size)),
  );
  await using deck = await startDeck();
  assert.equal((await deck.batch([create(host.url)])).json.error.message, PROBLEM);
  size--;
  assert.equal((await deck.batch([create(host.url)])).status, 200);
});

test('what an image is, its bytes tell and no header', async () => {
  let answer = serving(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'));
  await using host = await startHost((request, response) => answer(request, response));
  await using deck = await startDeck();
  assert.equal((await deck.batch([create(host.url)])).json.error.message, PROBLEM);
  answer = serving(Buffer.from('RIFF\x24\x00\x00\x00WEBPVP8 and more than that', 'latin1'));
  assert.equal((await deck.batch([create(host.url)])).json.error.message, PROBLEM);
  answer = serving(gif(3, 3), { 'content-type': 'text/html' });
  assert.equal((await deck.batch([create(host.url)])).status, 200);
  answer = serving(gzipSync(png(3, 3)), { 'content-encoding': 'gzip' });
  assert.equal((await deck.batch([create(host.url, 'image_2')])).status, 200);
  assert.deepEqual(deck.slides.imageBytes('image_2'), png(3, 3));
});

test('an image that cannot be had fails the batch, and the first of them is named', async () => {
  await using host = await startHost((request, response) => {
    const path = request.url ?? '';
    if (path.endsWith('/403')) response.writeHead(403).end();
    else if (path.endsWith('/404')) response.writeHead(404).end(png(1, 1));
    else if (path.endsWith('/302')) response.writeHead(302, { location: '/image' }).end();
    else if (path.endsWith('/cut'))
      response.writeHead(200, { 'content-length': '99' }).write(png(1, 1), () => response.destroy());
    else response.end(png(1, 1));
  });
  await using deck = await startDeck();
  assert.equal(
    (await deck.batch([create(`${host.url}/403`)])).json.error.message,
    'Invalid requests[0].createImage: Access to the provided image was forbidden.',
  );
  for (const path of ['404', '302', 'cut'])
    assert.equal((await deck.batch([create(`${host.url}/${path}`)])).json.error.message, PROBLEM, path);
  const { json } = await deck.batch([
    create(host.url),
    create(`${host.url}/404`, 'image_2'),
    create(`${host.url}/403`, 'image_3'),
  ]);
  assert.match(json.error.message, /^Invalid requests\[1\]\.createImage: There was a problem/);
  assert.deepEqual(deck.ids(), []);
});

test('an address that is none of http, too long, or not of this machine is not asked', async () => {
  await using host = await startHost(serving(png(1, 1)));
  await using deck = await startDeck();
  for (const url of ['data:image/png;base64,AA==', 'ftp://127.0.0.1/a', 'nothing', `${host.url}?${'x'.repeat(2_048)}`])
    assert.equal((await deck.batch([create(url)])).status, 400, url.slice(0, 20));
  assert.deepEqual(deck.google.forbidden(), []);
  assert.equal((await deck.batch([create('https://images.example.com/a')])).status, 400);
  assert.equal(deck.google.forbidden().length, 1);
  assert.equal(host.asked.length, 0);
});

test('a token or the id of a Drive file in the address of an image is told as forbidden', async () => {
  await using host = await startHost(serving(png(1, 1)));
  await using deck = await startDeck();
  const file = deck.google.drive.addFile({ bytes: png(1, 1) });
  const token = deck.google.issueToken({ account: deck.google.account, scopes: ['drive'] });
  const hidden = Buffer.from(JSON.stringify({ file })).toString('base64url');
  for (const path of ['fine', `?access_token=x`, token, file, `a/${hidden}/b`, encodeURIComponent(`/${file}`)])
    await deck.batch([create(`${host.url}/${path}`, `image_${host.asked.length}`)]);
  assert.deepEqual(
    deck.google.forbidden().map((what) => what.split(' ')[1]),
    ['token', 'token', 'id', 'id', 'id'],
  );
});

test('an image stands as large as its proportions allow in the middle of its size, then comes the transform', async () => {
  await using host = await startHost(serving(png(400, 100)));
  await using deck = await startDeck();
  const size = { width: { magnitude: 1_000_000, unit: 'EMU' }, height: { magnitude: 1_000_000, unit: 'EMU' } };
  const transform = { scaleX: 2, scaleY: 1, translateX: 10, translateY: 1, unit: 'PT' };
  const { status } = await deck.batch([
    create(host.url, 'image_1', { pageObjectId: 'slide_1', size, transform }),
    create(host.url, 'image_2', { pageObjectId: 'slide_1' }),
  ]);
  assert.equal(status, 200);
  const { x, y, width, height } = deck.seen('image_1');
  assert.deepEqual([x, y, width, height].map(Math.round), [127_000, 12_700 + 375_000, 2_000_000, 250_000]);
  assert.deepEqual([deck.seen('image_2').width, deck.seen('image_2').height], [400 * 9_525, 100 * 9_525]);
});

test('sizes and transforms that say too little, or flatten the image, are refused', async () => {
  await using host = await startHost(serving(png(1, 1)));
  await using deck = await startDeck();
  const { size, transform } = EMU_PAGE;
  const bad = [
    { size: { width: size.width } },
    { size: { ...size, height: { magnitude: 5 } } },
    { size: { ...size, height: { magnitude: 0, unit: 'EMU' } } },
    { transform: { ...transform, unit: undefined } },
    { transform: { ...transform, scaleX: 0 } },
    { pageObjectId: 'slide_1_notes' },
  ];
  for (const part of bad)
    assert.equal(
      (await deck.batch([create(host.url, 'image_1', { ...EMU_PAGE, ...part })])).status,
      400,
      JSON.stringify(part),
    );
});

test('a replacement keeps the middle, the turn, the alt text and the place among the others', async () => {
  await using host = await startHost(serving(png(100, 100)));
  const box = { x: 50_000, y: 70_000, width: 2_000_000, height: 500_000, degrees: 30 };
  const imageProperties = { brightness: 0.5, cropProperties: { leftOffset: 0.1 }, outline: { dashStyle: 'DOT' } };
  const elements = ['image_1', 'image_2', 'image_3'].map((objectId) =>
    image({
      objectId,
      ...box,
      bytes: png(40, 30),
      title: 'T',
      description: 'D',
      imageProperties,
      sourceUrl: 'https://old',
    }),
  );
  await using deck = await startDeck({ slides: [{ elements }] });
  const before = deck.seen('image_1');
  const replace = (imageObjectId: string, imageReplaceMethod: 'CENTER_INSIDE' | 'CENTER_CROP'): SlidesRequest => ({
    replaceImage: { imageObjectId, url: host.url, imageReplaceMethod },
  });
  const { json } = await deck.batch([replace('image_1', 'CENTER_INSIDE'), replace('image_2', 'CENTER_CROP')]);
  assert.deepEqual(json.replies, [{}, {}]);
  assert.deepEqual(deck.ids(), ['image_1', 'image_2', 'image_3']);
  const inside = deck.seen('image_1');
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-3, `${a} for ${b}`);
  for (const key of ['centerX', 'centerY', 'degrees'] as const) close(inside[key], before[key]);
  close(inside.width, 500_000);
  close(inside.height, 500_000);
  const one = deck.slides.element(deck.id, 'image_1');
  assert.deepEqual([one?.title, one?.description, one?.image?.sourceUrl], ['T', 'D', host.url]);
  assert.deepEqual(one?.image?.imageProperties, { outline: { dashStyle: 'DOT' } });
  const crop = { leftOffset: 0, rightOffset: 0, topOffset: 0.375, bottomOffset: 0.375 };
  assert.deepEqual(deck.slides.element(deck.id, 'image_2')?.image?.imageProperties?.['cropProperties'], crop);
  close(deck.seen('image_2').width, before.width);
  close(deck.seen('image_2').height, before.height);
  assert.deepEqual(deck.slides.imageBytes('image_1'), png(100, 100));
  assert.deepEqual(deck.slides.imageBytes('image_3'), png(40, 30));
});

test('it can ask with HEAD first, get twice, and break off and begin again', async () => {
  await using host = await startHost(serving(png(300, 300)));
  await using deck = await startDeck();
  deck.slides.behave({ headFirst: true, abortFirst: true, gets: 2, pauseMs: 0 });
  assert.equal((await deck.batch([create(host.url)])).status, 200);
  assert.deepEqual(host.methods(), ['HEAD', 'GET', 'GET', 'GET']);
  deck.slides.behave({});
  assert.equal((await deck.batch([create(host.url, 'image_2')])).status, 200);
  assert.equal(host.asked.length, 5);
});

test('an edit while images are fetched counts for the required revision, and is not lost without one', async () => {
  await using host = await startHost(serving(png(1, 1)));
  await using deck = await startDeck({
    slides: [{ elements: [image({ objectId: 'image_0', ...{ x: 0, y: 0, width: 9, height: 9 }, bytes: png(1, 1) })] }],
  });
  deck.slides.behave({ beforeBody: () => deck.slides.touch(deck.id) });
  const requiredRevisionId = deck.slides.revisionOf(deck.id);
  const { json } = await deck.batch([create(host.url)], { requiredRevisionId });
  assert.match(json.error.message, /does not match/);
  deck.slides.behave({ beforeGet: () => deck.slides.removeElement(deck.id, 'image_0') });
  assert.equal((await deck.batch([create(host.url)])).status, 200);
  assert.deepEqual(deck.ids(), ['image_1']);
});

test('a host that never answers is given up, and so is one that is held when all ends', async () => {
  await using host = await startHost(() => undefined);
  await using deck = await startDeck();
  deck.slides.behave({ timeoutMs: 20 });
  assert.equal((await deck.batch([create(host.url)])).json.error.message, PROBLEM);
  deck.slides.behave({ timeoutMs: 600_000 });
  const left = deck.batch([create(host.url)]).catch((error: unknown) => error);
  const { socket } = await host.askedFor(2);
  const closed = once(socket, 'close');
  await deck.google[Symbol.asyncDispose]();
  await closed;
  assert.ok((await left) instanceof Error);
});
