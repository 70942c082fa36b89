/**
 * Migrations of documents in Firestore. There is no schema to change, so each step goes through documents, in pages (firestore/take-page.ts); the version, the fence and the history are documents too
 * (firestore/ours.ts).
 *
 * There is no lock either: a session of Firestore's is nothing that a server would see end, so a lock could only be a document with a time in it, which is what the lease is that elected us. Whoever is woken after
 * its term commits nothing, because every commit is on condition of the fence.
 */
import { AppError } from '../errors.ts';
import { applyDocuments, lookAtDocuments, stampDocuments } from './firestore/apply.ts';
import { ask, type Connection, explain } from './firestore/connection.ts';
import { estimateDocuments, previewDocuments } from './firestore/foresee.ts';
import { commitOurs, readHistory, readOurs } from './firestore/ours.ts';
import type { OpenGiven } from './index.ts';
import type { Session, TableSize } from './session.ts';
import type { Target } from './target.ts';

/** Of the SDK's connections to end, in milliseconds. */
const CLOSE_MS = 2_000;

/** Application default credentials, or none with the emulator. Throws `not_configured` where no project is named. */
export async function openFirestore({ name, address, table }: Target, given: OpenGiven): Promise<Session> {
  const { signal, clock, runtime } = given;
  signal.throwIfAborted();
  if (address.from !== 'firestore')
    throw new AppError('not_configured', `target ${name}: its address must be {"firestore": {}}`);
  const project = address.project ?? runtime.config.GOOGLE_CLOUD_PROJECT;
  if (project === undefined)
    throw new AppError(
      'not_configured',
      `target ${name}: neither its address nor GOOGLE_CLOUD_PROJECT names a project`,
    );
  const emulator = runtime.config.FIRESTORE_EMULATOR_HOST;
  const sdk = await import('./firestore-sdk-client.ts');
  const closing = new AbortController();
  return session({
    ...{ db: sdk.openDatabase(project, address.database, emulator), sdk, clock, ids: runtime.ids, table },
    ramps: emulator === undefined,
    underWay: new Set(),
    closing,
    closed: AbortSignal.any([closing.signal, signal]),
  });
}

function session(connection: Connection & { closing: AbortController }): Session {
  const { db, table, clock, closing } = connection;
  let isHeld = false;
  let isCancelled = false;
  /** What can still fail with the client's own errors. */
  const told = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw explain(error);
    });

  return {
    kind: 'firestore',
    prepare: () =>
      told(
        commitOurs(connection, {}, async (ours) =>
          ours.times.fence ? { answer: undefined } : { answer: undefined, write: { underWay: undefined } },
        ),
      ),
    state: async () => (await readOurs(connection)).state,
    async tryLock() {
      await readOurs(connection);
      isHeld = true;
      return true;
    },
    holdsLock: async () => isHeld,
    async unlock() {
      const was = isHeld;
      isHeld = false;
      return was;
    },
    holders: async () => [],
    raiseFence: (token) =>
      told(
        commitOurs(connection, { token }, async (ours) => ({ answer: undefined, write: { underWay: ours.underWay } })),
      ),
    apply(step, given) {
      isCancelled = false;
      const signal = AbortSignal.any([given.signal, connection.closed]);
      return told(applyDocuments(connection, step, { ...given, signal }, () => isCancelled));
    },
    look: (step) => told(lookAtDocuments(connection, step)),
    stamp: (state, given) => told(stampDocuments(connection, state, given)),
    history: (limit) => readHistory(connection, limit),
    // There is no schema, and indexes are not told to those who read documents: all are alike.
    fingerprint: async () => 'firestore',
    async sizes(collections) {
      const sizes: TableSize[] = [];
      for (const collection of collections) {
        const found = await told(ask(connection, () => db.collection(collection).count().get()));
        const rows = Number(found.data().count);
        if (rows > 0) sizes.push({ table: collection, rows });
      }
      return sizes;
    },
    estimate: (step) => told(estimateDocuments(connection, step)),
    preview: (step, rows) => told(previewDocuments(connection, step, rows)),
    progress: async () => undefined,
    // Between two pages, as every end of a step in pages.
    cancel: async () => {
      isCancelled = true;
    },
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort(new AppError('unavailable', `the session with ${table} is closed`));
      const ended = new AbortController();
      const waited = clock.sleep(CLOSE_MS, ended.signal).catch(() => undefined);
      // A client that is ended while it tries a call again rejects where nobody can catch it. By itself it gives up within a minute.
      const settled = Promise.allSettled(connection.underWay).then(() => db.terminate());
      await Promise.race([settled.catch(() => undefined), waited]);
      ended.abort();
    },
  };
}
