/** Values of documents: their integers, how large they are, and as JSON for people. */
import { isUint8Array } from 'node:util/types';

/** As read with all integers as BigInt: numbers of those that a number holds and that the SDK writes as an integer again; only the others stay. */
export function exact(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(exact);
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, exact(one)]));
  return value;
}

/** Path of the first BigInt that no int64 holds: the SDK would write it without its upper bits, and say nothing. */
export function beyondInt64(value: unknown): string[] | undefined {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? undefined : [];
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value) && !isPlain(value))
    // Those of FieldValue.arrayUnion and arrayRemove are sent too.
    return 'methodName' in value && 'elements' in value ? beyondInt64(value.elements) : undefined;
  for (const [name, one] of Object.entries(value)) {
    const found = beyondInt64(one);
    if (found) return [name, ...found];
  }
  return undefined;
}

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
  return json(plain(value));
}

/** JSON, where a BigInt stands as a number with all its digits. */
export function json(value: unknown): string {
  // Node has it; TypeScript does not know it yet.
  const { rawJSON } = JSON as JSON & { rawJSON: (text: string) => unknown };
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? rawJSON(String(one)) : one));
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
