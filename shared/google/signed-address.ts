/** Addresses by which anybody may GET one object for a while: V4 signatures, https://cloud.google.com/storage/docs/authentication/signatures. */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';

export interface AddressParts {
  /** Of Cloud Storage, without a trailing slash. */
  root: string;
  bucket: string;
  name: string;
  /** For how long it holds, at most 604,800. */
  seconds: number;
  /** The service account that signs. */
  account: string;
  /** Wall clock, milliseconds. */
  now: number;
}

const MOST_SECONDS = 604_800;
/** Slides takes no longer ones. */
const MOST_CHARACTERS = 2_000;
const ALGORITHM = 'GOOG4-RSA-SHA256';

/** `sign` answers the RSA-SHA256 signature of the account. Throws `invalid` for a time out of range, and for a name that no address of 2,000 characters can hold. */
export async function signAddress(parts: AddressParts, sign: (text: string) => Promise<Uint8Array>): Promise<string> {
  const { root, bucket, name, seconds, account, now } = parts;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS)
    throw new AppError('invalid', `a signed address holds for 1 to ${MOST_SECONDS} seconds`);
  const { origin, hostname, pathname } = new URL(root);
  const path = `${pathname.replace(/\/$/, '')}/${bucket}/${name.split('/').map(escaped).join('/')}`;
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
  const query = Object.entries({
    'X-Goog-Algorithm': ALGORITHM,
    'X-Goog-Credential': `${account}/${scope}`,
    'X-Goog-Date': time,
    'X-Goog-Expires': String(seconds),
    'X-Goog-SignedHeaders': 'host',
  })
    .map(([key, value]) => `${key}=${escaped(value)}`)
    .join('&');
  // As Google's own clients do, the host is signed without a port.
  const canonical = ['GET', path, query, `host:${hostname}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const unsigned = `${origin}${path}?${query}&X-Goog-Signature=`;
  // Whoever GETs it would leave out `..` and what is before it.
  if (new URL(unsigned).pathname !== path) throw new AppError('invalid', 'no address can hold this name');
  // Before anybody is asked: a signature of a 2,048 bit key has 512 digits.
  if (unsigned.length + 512 > MOST_CHARACTERS) throw tooLong();
  const signature = await sign([ALGORITHM, time, scope, digest].join('\n'));
  const address = unsigned + Buffer.from(signature).toString('hex');
  if (address.length > MOST_CHARACTERS) throw tooLong();
  return address;
}

function tooLong(): AppError {
  return new AppError('invalid', `the name is too long for a signed address of at most ${MOST_CHARACTERS} characters`);
}

/** RFC 3986: all but letters, digits and `-._~`. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
