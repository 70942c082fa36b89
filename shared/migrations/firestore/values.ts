/** Values of documents: how large they are, and as JSON for people. */
import { isUint8Array } from 'node:util/types';

/** About as many bytes as Firestore counts: https://firebase.google.com/docs/firestore/storage-size */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 1;
  if (isUint8Array(value)) return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + 4 + bytesOf(one), 4);
  if (isPlain(value))
    return Object.entries(value).reduce((sum, [name, one]) => sum + Buffer.byteLength(name) + 4 + bytesOf(one), 4);
  return 32;
}

/** JSON, names in their order; what JSON has no word for is told by one. */
export function shown(value: unknown): string {
  return JSON.stringify(plain(value));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (isPlain(value))
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((name) => [name, plain(value[name])]),
    );
  if (isUint8Array(value)) return `bytes ${Buffer.from(value).toString('base64').slice(0, 100)}`;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  // Of the SDK: a transform has the name of its method, a reference its path, a time its date.
  if ('methodName' in value) return `${value.methodName}()`;
  if ('path' in value) return `reference ${value.path}`;
  if ('toDate' in value && typeof value.toDate === 'function') return (value.toDate() as Date).toISOString();
  if ('toArray' in value && typeof value.toArray === 'function') return value.toArray() as unknown;
  if (value instanceof Date) return value.toISOString();
  return 'latitude' in value && 'longitude' in value ? [value.latitude, value.longitude] : String(value);
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
