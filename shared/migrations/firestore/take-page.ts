/**
 * One page of documents: read in the order of their names behind the checkpoint, handed to `change`, and committed with the checkpoint as one. So a page takes effect once, whoever is killed when, and
 * whoever was taken over in between commits none.
 *
 * Each document is written on condition that it is as it was read: where the application wrote meanwhile, the whole page is read again, and half as many at once. A document that is written so often that it does not keep
 * still between reading and writing is at last a page of its own in a transaction, for whose end other writers wait.
 */
import type { Query, QueryDocumentSnapshot, WhereFilterOp } from '@google-cloud/firestore';
import { AppError, isAppError } from '../../errors.ts';
import type { Page } from '../backfill/pages.ts';
import type { Step } from '../migration.ts';
import { type Change, changeOf } from './change.ts';
import { ask, type Connection, isFault, wordsOf } from './connection.ts';
import { commitOurs, type Given, type Ours, type Writing } from './ours.ts';
import { type DocumentsScript, MOST_WRITES, queryKey } from './script.ts';
import { bytesOf } from './values.ts';

/** A commit may have 10 MiB, and the emulator takes 4. */
const MOST_BYTES = 3_000_000;
/** Of the documents of one page, as far as those before tell: all of them are in memory at once. */
const MOST_READ = 8_000_000;
/** Before any document's size is known; each may have a mebibyte. */
const FIRST_DOCUMENTS = 32;

export interface Pages {
  connection: Connection;
  script: DocumentsScript;
  step: Step;
  given: Given;
  /** As counted when the step began. */
  total: number;
}

export const nameOf = ({ direction, migration }: Step) => `${direction} ${migration.version}`;

/** In the order of names, which no change alters, behind the document of this path. */
export function queryOf({ db, sdk }: Connection, script: DocumentsScript, cursor: string | undefined): Query {
  let query: Query =
    script.collection === undefined
      ? db.collectionGroup(script.collectionGroup ?? '')
      : db.collection(script.collection);
  for (const [field, operator, value] of script.where) query = query.where(field, operator as WhereFilterOp, value);
  query = query.orderBy(sdk.classes.FieldPath.documentId());
  return cursor === undefined ? query : query.startAfter(db.doc(cursor));
}

/** A query that cannot be asked is the script's fault: Firestore says which index it needs. */
export async function askQuery<T>(
  connection: Connection,
  script: DocumentsScript,
  work: () => Promise<T>,
  signal?: AbortSignal,
) {
  return ask(connection, work, signal).catch((error: unknown) => {
    if (!isFault(error)) throw error;
    throw new AppError('migration_failed', `${script.file}: Firestore refuses its query: ${wordsOf(error)}`, {
      cause: error,
    });
  });
}

/** The checkpoint of this very step; undefined where it has not begun. Throws `conflict` where the database is elsewhere. */
export function underWayOf(ours: Ours, step: Step, script: DocumentsScript | undefined) {
  const { state, underWay } = ours;
  const { version, dirty } = state;
  if (!dirty && version === step.from) return undefined;
  if (!dirty || version !== step.to || underWay?.step !== nameOf(step) || script === undefined)
    throw new AppError(
      'conflict',
      `the database is at ${version ?? 'no version'}${dirty ? ', marked dirty' : ''}, and this step begins elsewhere`,
    );
  if (underWay.query !== queryKey(script))
    throw new AppError(
      'migration_refused',
      `${script.file}: it began with another collection or where, and cannot go on with these`,
    );
  return underWay;
}

