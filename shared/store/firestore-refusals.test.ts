/** What is a refusal of the whole database, told by the codes with which a document is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { grpc } from 'google-gax';
import { systemClock } from '../clock.ts';
import { systemIds } from '../ids.ts';
import { createFirestoreDriver } from './firestore.ts';

describe('a Firestore database that cannot be used', () => {
  for (const [code, details] of [
    [grpc.status.NOT_FOUND, 'The database (default) does not exist for project demo'],
    [grpc.status.FAILED_PRECONDITION, 'The Cloud Firestore API is not available for Firestore in Datastore Mode'],
  ] as const)
    it(`is no conflict: ${details}`, async (test) => {
      const server = new grpc.Server();
      const refusal = { code, details };
      server.addService(
        { Commit: method('Commit', false), BatchGetDocuments: method('BatchGetDocuments', true) },
        {
          Commit: (_: unknown, answer: (error: object) => void) => answer(refusal),
          BatchGetDocuments: (call: NodeJS.EventEmitter) => call.emit('error', refusal),
        },
      );
      const port = await promisify<number>((done) =>
        server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), done),
      );
      const emulator = `127.0.0.1:${port}`;
      const store = createFirestoreDriver({ project: 'demo', emulator, clock: systemClock, ids: systemIds });
      test.after(() => store.close().then(() => server.forceShutdown()));
      const write = { op: 'create', collection: 'c', id: 'a', value: {} } as const;
      for (let n = 0; n < 2; n++)
        await assert.rejects(store.commit([write]), (error: Error & { code: string }) => {
          assert.equal(error.code, 'unavailable');
          return error.message.includes(details);
        });
    });
});

function method(name: string, responseStream: boolean) {
  const same = (bytes: Buffer) => bytes;
  return {
    path: `/google.firestore.v1.Firestore/${name}`,
    requestStream: false,
    responseStream,
    ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
  };
}

function promisify<T>(work: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => work((error, value) => (error ? reject(error) : resolve(value))));
}
