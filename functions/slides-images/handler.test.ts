import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Blobs } from '#shared/blobs/blobs.ts';
import { AppError } from '#shared/errors.ts';
import { FETCHES, type FetchRecord } from '#shared/slides/grant-record.ts';
import { GRANT_MS, MOST_GETS } from '#shared/slides/grants.ts';
import { makeToken } from '#shared/slides/token.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { createTestImages, IMAGE_BYTES, type TestImages } from './testing.ts';

async function ask(images: TestImages, line: string, headers: Record<string, string> = {}) {
  const [method = '', path = ''] = line.split(' ');
  const request = new Request(`https://images.example${path}`, {
    method,
    headers: { 'X-Request-Id': 'one', ...headers },
  });
  const answer = await images.instance.fetch(request);
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), bytes };
}

describe('a good address', () => {
  it('answers the image and says how it is to be treated', async () => {
    const images = await createTestImages();
    const { path, blob } = await images.open();
    const { status, headers, bytes } = await ask(images, `GET ${path}`);
    assert.equal(status, 200);
    assert.deepEqual(bytes, IMAGE_BYTES);
    assert.deepEqual(headers, {
      'cache-control': 'private, no-store, no-transform',
      'content-disposition': 'inline',
      'content-length': String(IMAGE_BYTES.byteLength),
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'content-type': 'image/png',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-request-id': 'one',
      'x-robots-tag': 'noindex',
    });
    assert.equal(blob.open, 0);
  });

  it('is good with and without the name of the function before the token', async () => {
    const images = await createTestImages();
    const { token } = await images.open();
    for (const path of [`/${token}`, `/slides-images/${token}`])
      assert.deepEqual((await ask(images, `GET ${path}`)).bytes, IMAGE_BYTES, path);
  });

  it('answers all of the image whatever part of it, or whichever version, is asked for', async () => {
    const images = await createTestImages();
    const asked = { Range: 'bytes=0-3', 'If-None-Match': '*', 'If-Modified-Since': 'Thu, 01 Jan 2026 00:00:00 GMT' };
    const { status, bytes, headers } = await ask(images, `GET ${(await images.open()).path}`, {
      ...asked,
      'Accept-Encoding': 'gzip, br',
    });
    assert.deepEqual([status, bytes], [200, IMAGE_BYTES]);
    for (const name of ['content-range', 'content-encoding', 'etag', 'set-cookie'])
      assert.equal(headers[name], undefined);
  });

  it('answers HEAD alike, without a body, and counts nothing', async () => {
    const images = await createTestImages();
    const { path, blob, id } = await images.open();
    const heads = [];
    for (let n = 0; n < 10; n++) heads.push(await ask(images, `HEAD ${path}`));
    const get = await ask(images, `GET ${path}`);
    for (const head of heads) {
      assert.deepEqual([head.status, head.headers], [get.status, get.headers]);
      assert.equal(head.bytes.byteLength, 0);
    }
    assert.equal(blob.open, 0);
    assert.equal(await images.grants.close(id), 1);
    assert.equal((await images.store.list(FETCHES, { limit: 10 })).docs.length, 1);
  });

  it('is recorded with who asked, and its token is in no line of the log', async () => {
    const images = await createTestImages();
    const { path, token } = await images.open();
    await ask(images, `GET ${path}`, { 'User-Agent': 'Mozilla/5.0 (compatible; Google-Apps-Script)' });
    await ask(images, `GET ${path}?a`);
    await ask(images, `HEAD /${token}`);
    await ask(images, `POST ${path}`);
    const { docs } = await images.store.list<FetchRecord>(FETCHES, { limit: 10 });
    assert.deepEqual(
      docs.map(({ value }) => [value.userAgent, value.address, value.gets]),
      [['Mozilla/5.0 (compatible; Google-Apps-Script)', '', 1]],
    );
    const requests = images.log.lines.filter(({ kind }) => kind === 'request');
    assert.deepEqual(
      requests.map(({ message }) => message),
      ['GET /slides-images/:token 200', 'GET /slides-images/:token 404', 'HEAD /:token 200', 'POST - 405'],
    );
    assert.ok(!JSON.stringify(images.log.lines).includes(token.slice(0, 20)));
  });

  it('says so while the store or the blobs do not answer, and only a good one does', async () => {
    const driver = createMemoryDriver();
    let down = false;
    const failing = () => Promise.reject(new AppError('unavailable', 'down'));
    const store = withShorthands({ ...driver, getMany: (...args) => (down ? failing() : driver.getMany(...args)) });
    const images = await createTestImages({ store });
    const { path, token } = await images.open();
    assert.equal((await ask(images, `HEAD ${path}`)).status, 200);
    down = true;
    for (const method of ['GET', 'HEAD']) assert.equal((await ask(images, `${method} ${path}`)).status, 503);
    const bad = [`/x`, `/${token.replace(/^./, 'B')}`, `/${'A'.repeat(92)}`];
    for (const each of bad) assert.equal((await ask(images, `GET ${each}`)).status, 404, each);

    const withoutBlobs = await createTestImages({ blobs: { get: failing } as unknown as Blobs });
    assert.equal((await ask(withoutBlobs, `GET ${(await withoutBlobs.open()).path}`)).status, 503);
  });
});

