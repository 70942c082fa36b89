import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { contentAddress, fetchContent } from './content.ts';
import { ample, serve } from './rig.ts';

guardAgainstLeaks();

describe("the address of an image's content", () => {
  it('is on googleusercontent.com by https', () => {
    for (const address of ['https://lh7-us.googleusercontent.com/abc?key=x', 'https://lh3.googleusercontent.com:443/a'])
      assert.equal(contentAddress(address, undefined)?.href, new URL(address).href);
  });

  it('is nowhere else', () => {
    for (const address of [
      '',
      'abc',
      '/abc',
      'http://lh3.googleusercontent.com/a',
      'https://lh3.googleusercontent.com:8443/a',
      'https://googleusercontent.com/a',
      'https://evilgoogleusercontent.com/a',
      'https://lh3.googleusercontent.com.evil.example/a',
      'https://lh3.googleusercontent.com@evil.example/a',
      'https://user@lh3.googleusercontent.com/a',
      'https://169.254.169.254/computeMetadata/v1/',
      'http://127.0.0.1:8080/a',
      'file:///etc/passwd',
      'data:image/png;base64,AAAA',
    ])
      assert.equal(contentAddress(address, undefined), undefined, address);
  });

  it('is also on the server of GOOGLE_APIS_ROOT_URL, at that very port', () => {
    const root = 'http://127.0.0.1:8080/google';
    assert.ok(contentAddress('http://127.0.0.1:8080/a', root));
    assert.equal(contentAddress('http://127.0.0.1:8081/a', root), undefined);
    assert.equal(contentAddress('https://127.0.0.1:8080/a', root), undefined);
  });

  it('is never on another host, whatever is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.webUrl({ withQueryParameters: true }).map((url) => `//${url}`),
        ),
        (address) => {
          const url = contentAddress(address, undefined, new URL('https://a.googleusercontent.com/b'));
          if (url) assert.match(url.origin, /^https:\/\/[^/:@]+\.googleusercontent\.com$/);
        },
      ),
    );
  });
});

describe("an image's content", () => {
  const fetchFrom = (url: string) =>
    fetchContent(url, 1_000, ample.signal, {
      clock: createFakeClock(),
      ids: systemIds,
      log: createKeptLog(),
      rootUrl: new URL(url).origin,
    });

  it('is followed to where the same server sends, three times at most', async () => {
    let left = 3;
    await using served = await serve((_, response) => {
      if (left-- > 0) response.writeHead(302, { location: '/next' }).end();
      else response.end('bytes');
    });
    assert.equal(Buffer.from(await fetchFrom(served.url)).toString(), 'bytes');
    left = 4;
    await assert.rejects(fetchFrom(served.url), { code: 'not_found' });
  });

  it('is not followed elsewhere', async () => {
    let asked = 0;
    await using elsewhere = await serve((_, response) => {
      asked++;
      response.end('x');
    });
    await using served = await serve((_, response) => response.writeHead(302, { location: elsewhere.url }).end());
    await assert.rejects(fetchFrom(served.url), { code: 'not_found' });
    assert.equal(asked, 0);
  });

  it('is not there any more for any refusal', async () => {
    for (const status of [400, 403, 404, 410]) {
      await using served = await serve((_, response) => response.writeHead(status).end());
      await assert.rejects(fetchFrom(served.url), { code: 'not_found' });
    }
  });
});
