/**
 * The one file that loads Firestore's SDK: the generated client alone. The hand-written `Firestore` class above it repeats commits
 * silently and cannot be given a deadline; here every call is one attempt with one deadline, and what a failure means is decided in firestore.ts.
 */
import { FirestoreClient } from '@google-cloud/firestore-api/client_v1';
import { grpc } from 'google-gax';

export interface Timestamp {
  seconds: number;
  nanos: number;
}

/** The fields a document of ours has; protobuf's own shape of them. */
export interface StoredDocument {
  name: string;
  fields: Record<string, { stringValue?: string; timestampValue?: Timestamp }>;
  createTime: Timestamp;
  updateTime: Timestamp;
  /** When the server read it; told for documents that are asked for by name. */
  readTime?: Timestamp;
}

export interface CommitWrite {
  update?: Pick<StoredDocument, 'name' | 'fields'>;
  /** Fields to set or, where the document has none of that name, to remove; all where absent. */
  updateMask?: { fieldPaths: string[] };
  delete?: string;
  currentDocument?: { exists: boolean } | { updateTime: Timestamp };
}

export interface DocumentQuery {
  collection: string;
  from: { name: string; inclusive: boolean } | undefined;
  before: string | undefined;
  limit: number;
}

/** One attempt per call, over after `timeoutMs`; rejects with gRPC's error and its `code`. */
export interface FirestoreRpc {
  /** The name of a document, and of the parent of all collections where none is given. */
  nameOf(collection?: string, id?: string): string;
  /** Answers the time of the commit. */
  commit(writes: CommitWrite[], timeoutMs: number): Promise<Timestamp>;
  /** Those that exist, in no order; with these fields alone where named. */
  batchGet(names: string[], timeoutMs: number, fieldPaths?: string[]): Promise<StoredDocument[]>;
  query(query: DocumentQuery, timeoutMs: number): Promise<StoredDocument[]>;
  close(): Promise<void>;
}

/** After an outage a connection is tried again this often at least. By itself the library waits up to two minutes, and who waits for a lease with it. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2_000 };

/** Resolves when credentials are at hand; `emulator` is host:port. */
export async function connectFirestore(project: string, emulator: string | undefined): Promise<FirestoreRpc> {
  const client = new FirestoreClient({
    projectId: project,
    ...RECONNECT,

    ...(emulator && emulatorOptions(emulator)),
  });
  await client.initialize();
  const database = `projects/${project}/databases/(default)`;
  const root = `${database}/documents`;
  const headers = { 'google-cloud-resource-prefix': database, ...(emulator && { authorization: 'Bearer owner' }) };
  const once = (timeoutMs: number) => ({
    timeout: timeoutMs,
    // Two places repeat a call: one for single answers, one for streams.
    retry: { retryCodes: [] },
    retryRequestOptions: { retries: 0, noResponseRetries: 0 },
    otherArgs: { headers },
  });

  return {
    nameOf: (...parts) => [root, ...parts].join('/'),
    async commit(writes, timeoutMs) {
      const [answer] = await client.commit({ database, writes }, once(timeoutMs));
      return whole(answer.commitTime);
    },
    async batchGet(names, timeoutMs, fieldPaths) {
      const request = { database, documents: names, ...(fieldPaths && { mask: { fieldPaths } }) };
      const stream = client.batchGetDocuments(request, once(timeoutMs));
      const answers = await collected<{ found?: StoredDocument | null; readTime?: Timestamp | null }>(stream);
      return answers.flatMap(({ found, readTime }) =>
        found ? { ...documentOf(found), ...(readTime && { readTime: whole(readTime) }) } : [],
      );
    },
    async query({ collection, from, before, limit }, timeoutMs) {
      const structuredQuery = {
        from: [{ collectionId: collection }],
        orderBy: [{ field: { fieldPath: '__name__' }, direction: 'ASCENDING' as const }],
        ...(from && { startAt: { values: [{ referenceValue: from.name }], before: from.inclusive } }),
        ...(before && { endAt: { values: [{ referenceValue: before }], before: true } }),
        limit: { value: limit },
      };
      const stream = client.runQuery({ parent: root, structuredQuery }, once(timeoutMs));
      const answers = await collected<{ document?: StoredDocument | null }>(stream);
      return answers.flatMap(({ document }) => (document ? documentOf(document) : []));
    },
    close: () => client.close(),
  };
}

function emulatorOptions(emulator: string) {
  const { hostname, port } = new URL(`http://${emulator}`);
  return {
    servicePath: hostname,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    // Without it the client looks for credentials, for seconds where there are none.
    clientOptions: { universeDomain: 'googleapis.com' },
  };
}

function collected<T>(stream: NodeJS.ReadableStream): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const items: T[] = [];
    stream.on('data', (item: T) => items.push(item));
    stream.on('end', () => resolve(items));
    stream.on('error', reject);
  });
}

/** 64-bit numbers arrive as text or objects, which seconds have no need of. */
function whole(time: { seconds?: unknown; nanos?: number | null } | null | undefined): Timestamp {
  return { seconds: Number(time?.seconds ?? 0), nanos: time?.nanos ?? 0 };
}

function documentOf(document: StoredDocument): StoredDocument {
  return { ...document, createTime: whole(document.createTime), updateTime: whole(document.updateTime) };
}
