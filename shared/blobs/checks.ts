/** What every driver of blobs asks of its arguments. */
import { AppError } from '../errors.ts';
import { isBlobName } from './blobs.ts';

/** RFC 6838 names of at most 127 characters each; parameters are of no use to an image. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;
const MOST_LISTED = 1_000;

export function checkName(name: string): string {
  if (!isBlobName(name)) throw new AppError('invalid', 'this is not the name of a blob');
  return name;
}

export function checkType(type: string): string {
  if (!MEDIA_TYPE.test(type)) throw new AppError('invalid', 'a blob needs a media type such as image/png');
  return type;
}

export function checkLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_LISTED)
    throw new AppError('invalid', `a listing has 1 to ${MOST_LISTED} names`);
  return limit;
}
