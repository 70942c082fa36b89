/** Versions as they come in and go out: 0 to 2^64 - 1, with 19 digits often, which a JSON number does not hold. */
import * as z from 'zod';
import type { Version, VersionState } from '#shared/migrations/migration.ts';

const MOST = 2n ** 64n - 1n;
const RULE = `must be a whole number from 0 to ${MOST}, or -1 for none, as a text where it has more than 15 digits`;
const LOST = 'must be a text, in quotation marks: a JSON number this large may have lost its last digits on the way';

export const versionGiven = z
  .union([z.string(), z.number()], RULE)
  .superRefine((given, issues) => {
    if (typeof given === 'number' && Math.abs(given) > Number.MAX_SAFE_INTEGER) issues.addIssue(LOST);
    else if (!/^(?:-1|\d{1,20})$/.test(String(given)) || BigInt(given) > MOST) issues.addIssue(RULE);
  })
  .describe('A version, best as a text: numbers beyond 2^53 are refused. `-1` is none');

/** Of what `versionGiven` has let through; undefined for -1. */
export function readVersion(given: string | number): Version | undefined {
  const version = BigInt(given);
  return version < 0n ? undefined : version;
}

export const versionTold = (version: Version | undefined): string | null => version?.toString() ?? null;

export function stateTold({ version, dirty }: VersionState) {
  return { version: versionTold(version), dirty };
}
