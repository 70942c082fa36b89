/** Blobs as objects of one Cloud Storage bucket, in Hawker's own name and under one prefix: the bucket may hold other things too. */
import { AppError } from '../errors.ts';
import type { GoogleApis } from '../google/google.ts';
import { type Blobs, isBlobName, OBJECT_PREFIX as PREFIX } from './blobs.ts';
import { checkLimit, checkName, checkType } from './checks.ts';

/** The calls themselves end after some attempts, each of them bounded. */
const UNLIMITED = new AbortController().signal;

export function createCloudStorageBlobs(bucket: string, storage: GoogleApis['storage']): Blobs {
  const objectOf = (name: string) => PREFIX + checkName(name);

  return {
    shared: true,
    put: async (name, bytes, type, { signal = UNLIMITED } = {}) =>
      storage.write(bucket, objectOf(name), bytes, checkType(type), { signal }),
    async get(name, { signal = UNLIMITED } = {}) {
      const found = await storage.read(bucket, objectOf(name), { signal });
      if (found?.size !== undefined) return { ...found, size: found.size };
      // We keep nothing packed: somebody else wrote it.
      await found?.body.cancel();
      if (found) throw new AppError('unavailable', 'what is kept under this name is damaged');
      return undefined;
    },
    delete: async (name, { signal = UNLIMITED } = {}) => storage.delete(bucket, objectOf(name), { signal }),
    async list(after, limit, { signal = UNLIMITED } = {}) {
      checkLimit(limit);
      for (let from = after === undefined ? undefined : PREFIX + after; ; ) {
        const objects = await storage.list(bucket, PREFIX, from, limit, { signal });
        const names = objects.map((object) => object.slice(PREFIX.length)).filter(isBlobName);
        // A page of nothing but somebody else's objects is not the end.
        if (names.length > 0 || objects.length < limit) return names;
        from = objects.at(-1);
      }
    },
    sign: async (name, seconds, { signal = UNLIMITED } = {}) =>
      storage.sign(bucket, objectOf(name), seconds, { signal }),
  };
}
