import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { checkTarget, MAX_TARGET_BYTES } from './target.ts';

test('a public http or https address is taken, its bytes kept where a URL allows them', () => {
  const taken: [string, string][] = [
    ['https://example.com', 'https://example.com/'],
    ['HTTPS://Example.COM:443/A/b', 'https://example.com/A/b'],
    ['https://münchen.example/straße?ü=1#é', 'https://xn--mnchen-3ya.example/stra%C3%9Fe?%C3%BC=1#%C3%A9'],
    [
      'https://example.com/?q=a%20b&sig=x%2By~z&tag=1&tag=2&flag#f',
      'https://example.com/?q=a%20b&sig=x%2By~z&tag=1&tag=2&flag#f',
    ],
    ['https://example.com/a%2Fb%zz', 'https://example.com/a%2Fb%zz'],
    ['https://8.8.8.8/x', 'https://8.8.8.8/x'],
    ['https://[2606:4700::1111]/', 'https://[2606:4700::1111]/'],
    ['https://example.com./x', 'https://example.com./x'],
    ['https://example.com/me@home?x=a@b', 'https://example.com/me@home?x=a@b'],
    ['https://localhost.example.com/', 'https://localhost.example.com/'],
  ];
  for (const [text, expected] of taken) assert.equal(checkTarget(text), expected, text);
});

test('private and loopback addresses are refused in every spelling', () => {
  const hosts = [
    ...[
      '127.0.0.1',
      '0x7f000001',
      '2130706433',
      '127.1',
      '0177.0.0.1',
      '0',
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '169.254.169.254',
    ],
    ...[
      '100.64.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '127.0.0.1.',
      '１２７.0.0.1',
      '127。0。0。1',
      '0x7f.1',
    ],
    ...[
      '[::1]',
      '[::]',
      '[::ffff:10.0.0.1]',
      '[::ffff:7f00:1]',
      '[::ffff:0:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::a00:1]',
      '[2002:7f00:1::]',
      '[fd00:ec2::254]',
    ],
    ...[
      '[fe80::1]',
      '[fec0::1]',
      '[ff02::1]',
      'localhost',
      'LOCALHOST',
      'localhost.',
      'go.localhost',
      'printer.local',
      'db.internal',
    ],
    ...['metadata.google.internal', 'metadata.google.internal.', 'metadata', 'nas.home.arpa'],
  ];
  for (const host of hosts)
    for (const text of [`http://${host}`, `https://${host}:8443/x`])
      assert.throws(
        () => checkTarget(text),
        (error) => isAppError(error, 'target_refused'),
        text,
      );
});

test('other schemes, users, control characters and rubbish are refused', () => {
  const wrong = [
    ...[
      'javascript:alert(1)',
      'java\nscript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'ftp://example.com/',
      'mailto:a@b.example',
    ],
    ...[
      'https://bank.example@evil.example/',
      'https://a:b@evil.example/',
      'https://@evil.example/',
      'https:\\\\evil.example',
      'https:evil.example',
    ],
    ...[
      'https:/evil.example',
      '//evil.example',
      '/relative',
      '',
      ' ',
      'https://',
      'https://exa mple.com/',
      'https://example.com:99999/',
    ],
    ...[
      'https://example.com/\r\nSet-Cookie: a=b',
      'https://example.com/a\tb',
      'https://example.com/\u0000',
      'https://example.com/\u0085',
    ],
    ...[
      'https://example.com/\ud800',
      `https://example.com/${'a'.repeat(MAX_TARGET_BYTES)}`,
      `https://example.com/${'é'.repeat(3_000)}`,
    ],
  ];
  for (const text of wrong)
    assert.throws(
      () => checkTarget(text),
      (error) => isAppError(error, 'target_refused'),
      text,
    );
});

test('a name under localhost is let through where a domain is served there', () => {
  assert.equal(
    checkTarget('http://go.localhost:8080/a', (host) => host === 'go.localhost'),
    'http://go.localhost:8080/a',
  );
});

test('no other inner name is let through, even where it is served: localhost itself is the console', () => {
  for (const host of ['localhost', 'localhost.', 'LOCALHOST:8080', 'db.internal', 'nas.local', 'xlocalhost.local'])
    assert.throws(
      () => checkTarget(`http://${host}/a`, () => true),
      (error) => isAppError(error, 'target_refused'),
      host,
    );
});

test('what is taken is ASCII without control characters and is taken again unchanged', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl({ withFragments: true, withQueryParameters: true }),
        fc.string({ unit: 'binary' }).map((tail) => `https://example.com/${tail}`),
      ),
      (text) => {
        let target: string;
        try {
          target = checkTarget(text);
        } catch (error) {
          assert.ok(isAppError(error, 'target_refused'));
          return;
        }
        assert.match(target, /^https?:\/\/[!-~]+$/);
        assert.equal(checkTarget(target), target);
      },
    ),
  );
});
