/**
 * A migration of documents, from its text: `export default { collection: 'stalls', change(doc) { return { set: { open: true } } } }`. The text is TypeScript whose types can be stripped. It is run as
 * it is, never from its file: what is hashed and kept in the history is what runs, also where its bundle is long gone. So it must stand by itself, without imports but of `node:` modules.
 */
import { stripTypeScriptTypes } from 'node:module';
import type { WhereFilterOp } from '@google-cloud/firestore';
import * as z from 'zod';
import { AppError, messageOf } from '../../errors.ts';
import type { Script } from '../migration.ts';
import { beyondInt64, json } from './values.ts';

/** One that asks for an order would be a query with an order of its own, and pages go by the documents' names. */
const OPERATORS = ['==', 'in', 'array-contains', 'array-contains-any'] as const satisfies readonly WhereFilterOp[];
/** With the document of the checkpoint a commit has 500 writes. */
export const MOST_WRITES = 499;
const BATCH = 400;
/** Firestore's advice for the beginning: https://firebase.google.com/docs/firestore/best-practices#ramping_up_traffic */
export const FIRST_PER_SECOND = 500;
/** The history keeps it in one document, which has 1 MiB. */
const MOST_BYTES = 500_000;

export interface DocumentsScript {
  file: string;
  /** One of the two. */
  collection?: string | undefined;
  collectionGroup?: string | undefined;
  where: readonly (readonly [field: string, operator: WhereFilterOp, value: unknown])[];
  /** Documents of one page. */
  batch: number;
  /** Documents looked at. */
  perSecond: number;
  change: (doc: object, tools: object) => unknown;
}

const path = z
  .string()
  .regex(/^[^/]+(?:\/[^/]+\/[^/]+)*$/, "must be a collection's path, such as stalls or cities/sg/stalls");
const shape = z
  .strictObject({
    collection: path.optional(),
    collectionGroup: z
      .string()
      .regex(/^[^/]+$/, 'must be the name of collections, without a path')
      .optional(),
    where: z
      .array(
        z.tuple([
          z.string().min(1),
          z.enum(OPERATORS, { error: `must be ${OPERATORS.join(', ')}: pages go in the order of names` }),
          z.unknown().refine((value) => beyondInt64(value) === undefined, 'must not be beyond a 64-bit integer'),
        ]),
      )
      .default([]),
    batch: z.int().min(1).max(MOST_WRITES).default(BATCH),
    perSecond: z.number().min(1).max(10_000).default(FIRST_PER_SECOND),
    change: z.custom<DocumentsScript['change']>((given) => typeof given === 'function', 'must be a function'),
  })
  .refine(
    ({ collection, collectionGroup }) => (collection === undefined) !== (collectionGroup === undefined),
    'there must be either collection or collectionGroup',
  );

const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
const STATIC = /^\s*(?:import|export)\b(?:[^'"`;()=]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const DYNAMIC = /\bimport\s*\(\s*(?:(['"])([^'"\n]+)\1\s*\)|)/g;

/** Undefined for a text without a word of code. Throws `migration_failed` with the file, and the field where one is wrong. */
export async function loadScript({ file, text, directives }: Script): Promise<DocumentsScript | undefined> {
  const refuse = (why: string, cause?: unknown) => new AppError('migration_failed', `${file}: ${why}`, { cause });
  if (text.replace(COMMENTS, '').trim() === '') return undefined;
  const { irreversible: _, noTransaction, ...others } = directives;
  if (noTransaction || Object.keys(others).length > 0)
    throw refuse('of the "// +job" directives only irreversible is for documents; batch and perSecond are fields');
  if (Buffer.byteLength(text) > MOST_BYTES) throw refuse(`it has more than ${MOST_BYTES} bytes`);
  let given: unknown;
  try {
    const code = stripTypeScriptTypes(text);
    const foreign = [...code.matchAll(STATIC), ...code.matchAll(DYNAMIC)]
      .map(([, , specifier = 'something']) => specifier)
      .find((specifier) => !specifier.startsWith('node:'));
    if (foreign !== undefined)
      throw refuse(`it imports ${foreign}: a migration stands by itself, and imports nothing but node: modules`);
    const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as object;
    given = 'default' in module ? module.default : undefined;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refuse(
      `it cannot be loaded: ${messageOf(error)
        .replace(/data:\S+/g, 'it')
        .slice(0, 500)}`,
      error,
    );
  }
  if (typeof given !== 'object' || given === null) throw refuse('it must export default an object');
  const read = shape.safeParse(given);
  if (read.success) return { file, ...read.data };
  const problems = read.error.issues.map(({ path: at, message }) =>
    [at.join('.'), message].filter((part) => part !== '').join(': '),
  );
  throw refuse(problems.join('; '));
}

/** Which documents it goes through: a checkpoint counts for these alone. */
export function queryKey({ collection, collectionGroup, where }: DocumentsScript): string {
  return json({ collection, collectionGroup, where });
}
