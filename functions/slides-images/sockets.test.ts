/** Images over real sockets: at the root of a host of its own, and below a name as under `npm start`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { FETCHES, type FetchRecord } from '#shared/slides/grant-record.ts';
import { GRANT_MS } from '#shared/slides/grants.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createTestImages, IMAGE_BYTES, type KeptBlob, serveImages, type TestImages } from './testing.ts';

guardAgainstLeaks();

const PIECE_BYTES = 64 * 1024;
/** The largest that is served is 20 MB; what sockets hold back by themselves is a few. */
const LARGE = Buffer.alloc(64 * 1024 * 1024, 'large');
const SMALL = Buffer.alloc(10 * PIECE_BYTES, 'small');

const turn = () => new Promise(setImmediate);

async function closed(blob: KeptBlob) {
  while (blob.open > 0) await turn();
}

/** All that a server sends until it closes, or cuts, the connection. */
async function rawGet(port: number, path: string): Promise<{ head: string; body: Buffer }> {
  const socket = connect(port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part)).on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: images.example\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  const all = Buffer.concat(parts);
  const end = all.indexOf('\r\n\r\n');
  return { head: all.toString('latin1', 0, end), body: all.subarray(end + 4) };
}

async function visitor(images: TestImages, ask: (url: string) => Promise<Response>, below = '') {
  await using server = await serveImages(images, below);
  const { path, token } = await images.open();
  const answer = await ask(`${server.url}${below ? `${below}/${token}` : path}`);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), IMAGE_BYTES);
  const { docs } = await images.store.list<FetchRecord>(FETCHES, { limit: 1 });
  return docs[0]?.value.address;
}

describe('an image over a socket', () => {
  it('comes with its length, at the root and below the name, and leaves who asked for it', async () => {
    for (const below of ['', '/slides-images']) {
      const images = await createTestImages({ prefix: below });
      const seen = await visitor(
        images,
        async (url) => {
          const head = await fetch(url, { method: 'HEAD' });
          assert.deepEqual([head.status, head.headers.get('Content-Length')], [200, String(IMAGE_BYTES.byteLength)]);
          const answer = await fetch(url, { redirect: 'error', headers: { 'X-Forwarded-For': '198.51.100.7' } });
          assert.equal(answer.headers.get('Content-Length'), String(IMAGE_BYTES.byteLength));
          assert.equal(answer.headers.get('Transfer-Encoding'), null);
          return answer;
        },
        below,
      );
      assert.equal(seen, '127.0.0.1', 'nobody believes a header of a stranger');
    }
  });

  it('was asked for by whom a trusted proxy names', async () => {
    const images = await createTestImages({ settings: { HAWKER_TRUSTED_PROXIES: '127.0.0.1' } });
    const headers = { 'X-Forwarded-For': '198.51.100.7' };
    assert.equal(await visitor(images, (url) => fetch(url, { headers })), '198.51.100.7');
  });

  it('is closed when the client hangs up', async () => {
    const images = await createTestImages();
    await using server = await serveImages(images);
    const { path, blob } = await images.open(LARGE);
    const hangUp = new AbortController();
    const answer = await fetch(`${server.url}${path}`, { signal: hangUp.signal });
    await answer.body?.getReader().read();
    assert.equal(blob.open, 1);
    hangUp.abort();
    await closed(blob);
    assert.ok(blob.pulled * PIECE_BYTES < LARGE.byteLength);
    assert.deepEqual(
      images.log.lines.filter(({ severity }) => severity === 'ERROR'),
      [],
      'that is no failure of ours',
    );
  });

  it('is closed when the client has gone before it could begin', async () => {
    const found = Promise.withResolvers<void>();
    const images = await createTestImages();
    await using server = await serveImages(images);
    const { path, blob } = await images.open(SMALL);
    images.slow = found.promise;
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: images.example\r\n\r\n`);
    while (blob.open === 0) await turn();
    socket.destroy();
    while ((await server.connections()) > 0) await turn();
    found.resolve();
    await closed(blob);
    while (images.clock.sleepers > 0) await turn();
  });

  it('is read no faster than its readers take it, however many there are', async () => {
    const images = await createTestImages();
    await using server = await serveImages(images);
    const readers: { socket: Socket; blob: KeptBlob }[] = [];
    for (let n = 0; n < 4; n++) {
      const { path, blob } = await images.open(LARGE);
      const socket = connect(server.port, '127.0.0.1');
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: images.example\r\nConnection: close\r\n\r\n`);
      readers.push({ socket, blob });
    }
    // Until nothing has moved for many turns.
    for (let still = 0, before = -1; still < 500; ) {
      const pulled = readers.reduce((sum, { blob }) => sum + blob.pulled, 0);
      still = pulled === before && pulled > 0 ? still + 1 : 0;
      before = pulled;
      await turn();
    }
    for (const { blob } of readers) assert.ok(blob.pulled * PIECE_BYTES < LARGE.byteLength / 2, String(blob.pulled));
    // Longer than a request may wait for its answer.
    await images.clock.advance(GRANT_MS - 1);
    for (const { socket, blob } of readers) {
      let bytes = 0;
      socket.on('data', (part) => {
        bytes += part.byteLength;
      });
      socket.resume();
      await once(socket, 'close');
      assert.ok(bytes > LARGE.byteLength);
      assert.equal(blob.open, 0);
    }
    assert.equal(images.clock.sleepers, 0);
  });

  it('is cut off from whom is still reading it when its time is long over', async (t) => {
    t.mock.method(console, 'error', () => undefined);
    const images = await createTestImages();
    await using server = await serveImages(images);
    const { path, blob } = await images.open(LARGE);
    const answer = await fetch(`${server.url}${path}`);
    const reader = answer.body?.getReader();
    await reader?.read();
    await images.clock.advance(GRANT_MS);
    await closed(blob);
    await assert.rejects(async () => {
      while (!(await reader?.read())?.done);
    });
    assert.equal(images.log.lines.filter(({ severity }) => severity === 'ERROR').length, 1);
  });
});

