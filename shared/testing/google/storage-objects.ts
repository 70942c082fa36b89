/** Buckets and their objects as the fake keeps them, and as the JSON API shows them. */
import { createHash } from 'node:crypto';
import { crc32c } from './crc32c.ts';

export interface FakeObject {
  bytes: Buffer;
  type: string;
  /** `gzip` where the bytes are packed and Google unpacks them for whoever cannot. */
  encoding?: string;
  generation: number;
}

export interface FakeObjects {
  /** A bucket of these accounts; of anybody with a token where none is named. */
  addBucket(bucket: string, members?: readonly string[]): void;
  has(bucket: string): boolean;
  admits(bucket: string, account: string): boolean;
  put(bucket: string, name: string, bytes: Uint8Array, type: string, encoding?: string): FakeObject;
  get(bucket: string, name: string): FakeObject | undefined;
  delete(bucket: string, name: string): boolean;
  /** In the order of their UTF-8 bytes. */
  names(bucket: string): string[];
}

export function createFakeObjects(): FakeObjects {
  const buckets = new Map<string, Map<string, FakeObject>>();
  const accounts = new Map<string, readonly string[] | undefined>();
  let generation = 1_700_000_000_000_000;
  return {
    addBucket(bucket, members) {
      buckets.set(bucket, new Map());
      accounts.set(bucket, members);
    },
    has: (bucket) => buckets.has(bucket),
    admits: (bucket, account) => accounts.get(bucket)?.includes(account) ?? true,
    put(bucket, name, bytes, type, encoding) {
      const objects = buckets.get(bucket);
      if (!objects) throw new Error(`the fake has no bucket ${bucket}`);
      const made = { bytes: Buffer.from(bytes), type, ...(encoding && { encoding }), generation: ++generation };
      objects.set(name, made);
      return made;
    },
    get: (bucket, name) => buckets.get(bucket)?.get(name),
    delete: (bucket, name) => buckets.get(bucket)?.delete(name) ?? false,
    names: (bucket) =>
      [...(buckets.get(bucket)?.keys() ?? [])].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  };
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

export function resourceOf(bucket: string, name: string, object: FakeObject, spoil = false) {
  const seen = spoil ? Buffer.from('other bytes') : object.bytes;
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${object.generation}`,
    name,
    bucket,
    generation: String(object.generation),
    metageneration: '1',
    contentType: object.type,
    ...(object.encoding && { contentEncoding: object.encoding }),
    storageClass: 'STANDARD',
    size: String(object.bytes.length),
    md5Hash: md5(seen),
    crc32c: crc32c(seen),
  };
}
