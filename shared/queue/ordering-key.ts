/** The one limit of a publication that is not the event's own. */
import { AppError } from '../errors.ts';

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const MAX_BYTES = 1024;

export function assertOrderingKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_BYTES)
    throw new AppError('too_large', `the ordering key is larger than ${MAX_BYTES} bytes`);
}
