import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createRecordingQueue, start } from './rig.ts';
import { createSampleStore, led } from './sample.ts';

const store = await createSampleStore();
const queue = createRecordingQueue();

describe('the host', () => {
  test('decides the domain however it is spelled; an unknown one gets 404 and leads nowhere', async () => {
    await using instance = await start({ store, queue });
    for (const host of ['go.example', 'GO.Example', 'go.example:8080', 'go.example.', 'Go.Example.:80'])
      assert.equal(await led(instance, '/a', { host }), '302 https://t.example/a', host);
    for (const host of ['other.example', '127.0.0.1', '[::1]', 'go.example.evil', 'go_example', 'sub.go.example'])
      assert.equal(await led(instance, '/a', { host }), '404', host);
    assert.equal(await led(instance, '/a', { host: 'xn--mnchen-3ya.example' }), '302 https://t.example/munich');
    const utf8 = Buffer.from('münchen.example').toString('latin1');
    assert.match(await instance.raw(`GET /a HTTP/1.1\r\nHost: ${utf8}\r\nConnection: close\r\n\r\n`), /\/munich\r\n/);
    assert.match(await instance.raw('GET /a HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 404 /);
  });

  test('in the request line counts more than the header', async () => {
    await using instance = await start({ store, queue });
    const answer = await instance.raw(
      'GET http://go.example/a HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n',
    );
    assert.match(answer, /^HTTP\/1\.1 302 [\s\S]*Location: https:\/\/t\.example\/a\r\n/);
  });

  test('comes once: two lines are refused, also of a path that is known, whatever they say', async () => {
    await using instance = await start({ store, queue });
    assert.equal(await led(instance, '/a'), '302 https://t.example/a');
    for (const second of ['other.example', 'go.example']) {
      const lines = `Host: go.example\r\nhost: ${second}\r\nConnection: close\r\n\r\n`;
      assert.match(await instance.raw(`GET /a HTTP/1.1\r\n${lines}`), /^HTTP\/1\.1 400 /, second);
    }
  });

  test('is taken from X-Forwarded-Host only where the peer is a configured proxy', async () => {
    await using open = await start({ store, queue });
    await using behind = await start({ store, queue, env: { HAWKER_TRUSTED_PROXIES: '127.0.0.0/8' } });
    const asked = { host: 'other.example', headers: { 'x-forwarded-host': 'Go.Example:443' } };
    assert.equal(await led(open, '/a', asked), '404');
    assert.equal(await led(behind, '/a', asked), '302 https://t.example/a');
  });
});

describe('matching', () => {
  test('takes the longest link by whole segments, exact before prefix, in any spelling of the path', async () => {
    await using instance = await start({ store, queue });
    const cases: [string, string][] = [
      ['/docs', '302 https://t.example/docs?v=2#top'],
      ['/DOCS/', '302 https://t.example/docs?v=2#top'],
      ['/docs/x', '302 https://t.example/docs/x?v=2#top'],
      ['/docs-x', '404'],
      ['/docs/admin', '302 https://t.example/exact'],
      ['/docs/admin/', '302 https://t.example/exact'],
      ['/docs/admin/x', '302 https://t.example/admin/x'],
      ['/docs/administrator', '302 https://t.example/docs/administrator?v=2#top'],
      ['/%F0%9F%8D%9C/caf%C3%A9', '302 https://t.example/food'],
      ['/%f0%9f%8d%9c/CAFE%CC%81', '302 https://t.example/food'],
      ['/', '404'],
    ];
    for (const [path, expected] of cases) {
      assert.equal(await led(instance, path), expected, path);
      assert.equal(await led(instance, path), expected, `${path}, now cached`);
    }
    assert.equal(await led(instance, '/Sale', { host: 'strict.example' }), '301 https://t.example/strict');
    assert.equal(await led(instance, '/sale', { host: 'strict.example' }), '404');
    assert.equal(await led(instance, '/Sale/', { host: 'strict.example' }), '404');
  });

  test('appends the rest byte for byte and never leaves the target', async () => {
    await using instance = await start({ store, queue });
    const below = '302 https://t.example/admin';
    assert.equal(await led(instance, '/docs/admin/a%2Fb/%e4//c%20D/?x'), `${below}/a%2Fb/%e4//c%20D/?x`);
    assert.equal(await led(instance, '/docs/admin//evil.example'), `${below}/evil.example`);
    for (const rest of ['..', '%2e%2e/x', '.%2E/x', 'x/../..', '..%2f', '..%5c', '%2e'])
      assert.equal(await led(instance, `/docs/admin/${rest}`), '404', rest);
  });

  test('never answers 5xx or an unsafe Location, whatever is asked', async () => {
    await using instance = await start({ store, queue });
    for (const path of ['/%', '/%zz', '/%00', '/a%0d%0aX:y', '/docs/%0a', '/a#x', '/a\\b'])
      assert.match(
        await instance.raw(`GET ${path} HTTP/1.1\r\nHost: go.example\r\nConnection: close\r\n\r\n`),
        /^HTTP\/1\.1 400 /,
      );
    const part = fc.constantFrom(
      '/docs',
      '/',
      '..',
      '%2e',
      '%5c',
      '\\',
      '%',
      '%0d%0a',
      '?',
      '&',
      '=',
      '#',
      'é',
      '\x80',
      ';',
      '@',
      '\t',
      'a',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 8 }),
        fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS'),
        async (parts, method) => {
          const answer = await instance.raw(
            `${method} /${parts.join('')} HTTP/1.1\r\nHost: go.example\r\nConnection: close\r\n\r\n`,
          );
          assert.match(answer, /^HTTP\/1\.1 [2-4]\d\d /);
          const location = /\r\nLocation: (.*?)\r\n/.exec(answer)?.[1];
          if (location !== undefined) assert.match(location, /^https:\/\/t\.example\/[!-~]*$/);
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('the query is spliced in raw, before the fragment, as the link says', async () => {
  await using instance = await start({ store, queue });
  const at = async (path: string) => (await instance.ask(path)).headers.location;
  assert.equal(
    await at('/q?tag=1&tag=2&flag&b=%E4%F6&q=a+c'),
    'https://t.example/?sig=x%2By~z&tag=1&tag=2&flag&b=%E4%F6&q=a+c#f',
  );
  assert.equal(await at('/q?'), 'https://t.example/?q=a%20b&sig=x%2By~z#f');
  assert.equal(await at('/q-off?x=2'), 'https://t.example/?x=1');
  assert.equal(await at('/q-target?x=2&y'), 'https://t.example/?x=1&y');
  assert.equal(await at('/q-append?x=2&x=3'), 'https://t.example/?x=1&x=2&x=3');
  assert.equal(await at('/q-allow?utm_source=a&secret=1&gclid=2'), 'https://t.example/?utm_source=a&gclid=2');
  assert.equal(await at('/a?redir_url=https://evil.example'), 'https://t.example/a?redir_url=https://evil.example');
});
