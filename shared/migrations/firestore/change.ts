/** What a migration's `change` answers for one document, checked. */
import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { AppError, messageOf } from '../../errors.ts';
import type { Sdk } from './connection.ts';
import { type DocumentsScript, MOST_WRITES } from './script.ts';
import { beyondInt64, bytesOf, exact, isPlain } from './values.ts';

export interface Change {
  set: Record<string, unknown>;
  remove: readonly string[];
  delete: boolean;
  /** By their whole path. */
  create: readonly { path: string; data: Record<string, unknown> }[];
  /** Of all writes together, about. */
  bytes: number;
}

const data = z.custom<Record<string, unknown>>(isPlain, 'must be an object');
/** Firestore refuses the other signs in a path, and an empty part. */
const fieldPath = z.string().regex(/^[^.~*/[\]]+(?:\.[^.~*/[\]]+)*$/, 'must be a field, or fields with dots between');
const shape = z.strictObject({
  set: data
    .refine((given) => Object.keys(given).every((name) => fieldPath.safeParse(name).success), {
      error: 'has a name that is no path of fields',
    })
    .optional(),
  remove: z.array(fieldPath).optional(),
  delete: z.boolean().optional(),
  create: z
    .array(
      z.strictObject({
        path: z
          .string()
          .regex(/^[^/]+\/[^/]+(?:\/[^/]+\/[^/]+)*$/, "must be a document's path, such as slugs/tian-tian"),
        data,
      }),
    )
    .max(MOST_WRITES - 1)
    .optional(),
});

/** Undefined: nothing is to be changed. Throws `migration_failed` with the document. */
export function changeOf(script: DocumentsScript, doc: QueryDocumentSnapshot, sdk: Sdk): Change | undefined {
  const refuse = (why: string, cause?: unknown) =>
    new AppError('migration_failed', `${script.file}: change of ${doc.ref.path} ${why}`, { cause });
  let answer: unknown;
  try {
    const { FieldValue, Timestamp } = sdk.classes;
    answer = script.change({ id: doc.id, path: doc.ref.path, data: exact(doc.data()) }, { FieldValue, Timestamp });
  } catch (error) {
    throw refuse(`threw: ${messageOf(error).slice(0, 500)}`, error);
  }
  if (answer === undefined || answer === null) return undefined;
  if (answer === 'delete') return { set: {}, remove: [], create: [], delete: true, bytes: bytesOf(doc.ref.path) };
  if (answer instanceof Promise) {
    answer.catch(() => undefined);
    throw refuse('answered a promise: it must see the document alone, so that it can be called again');
  }
  const read = shape.safeParse(answer);
  if (!read.success)
    throw refuse(
      `answered what cannot be done: ${read.error.issues
        .map(({ path, message }) => (path.length > 0 ? `${path.join('.')} ${message}` : message))
        .join('; ')}`,
    );
  const beyond = beyondInt64(read.data);
  if (beyond) throw refuse(`answered what cannot be done: ${beyond.join('.')} is beyond a 64-bit integer`);
  const { set = {}, remove = [], create = [], delete: gone = false } = read.data;
  if (gone && Object.keys(set).length + remove.length > 0) throw refuse('answered both delete and fields');
  for (const { path } of create) {
    const collection = path.slice(0, path.lastIndexOf('/'));
    if (collection === script.collection || collection.split('/').at(-1) === script.collectionGroup)
      throw refuse(`creates ${path} where it would meet it again as one to change`);
  }
  if (!gone && Object.keys(set).length + remove.length + create.length === 0) return undefined;
  return {
    set,
    remove,
    create,
    delete: gone,
    bytes: bytesOf(doc.ref.path) + bytesOf(set) + bytesOf(remove) + bytesOf(create),
  };
}

/** As it would be then, for people: what Firestore itself computes stands there by its name. */
export function changed(before: Record<string, unknown>, { set, remove }: Change): Record<string, unknown> {
  const after = structured(before);
  for (const [path, value] of Object.entries(set)) put(after, path.split('.'), value);
  for (const path of remove) put(after, path.split('.'), undefined);
  return after;
}

/** Plain objects are copied, and nothing else, since nothing else is changed. */
function structured(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, isPlain(one) ? structured(one) : one]));
}

function put(into: Record<string, unknown>, [name = '', ...rest]: string[], value: unknown): void {
  const isGone = value === undefined || (value as { methodName?: string } | null)?.methodName === 'FieldValue.delete';
  if (rest.length === 0) {
    if (isGone) delete into[name];
    else into[name] = value;
    return;
  }
  const next = into[name];
  if (isPlain(next)) put(next, rest, value);
  else if (!isGone) {
    const made: Record<string, unknown> = {};
    into[name] = made;
    put(made, rest, value);
  }
}
