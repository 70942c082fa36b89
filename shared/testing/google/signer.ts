/** The key that Google keeps for a service account, which signs for whoever may ask it to. */
import { createSign, createVerify, generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface Signer {
  /** The e-mail address of the account. */
  readonly account: string;
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** RSA-SHA256, PKCS #1 v1.5: as `signBlob` signs. */
  sign(bytes: Uint8Array): Buffer;
  /** As `signJwt` signs. */
  jwt(payload: object): string;
  /** What it says, where the signature is ours. */
  opened(jwt: string): Record<string, unknown> | undefined;
}

let pair: { publicKey: KeyObject; privateKey: KeyObject } | undefined;

export function createSigner(account: string): Signer {
  const keyId = 'f4k3k3y0000000000000000000000000000000001';
  // Made when it is first needed, once for all: that takes a tenth of a second.
  const keys = () => (pair ??= generateKeyPairSync('rsa', { modulusLength: 2_048 }));
  const sign = (bytes: Uint8Array) => createSign('RSA-SHA256').update(bytes).sign(keys().privateKey);
  return {
    account,
    keyId,
    get publicKey() {
      return keys().publicKey;
    },
    sign,
    jwt(payload) {
      const said = `${part({ alg: 'RS256', typ: 'JWT', kid: keyId })}.${part(payload)}`;
      return `${said}.${sign(Buffer.from(said)).toString('base64url')}`;
    },
    opened(jwt) {
      const [header = '', payload = '', signature = ''] = jwt.split('.');
      const verify = createVerify('RSA-SHA256').update(`${header}.${payload}`);
      if (!verify.verify(keys().publicKey, signature, 'base64url')) return undefined;
      return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    },
  };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