/** Answers the function that takes the next page. */
export function createPages({ connection, script, step, given, total }: Pages): () => Promise<Page> {
  let size = Math.min(FIRST_DOCUMENTS, script.batch);
  let largest = script.batch;
  let isRefused = false;

  return async () => {
    isRefused = false;
    let seen = 0;
    const page = await commitOurs<Page>(
      connection,
      { ...given, locks: () => isRefused && size === 1 },
      async (ours, { reads, writes, refused, exists }) => {
        if (refused > seen) {
          size = Math.max(1, Math.floor(size / 2));
          isRefused = true;
          seen = refused;
        }
        const before = underWayOf(ours, step, script);
        const query = queryOf(connection, script, before?.cursor).limit(size);
        const { docs } = await askQuery(connection, script, () => reads.get(query), given.signal);
        const read = docs.reduce((sum, doc) => sum + bytesOf(doc.data()), 0);
        largest = Math.max(1, Math.floor(MOST_READ / Math.max(1, read / Math.max(1, docs.length))));
        const { rows, written, last, creates } = change(docs, writes);
        if (exists) await findTaken(creates);
        if (last === undefined) return { answer: { rows: 0, written: 0, ended: true } };
        return {
          answer: { rows, written, ended: false },
          write: {
            ...(!before && { state: { version: step.to, dirty: true } }),
            underWay: {
              ...{ step: nameOf(step), query: queryKey(script), cursor: last, total: before?.total ?? total },
              ...{ pages: (before?.pages ?? 0) + 1, read: (before?.read ?? 0) + rows },
              written: (before?.written ?? 0) + written,
            },
          },
        };
      },
    ).catch((error: unknown) => {
      const cause = isAppError(error, 'migration_refused') && isFault(error.cause) ? error.cause : error;
      if (cause === error && !isEncoding(error)) throw error;
      throw new AppError('migration_failed', `${script.file}: ${wordsOf(cause)}`, { cause });
    });
    size = Math.max(1, Math.min(isRefused ? size : size * 2, script.batch, largest));
    return page;
  };

  /** As many of the documents as one commit takes, at least the first. */
  function change(docs: readonly QueryDocumentSnapshot[], writes: Writing['writes']) {
    let [rows, written, operations, bytes] = [0, 0, 0, 0];
    let last: string | undefined;
    const creates: string[] = [];
    for (const doc of docs) {
      checkOwn(doc.ref.path);
      const found = changeOf(script, doc, connection.sdk);
      const next = found ? operationsOf(found) : 0;
      if (rows > 0 && (operations + next > MOST_WRITES || bytes + (found?.bytes ?? 0) > MOST_BYTES)) break;
      if (found) write(doc, found, writes);
      creates.push(...(found?.create ?? []).map(({ path }) => path));
      operations += next;
      bytes += found?.bytes ?? 0;
      rows++;
      written += found ? 1 : 0;
      last = doc.ref.path;
    }
    return { rows, written, last, creates };
  }

  function write(
    doc: QueryDocumentSnapshot,
    { set, remove, create, delete: gone }: Change,
    writes: Writing['writes'],
  ): void {
    const fields = {
      ...set,
      ...Object.fromEntries(remove.map((path) => [path, connection.sdk.classes.FieldValue.delete()])),
    };
    const asRead = { lastUpdateTime: doc.updateTime };
    try {
      if (gone) writes.delete(doc.ref, asRead);
      else if (Object.keys(fields).length > 0) writes.update(doc.ref, fields, asRead);
      for (const { path, data } of create) {
        checkOwn(path);
        writes.create(connection.db.doc(path), data);
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('migration_failed', `${script.file}: change of ${doc.ref.path}: ${wordsOf(error)}`, {
        cause: error,
      });
    }
  }

  /** A page takes effect as a whole, so what is there already is not ours. */
  async function findTaken(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const { db } = connection;
    const found = await ask(connection, () => db.getAll(...paths.map((path) => db.doc(path))), given.signal);
    const taken = found.find((doc) => doc.exists);
    if (taken)
      throw new AppError('migration_failed', `${script.file}: it creates ${taken.ref.path}, which is there already`);
  }

  function checkOwn(path: string): void {
    if (path.startsWith(`${connection.table}/`))
      throw new AppError('migration_failed', `${script.file}: ${path} is where the version and the history are kept`);
  }
}

/** The SDK looks at some values only when it sends them, and throws an error without a code. */
function isEncoding(error: unknown): boolean {
  return /^(?:Cannot encode|Value for argument)/.test(wordsOf(error));
}

function operationsOf({ set, remove, create, delete: gone }: Change): number {
  return create.length + (gone || Object.keys(set).length + remove.length > 0 ? 1 : 0);
}
