/** What the contract's tests share. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isAppError } from '../errors.ts';
import type { Doc, Store, Write } from './store.ts';

/** The name of a collection that nobody else uses. */
export const collection = () => `c-${randomUUID()}`;
export const create = (c: string, id: string, value: object): Write => ({ op: 'create', collection: c, id, value });
export const times = <T>(count: number, work: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => work(n));

/** The document without its age, which differs from read to read. */
export async function read(store: Store, c: string, id: string): Promise<Omit<Doc, 'ageMs'> | undefined> {
  const doc = await store.get(c, id);
  if (!doc) return undefined;
  const { ageMs: _age, ...rest } = doc;
  return rest;
}

/** The error, which must have this code. */
export async function rejectsWith(code: Parameters<typeof isAppError>[1], promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => assert.fail(`should have failed with ${code}`),
    (reason: unknown) => reason,
  );
  if (!isAppError(error, code)) throw error;
  return error;
}

/** The versions of those that succeeded; all others must have met a conflict. */
export function winners(results: PromiseSettledResult<string>[]): string[] {
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return result.value;
    assert.ok(isAppError(result.reason, 'conflict'), String(result.reason));
    return [];
  });
}