describe('a bad address', () => {
  /** Each kind, with the images that it is asked of. */
  async function badOnes(images: TestImages): Promise<Record<string, string>> {
    const over = await images.open();
    await images.clock.advance(GRANT_MS);
    const closed = await images.open();
    await images.grants.close(closed.id);
    const used = await images.open();
    for (let get = 0; get < MOST_GETS; get++) await ask(images, `GET ${used.path}`);
    const gone = await images.open();
    images.kept.clear();
    const good = await images.open();
    const other = await images.open(IMAGE_BYTES, { size: IMAGE_BYTES.byteLength + 1 });
    const { token } = good;
    const forged = {
      grant: 'A'.repeat(22),
      expiresAt: images.clock.now() + GRANT_MS,
      job: 'job',
      image: '0.0',
      sha256: '',
    };
    const never = new URL(await images.grants.pretend({ ...forged, blob: '', type: '', size: 0, uses: 1 })).pathname;
    return {
      over: over.path,
      closed: closed.path,
      'used up': used.path,
      'whose blob is gone': gone.path,
      'whose blob has another size': other.path,
      'never opened': never,
      forged: `/${makeToken('f'.repeat(32), forged)}`,
      'with a bit changed': `/${token.slice(0, 50)}${token[50] === 'A' ? 'B' : 'A'}${token.slice(51)}`,
      'cut off': `/${token.slice(0, -1)}`,
      'too long by one': `/${token}A`,
      'very long': `/${'A'.repeat(8_000)}`,
      padded: `/${token}=`,
      'spelt with an escape': `/%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
      'not even UTF-8': '/%ff',
      'with a query': `/${token}?a=1`,
      'with the token in the query': `/${token}?a=/${token}`,
      'with an empty query': `/${token}?`,
      'with a slash behind': `/${token}/`,
      'with more behind': `/${token}/x`,
      'below another name': `/images/${token}`,
      'below its name twice': `/slides-images/slides-images/${token}`,
      'with a dot': '/favicon.ico',
      'of nothing below the name': '/slides-images/',
    };
  }

  it('gets the same answer to the byte, whatever is wrong with it, to GET and to HEAD', async () => {
    const images = await createTestImages();
    const bad = await badOnes(images);
    const expected = await ask(images, 'GET /nothing/here');
    assert.equal(expected.status, 404);
    assert.equal(JSON.parse(expected.bytes.toString()).code, 'not_found');
    for (const [what, path] of Object.entries(bad)) {
      assert.deepEqual(await ask(images, `GET ${path}`), expected, what);
      assert.deepEqual(await ask(images, `HEAD ${path}`), { ...expected, bytes: Buffer.alloc(0) }, what);
    }
    for (const { open } of images.kept.values()) assert.equal(open, 0);
  });

  it('gets 405 to any other method, as a good one does', async () => {
    const images = await createTestImages();
    const bad = await badOnes(images);
    const { path, token, id } = await images.open();
    const same = [path, `/${token}`, bad['over'], bad['forged'], bad['cut off'], bad['very long'], bad['with a query']];
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const expected = await ask(images, `${method} /x`);
      assert.deepEqual([expected.status, expected.headers['allow']], [405, 'GET, HEAD'], method);
      for (const each of same) assert.deepEqual(await ask(images, `${method} ${each}`), expected, `${method} ${each}`);
    }
    assert.equal(await images.grants.close(id), 0);
  });

  it('is told to the operator where the image is not what was granted', async () => {
    const images = await createTestImages();
    await badOnes(images);
    const other = await images.open(IMAGE_BYTES, { size: 1 });
    await ask(images, `GET ${other.path}`);
    const [line] = images.log.lines.filter(({ severity }) => severity === 'ERROR');
    assert.deepEqual([line?.['size'], line?.['found'], line?.['job']], [1, IMAGE_BYTES.byteLength, 'job']);
  });
});

describe('what anyone may read', () => {
  it('is a page at the root that leads to the description, wherever it is served', async () => {
    for (const prefix of ['/slides-images', '']) {
      const images = await createTestImages({ prefix });
      const { status, bytes } = await ask(images, 'GET /');
      assert.equal(status, 200);
      assert.ok(bytes.includes(`href="${prefix}/openapi.json"`));
    }
  });

  it('is the description of the one route', async () => {
    const { bytes } = await ask(await createTestImages(), 'GET /openapi.json');
    const { paths } = JSON.parse(bytes.toString());
    assert.deepEqual(Object.keys(paths), ['/{token}']);
    const { responses, security } = paths['/{token}'].get;
    assert.deepEqual(security, []);
    assert.deepEqual(Object.keys(responses['200'].content), ['image/*']);
    assert.ok(responses['404']);
  });
});
