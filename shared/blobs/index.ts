/** Where blobs are kept, as the settings say: in the bucket HAWKER_BUCKET, or in a folder of HAWKER_DATA. */
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Google } from '../google/google.ts';
import type { Ids } from '../ids.ts';
import type { Blobs } from './blobs.ts';

interface Opening {
  /** Opened only where there is a bucket. */
  google: () => Promise<Google>;
  clock: Clock;
  ids: Ids;
}

export async function openBlobs(config: Config, { google, clock, ids }: Opening): Promise<Blobs> {
  const { HAWKER_BUCKET: bucket, HAWKER_DATA: data } = config;
  if (bucket === undefined) {
    const { createDiskBlobs } = await import('./disk.ts');
    return createDiskBlobs(join(data, 'blobs'), { clock, ids });
  }
  const { createCloudStorageBlobs } = await import('./cloud-storage.ts');
  return createCloudStorageBlobs(bucket, (await google()).as({ type: 'own' }).storage);
}
