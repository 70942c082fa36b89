/** A database of the Firestore emulator for a test, and other processes on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Firestore } from '@google-cloud/firestore';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { systemIds } from '../../ids.ts';
import { scriptOf } from '../bundle.ts';
import { openFirestore } from '../firestore.ts';
import type { Step, Version } from '../migration.ts';
import type { Session } from '../session.ts';
import type { Target } from '../target.ts';

export const targetIn = (project: string): Target => ({
  ...{ name: 'shop', kind: 'firestore', address: { from: 'firestore', project, database: '(default)' }, folder: '/' },
  ...{ table: 'schema_migrations', labels: {}, lockTimeoutMs: 5_000, statementTimeoutMs: 0 },
});

const openIn = (project: string, emulator: string, signal = AbortSignal.timeout(110_000)) =>
  openFirestore(targetIn(project), {
    ...{ signal, application: 'test', clock: systemClock },
    runtime: { config: { FIRESTORE_EMULATOR_HOST: emulator } as Config, ids: systemIds },
  });

export interface FirestoreUnderTest {
  project: string;
  /** The application's own client. */
  db: Firestore;
  open(more?: { emulator?: string; signal?: AbortSignal }): Promise<Session>;
  /** Documents `<collection>/d0000` and on, `{n: 0}` in each unless told. */
  fill(collection: string, count: number, data?: (index: number) => object): Promise<void>;
  /** By path, in the order of names. */
  read(collection: string): Promise<Record<string, FirebaseFirestore.DocumentData>>;
  close(): Promise<void>;
}

/** A project of its own: the emulator keeps them apart, and forgets them when it ends. */
export async function startFirestore(
  emulator: string,
  project = `hawker-${systemIds.code(12)}`,
): Promise<FirestoreUnderTest> {
  const { openDatabase } = await import('../firestore-sdk-client.ts');
  const db = openDatabase(project, '(default)', emulator);
  // As an application has it that does not think of integers.
  db.settings({ useBigInt: false });
  return {
    project,
    db,
    open: (more = {}) => openIn(project, more.emulator ?? emulator, more.signal),
    async fill(collection, count, data = () => ({ n: 0 })) {
      for (let from = 0; from < count; from += 500) {
        const batch = db.batch();
        for (let index = from; index < Math.min(count, from + 500); index++)
          batch.set(db.doc(`${collection}/d${`${index}`.padStart(6, '0')}`), data(index));
        await batch.commit();
      }
    },
    async read(collection) {
      const { docs } = await db.collection(collection).get();
      return Object.fromEntries(docs.map((doc) => [doc.ref.path, doc.data()]));
    },
    close: () => db.terminate(),
  };
}

/** The two ways of one migration between two versions, read as from its files. */
export function documents(
  version: Version,
  texts: { up?: string; down?: string },
  before?: Version,
): { up: Step; down: Step } {
  const read = (direction: 'up' | 'down') => {
    const text = texts[direction];
    return text === undefined ? {} : { [direction]: scriptOf(`${version}_stalls.${direction}.ts`, text) };
  };
  const migration = { version, name: 'stalls', ...read('up'), ...read('down') };
  return {
    up: { direction: 'up', migration, from: before, to: version },
    down: { direction: 'down', migration, from: version, to: before },
  };
}

/** Adds one to each document: nothing that may be done twice. */
export const COUNT_UP = (collection = 'stalls', more = 'batch: 25, perSecond: 10_000') =>
  `export default { collection: '${collection}', ${more}, change: (doc: { data: { n: number } }) => ({ set: { n: doc.data.n + 1 } }) };`;

/** Runs a script with a `session`, `documents`, `given`, `COUNT_UP` and `say`, in a process of its own. */
export function inProcess(project: string, emulator: string, script: string): ChildProcess {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { writeSync } from 'node:fs';
    import { given } from ${from('../contract-rig.ts')};
    import { COUNT_UP, documents, startFirestore } from ${from('./rig.ts')};
    const say = (text) => writeSync(1, text + '\\n');
    const { open } = await startFirestore(${JSON.stringify(emulator)}, ${JSON.stringify(project)});
    const session = await open();
    ${script}`;
  return spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 100_000,
  });
}
