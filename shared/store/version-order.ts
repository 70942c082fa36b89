/** What every driver's `orderOf` promises about the number in a version. */
import { AppError } from '../errors.ts';
import type { Version } from './store.ts';

/** `found` is the number that the driver reads in the version, if any. */
export function orderFrom(found: number | undefined, version: Version): number {
  if (found === undefined || !Number.isSafeInteger(found) || found < 1)
    throw new AppError('invalid', `${JSON.stringify(version)} is no version of this store`);
  return found;
}
