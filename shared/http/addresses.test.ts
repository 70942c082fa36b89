import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createForwarding, isCidr } from './addresses.ts';

/** A request as far as this module looks at it. */
const request = (peer: string | undefined, headers: Record<string, string | string[]> = {}) =>
  ({ socket: { remoteAddress: peer }, headers }) as unknown as IncomingMessage;

describe('isCidr', () => {
  it('takes a network and a prefix length that its family allows', () => {
    for (const text of ['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', '2001:db8::/32', '::/0', '::1/128'])
      assert.ok(isCidr(text), text);
  });

  it('refuses everything else', () => {
    for (const text of [
      '10.0.0.0',
      '10.0.0.0/33',
      '::1/129',
      '10.0.0/8',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '/8',
      '10.0.0.0/-1',
    ])
      assert.ok(!isCidr(text), text);
  });
});

describe('the client address', () => {
  it('is the peer, whatever the header claims, where no proxy is trusted', () => {
    const { clientAddress } = createForwarding([]);
    assert.equal(clientAddress(request('192.0.2.9', { 'x-forwarded-for': '198.51.100.1' })), '192.0.2.9');
  });

  it('is the peer where the peer is not one of the trusted proxies', () => {
    const { clientAddress } = createForwarding(['10.0.0.0/8']);
    assert.equal(clientAddress(request('192.0.2.9', { 'x-forwarded-for': '198.51.100.1' })), '192.0.2.9');
  });

  it('is the right-most entry that no trusted proxy has, so that a forged left part changes nothing', () => {
    const { clientAddress } = createForwarding(['10.0.0.0/8', '2001:db8::/32']);
    const forwarded = '203.0.113.66, 198.51.100.1, 10.1.1.1, 2001:db8::7';
    assert.equal(clientAddress(request('10.0.0.1', { 'x-forwarded-for': forwarded })), '198.51.100.1');
    assert.equal(
      clientAddress(request('10.0.0.1', { 'x-forwarded-for': ['203.0.113.66', '198.51.100.1'] })),
      '198.51.100.1',
    );
  });

  it('is the left-most entry where all are trusted, and the proxy where it says nothing', () => {
    const { clientAddress } = createForwarding(['10.0.0.0/8']);
    assert.equal(clientAddress(request('10.0.0.1', { 'x-forwarded-for': '10.9.9.9, 10.1.1.1' })), '10.9.9.9');
    assert.equal(clientAddress(request('10.0.0.1')), '10.0.0.1');
  });

  it('reads an entry that names a port as well', () => {
    const { clientAddress } = createForwarding(['10.0.0.0/8']);
    for (const [entry, address] of [
      ['198.51.100.1:5555', '198.51.100.1'],
      ['[2001:db8::1]:443', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['2001:db8::1', '2001:db8::1'],
    ] as const)
      assert.equal(clientAddress(request('10.0.0.1', { 'x-forwarded-for': entry })), address);
  });

  it('stops at an entry that is no address', () => {
    const { clientAddress } = createForwarding(['10.0.0.0/8']);
    const forwarded = '198.51.100.1, unknown, 10.1.1.1';
    assert.equal(clientAddress(request('10.0.0.1', { 'x-forwarded-for': forwarded })), '10.1.1.1');
  });

  it('knows an IPv4 peer of a dual-stack socket', () => {
    const { clientAddress } = createForwarding(['10.0.0.1']);
    assert.equal(clientAddress(request('::ffff:192.0.2.9')), '192.0.2.9');
    assert.equal(clientAddress(request('::ffff:10.0.0.1', { 'x-forwarded-for': '198.51.100.1' })), '198.51.100.1');
  });

  it('is empty where the socket is gone', () => {
    assert.equal(createForwarding(['10.0.0.0/8']).clientAddress(request(undefined)), '');
  });

  it('never comes from what stands left of the entry a trusted proxy wrote', () => {
    const { clientAddress } = createForwarding(['10.0.0.0/8']);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())), (forged) => {
        const forwarded = [...forged, '198.51.100.1'].join(', ');
        assert.equal(clientAddress(request('10.0.0.1', { 'x-forwarded-for': forwarded })), '198.51.100.1');
      }),
    );
  });
});

describe('the requested host', () => {
  const headers = { host: 'internal:8080', 'x-forwarded-host': 'forged.example, go.example' };

  it('is the last X-Forwarded-Host where a trusted proxy is the peer', () => {
    assert.equal(createForwarding(['10.0.0.0/8']).requestedHost(request('10.0.0.1', headers)), 'go.example');
  });

  it('is Host for anyone else, and where the proxy forwards none', () => {
    assert.equal(createForwarding(['10.0.0.0/8']).requestedHost(request('192.0.2.9', headers)), 'internal:8080');
    assert.equal(createForwarding([]).requestedHost(request('10.0.0.1', headers)), 'internal:8080');
    assert.equal(
      createForwarding(['10.0.0.0/8']).requestedHost(request('10.0.0.1', { host: 'a.example' })),
      'a.example',
    );
    assert.equal(createForwarding([]).requestedHost(request('10.0.0.1')), '');
  });
});
