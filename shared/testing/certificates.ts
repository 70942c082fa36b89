/**
 * A certificate authority for tests, made when it is needed and gone with the process: one root, and certificates for 127.0.0.1, ::1 and localhost
 * that it signs. Node can read and check X.509 certificates but not make them, so the little DER that they need (RFC 5280) is written here.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv6 } from 'node:net';

export interface Authority {
  /** The root, PEM. */
  readonly ca: string;
  /** A server's key and certificate, PEM. */
  issue(name?: string): { key: string; cert: string };
  /** Of a key that somebody else has; PEM. */
  certify(key: KeyObject, name: string): string;
}

const ADDRESSES = ['127.0.0.1', '::1'];
const NAMES = ['localhost', 'kubernetes.default.svc'];

const OID = {
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  keyUsage: [0x55, 0x1d, 0x0f],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
};

export function createAuthority(): Authority {
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Two roots of one name would be taken for each other, and the failure told as a bad signature.
  const issuer = nameOf(`test root ${randomBytes(4).toString('hex')}`);
  const isRoot = [
    extension(OID.basicConstraints, sequence(boolean(true))),
    // Certificates may be signed with it.
    extension(OID.keyUsage, der(0x03, Buffer.from([2, 0b0000_0100]))),
  ];
  const serves = [
    extension(
      OID.subjectAltName,
      sequence(
        ...NAMES.map((name) => der(0x82, Buffer.from(name))),
        ...ADDRESSES.map((address) => der(0x87, bytesOf(address))),
      ),
    ),
  ];
  return {
    ca: certificate({ issuer, subject: issuer, key: root.publicKey, signer: root.privateKey, extensions: isRoot }),
    certify: (key, name) =>
      certificate({ issuer, subject: nameOf(name), key, signer: root.privateKey, extensions: [] }),
    issue(name = 'test server') {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const subject = nameOf(name);
      return {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        cert: certificate({ issuer, subject, key: publicKey, signer: root.privateKey, extensions: serves }),
      };
    },
  };
}

interface Content {
  issuer: Buffer;
  subject: Buffer;
  key: KeyObject;
  signer: KeyObject;
  extensions: Buffer[];
}

function certificate({ issuer, subject, key, signer, extensions }: Content): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const hour = 3_600_000;
  const content = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    issuer,
    sequence(utcTime(Date.now() - 24 * hour), utcTime(Date.now() + 24 * hour)),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const whole = sequence(content, algorithm, bits(sign('sha256', content, signer)));
  const lines = whole.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = content.length;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...contents: Buffer[]) => der(0x30, ...contents);
const oid = (bytes: number[]) => der(0x06, Buffer.from(bytes));
const integer = (bytes: Buffer) => der(0x02, bytes);
const boolean = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));
const bits = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);
const utcTime = (ms: number) =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/\D/g, '').slice(2, 14)}Z`));
const nameOf = (text: string) => sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(text)))));
const extension = (id: number[], value: Buffer) => sequence(oid(id), boolean(true), der(0x04, value));

function bytesOf(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  // Enough for a loopback address.
  return Buffer.concat([Buffer.alloc(15), Buffer.from([Number.parseInt(address.replaceAll(':', ''), 16)])]);
}
