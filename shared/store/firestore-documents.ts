/**
 * How a document of ours looks in Firestore.
 *
 * | field | holds |
 * |---|---|
 * | `json` | the value as JSON text: any value comes back as it was, and one field is indexed instead of every name in it |
 * | `expireAt` | a timestamp for a time-to-live policy on this field |
 * | `writer` | the nonce of the commit that wrote this state, so that no write leaves the update time where it was |
 * | `creator` | the nonce of the commit that created the document; later writes keep it |
 * | `replaced` | the version that this state took the place of |
 *
 * The last three are how a writer recognises its own work after a lost answer (firestore-verdict.ts). A version is the update time in
 * microseconds with the writer's nonce.
 */

import { AppError } from '../errors.ts';
import type { CommitWrite, FirestoreRpc, StoredDocument, Timestamp } from './firestore-client.ts';
import type { Doc, Version } from './store.ts';
import { nameOf, type PreparedWrite } from './validate.ts';

export interface DocumentState {
  version: Version;
  writer: string;
  creator: string;
  replaced: Version | undefined;
  /** Microseconds since the epoch. */
  createdAt: number;
}

/** The fields that tell whose work a state is. */
export const TRACES = ['writer', 'creator', 'replaced'];

const VERSION = /^(\d{1,16})-(.*)$/s;

export function versionAt(time: Timestamp, writer: string): Version {
  return `${micros(time)}-${writer}`;
}

/** Microseconds since the epoch; undefined for what no driver of this kind made. */
export function updateTimeOf(version: Version): number | undefined {
  const [, time] = VERSION.exec(version) ?? [];
  return time === undefined ? undefined : Number(time);
}

export function stateOf({ fields, createTime, updateTime }: StoredDocument): DocumentState {
  const writer = fields['writer']?.stringValue ?? '';
  return {
    version: versionAt(updateTime, writer),
    writer,
    creator: fields['creator']?.stringValue ?? '',
    replaced: fields['replaced']?.stringValue,
    createdAt: micros(createTime),
  };
}

export function docOf<T>(collection: string, document: StoredDocument): Doc<T> {
  const id = document.name.slice(document.name.lastIndexOf('/') + 1);
  const json = document.fields['json']?.stringValue;
  if (json === undefined) throw new AppError('internal', `${nameOf({ collection, id })} was not written by this store`);
  const expiry = document.fields['expireAt']?.timestampValue;
  return {
    id,
    value: JSON.parse(json) as T,
    version: stateOf(document).version,
    ...(expiry && { expireAt: dateOf(expiry) }),
  };
}

/** How old the document's state was when it was read; both times are the server's. */
export function ageOf({ readTime, updateTime }: StoredDocument): Pick<Doc, 'ageMs'> {
  return readTime ? { ageMs: Math.max(0, (micros(readTime) - micros(updateTime)) / 1_000) } : {};
}

/** Undefined where the expected version cannot exist, so that the write could only fail. */
export function commitWriteOf(rpc: FirestoreRpc, write: PreparedWrite, nonce: string): CommitWrite | undefined {
  const name = rpc.nameOf(write.collection, write.id);
  if (write.op === 'create') {
    const fields = { ...fieldsOf(write, nonce), creator: { stringValue: nonce } };
    return { update: { name, fields }, currentDocument: { exists: false } };
  }
  const time = updateTimeOf(write.ifVersion);
  if (time === undefined) return undefined;
  const currentDocument = { updateTime: { seconds: Math.floor(time / 1e6), nanos: (time % 1e6) * 1_000 } };
  if (write.op === 'delete') return { delete: name, currentDocument };
  // Removing a field that no document has changes nothing, not even the update time, but the expectation is held.
  if (write.op === 'check')
    return { update: { name, fields: {} }, updateMask: { fieldPaths: ['absent'] }, currentDocument };
  const fields = { ...fieldsOf(write, nonce), replaced: { stringValue: write.ifVersion } };
  const updateMask = { fieldPaths: ['json', 'expireAt', 'writer', 'replaced'] };
  return { update: { name, fields }, updateMask, currentDocument };
}

function fieldsOf({ json, expireAt }: { json: string; expireAt?: Date }, nonce: string): StoredDocument['fields'] {
  const ms = expireAt?.getTime();
  return {
    json: { stringValue: json },
    writer: { stringValue: nonce },
    ...(ms !== undefined && {
      expireAt: { timestampValue: { seconds: Math.floor(ms / 1_000), nanos: (((ms % 1_000) + 1_000) % 1_000) * 1e6 } },
    }),
  };
}

/** 64-bit seconds arrive as text within a field. */
function dateOf({ seconds, nanos }: Timestamp): Date {
  return new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1e6));
}

function micros({ seconds, nanos }: Timestamp): number {
  return seconds * 1e6 + Math.floor(nanos / 1_000);
}
