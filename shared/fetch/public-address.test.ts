import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isInnerName, isPublicAddress } from './public-address.ts';

const octet = fc.nat(255);
const group = fc.nat(0xffff).map((value) => value.toString(16));
const rest = (count: number) =>
  fc.array(group, { minLength: count, maxLength: count }).map((groups) => groups.join(':'));

/** Networks that are not the public Internet's, as patterns of four octets. */
const INNER_IPV4: readonly (readonly [number, number, number?, number?])[] = [
  [0, 0],
  [10, 0],
  [10, 255],
  [100, 64],
  [100, 127],
  [127, 0],
  [127, 255],
  [169, 254],
  [172, 16],
  [172, 31],
  [192, 0, 0],
  [192, 0, 2],
  [192, 88, 99],
  [192, 168],
  [198, 18],
  [198, 19],
  [198, 51, 100],
  [203, 0, 113],
  [224, 0],
  [239, 255],
  [240, 0],
  [255, 255],
];
const innerIpv4 = fc
  .tuple(fc.constantFrom(...INNER_IPV4), octet, octet)
  .map(([[a, b, c], third, fourth]) => [a, b, c ?? third, fourth]);
/** What URL makes of a host, as a resolver or a socket would be given it. */
const hostOf = (host: string) => new URL(`https://${host}/`).hostname.replace(/^\[|\]$/g, '');
const hex = (octets: readonly number[], from: number) =>
  octets
    .slice(from, from + 2)
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('');

describe('an address', () => {
  it('is public where anybody may have it', () => {
    for (const address of [
      '8.8.8.8',
      '1.1.1.1',
      '100.63.255.255',
      '100.128.0.0',
      '172.15.0.1',
      '172.32.0.1',
      '192.167.255.255',
      '223.255.255.255',
      '2606:4700::1111',
      '2a00:1450:4001::200e',
    ])
      assert.ok(isPublicAddress(address), address);
  });

  it('is not public in any special network of IPv4, in whatever notation it is written', () => {
    fc.assert(
      fc.property(innerIpv4, (octets) => {
        const [a = 0, b = 0, c = 0, d = 0] = octets;
        const number = ((a * 256 + b) * 256 + c) * 256 + d;
        const forms = [
          octets.join('.'),
          `${octets.join('.')}.`,
          String(number),
          `0x${number.toString(16)}`,
          `0${number.toString(8)}`,
          octets.map((value) => `0x${value.toString(16)}`).join('.'),
          octets.map((value) => `0${value.toString(8)}`).join('.'),
          `${a}.${b}.${c * 256 + d}`,
          `${a}.0x${(b * 65_536 + c * 256 + d).toString(16)}`,
          octets.join('%2e'),
          octets.join('。'),
        ];
        for (const form of forms) assert.ok(!isPublicAddress(hostOf(form)), form);
      }),
    );
  });

  it('is not public where IPv6 carries an address of IPv4, public or not', () => {
    fc.assert(
      fc.property(fc.oneof(innerIpv4, fc.constant([8, 8, 8, 8])), (octets) => {
        const [high, low, dotted] = [hex(octets, 0), hex(octets, 2), octets.join('.')];
        for (const host of [
          `::ffff:${dotted}`,
          `::ffff:${high}:${low}`,
          `::${dotted}`,
          `64:ff9b::${dotted}`,
          `64:ff9b:1::${high}:${low}`,
          `::ffff:0:${dotted}`,
          `2002:${high}:${low}::1`,
          `2001:0:${high}:${low}::`,
          `2001:0:0:0:0:0:${high}:${low}`,
        ]) {
          assert.ok(!isPublicAddress(host), host);
          assert.ok(!isPublicAddress(hostOf(`[${host}]`)), host);
        }
      }),
    );
  });

  it('is not public in any special network of IPv6', () => {
    const networks = fc.constantFrom(
      'fc00',
      'fdff',
      'fe80',
      'febf',
      'fec0',
      'ff02',
      '100',
      '5f00',
      '3fff',
      '2002',
      '2001:db8',
      '2001:2',
      '2001:10',
      '2001:20',
      '2001:1ff',
      '64:ff9b',
      '4000',
      '1fff',
      '0',
    );
    fc.assert(
      fc.property(networks, rest(6), (network, groups) => {
        const address = `${network}:${groups}${network.includes(':') ? '' : ':1'}`;
        assert.ok(
          network === '3fff'
            ? !isPublicAddress(`3fff:0${address.slice(address.indexOf(':', 5))}`)
            : !isPublicAddress(address),
          address,
        );
      }),
    );
    for (const address of ['::', '::1', 'fe80::1%eth0', '2606:4700::1111%eth0'])
      assert.ok(!isPublicAddress(address), address);
  });

  it('is one alone, as it is written out', () => {
    for (const text of [
      '',
      ' 8.8.8.8',
      '8.8.8.8 ',
      '8.8.8',
      '0x8.8.8.8',
      '08.8.8.8',
      '134744072',
      '8.8.8.8:443',
      '[2606:4700::1111]',
      'example.com',
      '8.8.8.8\0',
    ])
      assert.ok(!isPublicAddress(text), JSON.stringify(text));
    fc.assert(fc.property(fc.string(), (text) => !isPublicAddress(text) || /^[\d.]+$|^[\da-f:.]+$/i.test(text)));
  });
});

describe('a name', () => {
  it('is an inner one without a dot, or below a domain that nobody owns', () => {
    for (const name of [
      'localhost',
      'LOCALHOST'.toLowerCase(),
      'localhost.',
      'metadata',
      'metadata.google.internal',
      'metadata.google.internal.',
      'a.localhost',
      'printer.local',
      'nas.home.arpa',
      'x.lan',
      '',
    ])
      assert.ok(isInnerName(name), name);
    for (const name of ['example.com', 'example.com.', 'internal.example.com', 'local.dev', 'mylocal.net'])
      assert.ok(!isInnerName(name), name);
  });
});
