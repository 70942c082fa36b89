/**
 * The one check of everything that goes into a store, so that a mistake shows on every driver and not only in the cloud.
 * Each message names the rule that is broken.
 */
import { AppError } from '../errors.ts';
import { type ListOptions, MAX_COMMIT_BYTES, MAX_VALUE_BYTES, MAX_WRITES, type Write } from './store.ts';

type Prepared<W> = W extends { value: object } ? Omit<W, 'value'> & { json: string } : W;

/** A write whose value is JSON text already. */
export type PreparedWrite = Prepared<Write>;

const MAX_ID_BYTES = 1_500;
const MAX_LIST = 1_000;

/** The rule that a document id breaks, or undefined for a good one. */
export function idProblem(id: string): string | undefined {
  if (typeof id !== 'string' || id === '') return 'must not be empty';
  if (!id.isWellFormed()) return 'must be valid Unicode, without lone surrogates';
  if (Buffer.byteLength(id) > MAX_ID_BYTES)
    return `must be at most ${MAX_ID_BYTES.toLocaleString('en')} bytes of UTF-8`;
  if (id.includes('/')) return 'must not contain "/"';
  if (id === '.' || id === '..') return 'must not be "." or ".."';
  if (/^__.*__$/s.test(id)) return 'must not begin and end with "__"';
  return undefined;
}

export function validateKeys(collection: string, ids: readonly string[]): void {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(collection))
    throw new AppError(
      'invalid',
      `a collection's name must be 1 to 100 letters, digits or "-", not ${shown(collection)}`,
    );
  for (const id of ids) validateId('a document id', id);
}

export function validateList(collection: string, options: ListOptions): void {
  validateKeys(collection, []);
  if (options.prefix) validateId('a prefix', options.prefix);
  if (options.after !== undefined) validateId('"after"', options.after);
  if (!Number.isInteger(options.limit) || options.limit < 1 || options.limit > MAX_LIST)
    throw new AppError('invalid', `a limit must be a whole number from 1 to ${MAX_LIST.toLocaleString('en')}`);
}

/** Checks a commit as a whole and turns its values into text, once for any number of attempts. */
export function prepareWrites(writes: readonly Write[]): PreparedWrite[] {
  if (writes.length > MAX_WRITES)
    throw new AppError('too_large', `a commit must have at most ${MAX_WRITES} writes, not ${writes.length}`);
  const seen = new Set<string>();
  let bytes = 0;
  const prepared = writes.map((write): PreparedWrite => {
    validateKeys(write.collection, [write.id]);
    const name = nameOf(write);
    if (seen.has(name)) throw new AppError('invalid', `a commit must write each document at most once: ${name}`);
    seen.add(name);
    if (write.op === 'delete' || write.op === 'check') return write;
    if (write.expireAt && Number.isNaN(write.expireAt.getTime()))
      throw new AppError('invalid', `expireAt of ${name} must be a valid date`);
    const { value, ...rest } = write;
    const json = textOf(value, name);
    bytes += Buffer.byteLength(json);
    return { ...rest, json };
  });
  if (bytes > MAX_COMMIT_BYTES)
    throw new AppError('too_large', `the values of a commit must be at most ${MAX_COMMIT_BYTES} bytes, not ${bytes}`);
  return prepared;
}

/** How messages name a document. */
export function nameOf(write: { collection: string; id: string }): string {
  return `${write.collection}/${write.id}`;
}

function validateId(what: string, id: string): void {
  const problem = idProblem(id);
  if (problem) throw new AppError('invalid', `${what} ${problem} (got ${shown(id)})`);
}

function textOf(value: object, name: string): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw new AppError('invalid', `the value of ${name} must be representable as JSON`, { cause: error });
  }
  if (!json?.startsWith('{')) throw new AppError('invalid', `the value of ${name} must be a JSON object`);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_VALUE_BYTES)
    throw new AppError('too_large', `the value of ${name} must be at most ${MAX_VALUE_BYTES} bytes, not ${bytes}`);
  return json;
}

function shown(text: string): string {
  const quoted = JSON.stringify(text) ?? String(text);
  return quoted.length > 60 ? `${quoted.slice(0, 60)}..."` : quoted;
}
