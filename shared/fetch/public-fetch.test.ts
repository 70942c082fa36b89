import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { createAuthority } from '../testing/certificates.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { fetchPublic } from './public-fetch.ts';
import {
  answers,
  asked,
  at,
  authority,
  get,
  HOST,
  never,
  port,
  redirect,
  refused,
  SECRET,
  serveHere,
} from './source-rig.ts';

guardAgainstLeaks();

describe('fetching', () => {
  serveHere();

  describe('a public source', () => {
    it('is read, without telling it anything of us', async () => {
      assert.equal(Buffer.from(await get(at(`/image?key=${SECRET}`))).toString(), 'an image');
      assert.deepEqual(asked, [
        {
          path: `/image?key=${SECRET}`,
          headers: {
            accept: 'image/*, */*;q=0.5',
            'accept-encoding': 'identity',
            'user-agent': 'Hawker',
            host: `${HOST}:${port}`,
            connection: 'close',
          },
        },
      ]);
    });

    it('may lead on five times, also relatively, and not six times', async () => {
      for (let hop = 0; hop < 6; hop++)
        answers[`/${hop}`] = redirect([301, 302, 303, 307, 308, 302][hop] ?? 302, `${hop + 1}`);
      answers['/6'] = (_, response) => response.end('at last');
      assert.equal(Buffer.from(await get(at('/1'))).toString(), 'at last');
      await refused(get(at('/0')), 'source_refused', /more than 5 times/);
    });

    it('may be as large as the limit, and not a byte more, announced or not', async () => {
      answers['/most'] = (_, response) => response.end(Buffer.alloc(1_000));
      answers['/announced'] = (_, response) => response.end(Buffer.alloc(1_001));
      let cut = false;
      answers['/endless'] = (_, response) => {
        const more = () => response.write(Buffer.alloc(500)) && setImmediate(more);
        response.on('close', () => {
          cut = true;
        });
        response.on('drain', more);
        response.on('error', () => {});
        more();
      };
      assert.equal((await get(at('/most'))).length, 1_000);
      await refused(get(at('/announced')), 'source_too_large');
      await refused(get(at('/endless')), 'source_too_large');
      while (!cut) await new Promise(setImmediate);
    });

    it('is unpacked within the limit where it comes packed all the same', async () => {
      const body = Buffer.alloc(900, 'x');
      for (const [encoding, packed] of [
        ['gzip', gzipSync],
        ['deflate', deflateSync],
        ['BR', brotliCompressSync],
      ] as const) {
        const send = (bytes: Buffer) => (_: unknown, response: ServerResponse) =>
          response.writeHead(200, { 'content-encoding': encoding }).end(bytes);
        answers['/packed'] = send(packed(body));
        assert.deepEqual(Buffer.from(await get(at('/packed'))), body);
        answers['/packed'] = send(packed(Buffer.alloc(1_001)));
        await refused(get(at('/packed')), 'source_too_large');
        answers['/packed'] = send(packed(Buffer.from(`${SECRET}${'y'.repeat(99)}`)).subarray(0, 20));
        await refused(get(at('/packed')), 'source_invalid');
      }
      answers['/packed'] = (_, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('z');
      await refused(get(at('/packed')), 'source_invalid');
    });
  });

  describe('an address that may not be fetched', () => {
    it('is any but https on its own port and without a name or password', async () => {
      for (const url of [
        `http://${HOST}:${port}/image`,
        `ftp://${HOST}/`,
        'file:///etc/passwd',
        'data:image/png,x',
        'not an address',
        '',
        `https://me@${HOST}:${port}/image`,
        `https://:pass@${HOST}:${port}/image`,
        `https://${HOST}:${port + 1}/image`,
        `https://${HOST}/image`,
      ])
        await refused(get(url), 'source_refused');
      assert.deepEqual(asked, []);
    });

    it('is one that leads elsewhere than to the public Internet, by its name, its number or its resolver', async () => {
      const { allow: _, ...real } = { allow: 0 };
      const asPublished = (url: string, addresses: string[]) =>
        fetchPublic(url, {
          maxBytes: 1_000,
          signal: never,
          clock: createFakeClock(),
          port,
          ca: authority.ca,
          lookup: async () => addresses,
          ...real,
        });
      for (const addresses of [
        ['127.0.0.1'],
        ['8.8.8.8', '127.0.0.1'],
        ['::1'],
        ['169.254.169.254'],
        ['::ffff:127.0.0.1'],
        [],
      ])
        await refused(asPublished(at('/image'), addresses), 'source_refused');
      for (const host of [
        '127.0.0.1',
        '2130706433',
        '0x7f.1',
        '[::1]',
        '[::ffff:7f00:1]',
        'localhost',
        'localhost.',
        'metadata.google.internal',
        'a.internal',
      ])
        await refused(asPublished(`https://${host}:${port}/image`, ['8.8.8.8']), 'source_refused');
      assert.deepEqual(asked, []);
    });

    it('is not reached by a redirect either', async () => {
      for (const location of [
        `http://${HOST}:${port}/image`,
        `https://127.0.0.2:${port}/image`,
        `//[::1]:${port}/image`,
        `https://metadata.google.internal:${port}/`,
        `https://me:${SECRET}@${HOST}:${port}/image`,
        `https://${HOST}:1/`,
        'file:///etc/passwd',
        'https://[',
      ]) {
        answers['/on'] = redirect(302, location);
        await refused(get(at('/on')), 'source_refused');
      }
      assert.ok(asked.every(({ path }) => path === '/on'));
    });

    it('is not reached by a name that changes its mind: each hop asks once, and connects to what was checked', async () => {
      const told = [['127.0.0.1'], ['10.0.0.1']];
      const lookup = async () => told.shift() ?? assert.fail('asked once more');
      await get(at('/image'), { lookup });
      answers['/on'] = redirect(307, '/image');
      told.splice(0, 1, ['127.0.0.1'], ['10.0.0.1']);
      asked.length = 0;
      await refused(get(at('/on'), { lookup }), 'source_refused');
      assert.deepEqual(
        asked.map(({ path }) => path),
        ['/on'],
      );
    });
  });

  describe('a source that answers otherwise', () => {
    it('is told by what it means for whoever asked', async () => {
      for (const [status, code] of [
        [404, 'source_not_found'],
        [410, 'source_not_found'],
        [401, 'source_forbidden'],
        [403, 'source_forbidden'],
        [408, 'source_unavailable'],
        [429, 'source_unavailable'],
        [500, 'source_unavailable'],
        [503, 'source_unavailable'],
        [400, 'source_invalid'],
        [304, 'source_invalid'],
        [300, 'source_invalid'],
        [302, 'source_invalid'],
        [206, 'source_invalid'],
        [204, 'source_invalid'],
      ] as const) {
        answers['/odd'] = redirect(status);
        await refused(get(at('/odd')), code, new RegExp(`${status}`));
      }
    });

    it('is unavailable where it is cut off, is no HTTP, has no valid certificate, or is not there', async () => {
      answers['/cut'] = (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write(SECRET, () => response.destroy());
      };
      await refused(get(at('/cut')), 'source_unavailable', /ECONNRESET/);
      answers['/garbage'] = (_, response) => void response.socket?.end(`${SECRET}\r\n\r\n`);
      await refused(get(at('/garbage')), 'source_unavailable', /HPE/);
      await refused(get(at('/image'), { ca: createAuthority().ca }), 'source_unavailable');
      await refused(
        get(at('/image'), {
          lookup: async () => Promise.reject(Object.assign(new Error(HOST), { code: 'ENOTFOUND' })),
        }),
        'source_unavailable',
        /ENOTFOUND/,
      );
      const host = `https://other.example:${port}/image`;
      await refused(get(host), 'source_unavailable', /CERT/);
      assert.ok(asked.every(({ path }) => path !== '/image'));
    });
  });
});