describe('an image that is not what was granted', () => {
  const SHORT = SMALL.byteLength / PIECE_BYTES - 1;

  /** What is wrong with it; `change` makes it so after the grant was opened. */
  const FAULTS: Record<string, (blob: KeptBlob) => void> = {
    'fails at its first piece': (blob) => void Object.assign(blob, { failsAt: 0 }),
    'fails at its second piece': (blob) => void Object.assign(blob, { failsAt: 1 }),
    'fails at its third piece': (blob) => void Object.assign(blob, { failsAt: 2 }),
    'fails at its last piece': (blob) => void Object.assign(blob, { failsAt: SHORT }),
    'ends before its last piece': (blob) => void Object.assign(blob, { endsAt: SHORT }),
    'has other bytes': (blob) => {
      blob.bytes = Buffer.from(SMALL);
      blob.bytes[0] = 0;
    },
  };

  for (const [what, change] of Object.entries(FAULTS))
    it(`never looks whole: one that ${what}`, async (t) => {
      const printed = t.mock.method(console, 'error', () => undefined);
      const images = await createTestImages();
      await using server = await serveImages(images);
      const { path, blob } = await images.open(SMALL);
      change(blob);
      const { head, body } = await rawGet(server.port, path);
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*content-length: 655360\b/i);
      assert.ok(body.byteLength < SMALL.byteLength);
      assert.ok(body.equals(blob.bytes.subarray(0, body.byteLength)), 'nothing but bytes of the image');
      assert.equal(blob.open, 0);
      assert.ok(!printed.mock.calls.some(({ arguments: told }) => told.join().includes('/secret/')));
      const errors = images.log.lines.filter(({ severity }) => severity === 'ERROR');
      assert.deepEqual(
        errors.map(({ message, job, image }) => [message, job, image]),
        [['an image broke off while it was sent', 'job', '0.0']],
      );
    });
});
