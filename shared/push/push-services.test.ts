import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pushAddress } from './push-services.ts';

const MORE = ['push.example', 'push.example:8443', '127.0.0.1:9000', 'localhost:9000'];

describe('an address to push to', () => {
  it('is at a push service that browsers are known to use', () => {
    for (const endpoint of [
      'https://fcm.googleapis.com/fcm/send/abc:def',
      'https://updates.push.services.mozilla.com/wpush/v2/gAAA',
      'https://web.push.apple.com/QGuQ',
      'https://wns2-sg2p.notify.windows.com/w/?token=BQY%3d',
    ])
      assert.equal(pushAddress(endpoint, [])?.href, new URL(endpoint).href);
  });

  it('is at a host of the settings, with its port', () => {
    for (const endpoint of ['https://push.example/a', 'https://push.example:443/a', 'https://push.example:8443/a'])
      assert.ok(pushAddress(endpoint, MORE), endpoint);
    for (const endpoint of ['https://push.example:8444/a', 'https://a.push.example/a', 'https://127.0.0.1/a'])
      assert.equal(pushAddress(endpoint, MORE), undefined, endpoint);
  });

  it('is http on this machine alone, and only where the settings name it', () => {
    assert.ok(pushAddress('http://127.0.0.1:9000/a', MORE));
    assert.ok(pushAddress('http://localhost:9000/a', MORE));
    for (const endpoint of ['http://push.example/a', 'http://127.0.0.1/a', 'http://fcm.googleapis.com/a'])
      assert.equal(pushAddress(endpoint, MORE), undefined, endpoint);
    assert.equal(pushAddress('http://127.0.0.1:9000/a', []), undefined);
  });

  it('is nothing that only looks like one', () => {
    for (const endpoint of [
      '',
      'fcm.googleapis.com/a',
      'https://fcm.googleapis.com.evil.example/a',
      'https://fcm.googleapis.com./a',
      'https://evilpush.apple.com/a',
      'https://push.apple.com/a',
      'https://fcm.googleapis.com@evil.example/a',
      'https://user:secret@fcm.googleapis.com/a',
      'https://fcm.googleapis.com:8443/a',
      'https://fcm.googleapis.com/a#b',
      'https://evil.example/https://fcm.googleapis.com/a',
      'https://169.254.169.254/computeMetadata/v1/',
      'ftp://fcm.googleapis.com/a',
      `https://fcm.googleapis.com/${'a'.repeat(2_000)}`,
    ])
      assert.equal(pushAddress(endpoint, []), undefined, endpoint.slice(0, 80));
  });

  it('is never on another host than the lists name, whatever is sent', () => {
    const piece = fc.constantFrom(
      'https:',
      'http:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '.',
      '?',
      '#',
      'fcm.googleapis.com',
      'evil.example',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 8 }), (pieces) => {
        const address = pushAddress(pieces.join(''), []);
        assert.ok(
          address === undefined || (address.hostname === 'fcm.googleapis.com' && address.protocol === 'https:'),
        );
      }),
    );
  });
});
