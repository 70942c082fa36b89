/** Randomness and identifiers, injected. */
import { randomBytes } from 'node:crypto';
import { customAlphabet, nanoid } from 'nanoid';

/** Letters and digits that cannot be taken for one another: no 0 O o, 1 l I i, u v, or 2 Z z, 5 S s, 8 B pairs. */
const CLEAR_ALPHABET = '34679abcdefghjkmnpqrtwxy';

export interface Ids {
  /** A 21-character identifier with 126 random bits, safe in addresses and document ids. */
  unique(): string;
  /** A lower-case code for people to type: `length` characters of CLEAR_ALPHABET. */
  code(length: number): string;
  /** `bytes` random bytes as base64url, for keys and secrets. */
  secret(bytes: number): string;
  /** A number in [0, 1) for jitter; never for secrets. */
  random(): number;
}

const code = customAlphabet(CLEAR_ALPHABET);

export const systemIds: Ids = {
  unique: () => nanoid(),
  code: (length) => code(length),
  secret: (bytes) => randomBytes(bytes).toString('base64url'),
  random: () => Math.random(),
};
