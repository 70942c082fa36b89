/**
 * The one place that loads Firestore's hand-written SDK; reached by `await import()`. The store uses the generated client below it, whose calls are single attempts. Migrations
 * hand documents to people's code, and so need the SDK's types of values; that it repeats commits by itself does no harm where each is conditional and carries a nonce.
 */
import { DocumentReference, FieldPath, FieldValue, Firestore, GeoPoint, Timestamp } from '@google-cloud/firestore';

export const classes = { DocumentReference, FieldPath, FieldValue, GeoPoint, Timestamp };

/** Connects when it is first used; `emulator` is host:port. All integers are read as BigInt, since the SDK knows only all or none: firestore/values.ts makes numbers of those that fit. */
export function openDatabase(project: string, database: string, emulator: string | undefined): Firestore {
  return new Firestore({
    projectId: project,
    databaseId: database,
    useBigInt: true,
    // Without the last it looks for credentials, for seconds where there are none.
    ...(emulator !== undefined && { host: emulator, ssl: false, clientOptions: { universeDomain: 'googleapis.com' } }),
  });
}
