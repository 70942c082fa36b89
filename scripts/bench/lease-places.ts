/** Where leases are measured: the embedded file, and the Firestore emulator where this machine has it. Each is opened with its reads and writes counted. */
import { join } from 'node:path';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { systemIds } from '#shared/ids.ts';
import { openLeases } from '#shared/lease/index.ts';
import type { Leases } from '#shared/lease/lease.ts';
import { createLog } from '#shared/log.ts';
import { openRuntime } from '#shared/runtime.ts';
import type { Store } from '#shared/store/store.ts';
import { startEmulators } from '../emulators.ts';

const READY_MS = 60_000;

export interface Counts {
  /** Documents, as Firestore bills them. */
  reads: number;
  writes: number;
}

export interface Place extends AsyncDisposable {
  kind: string;
  leases: Leases;
  counts(): Counts;
  /** What a process needs in its environment to open the same. */
  env: Record<string, string>;
}

export interface Places extends AsyncDisposable {
  sqlite: Place;
  /** Undefined where this machine has no emulator. */
  firestore: Place | undefined;
  /** The emulator's host:port. */
  emulator: string | undefined;
}

export async function openPlaces(folder: string, say: (line: string) => void): Promise<Places> {
  const emulators = await startEmulators(process.env, ['FIRESTORE_EMULATOR_HOST']);
  const emulator = emulators.env['FIRESTORE_EMULATOR_HOST'] ?? process.env['FIRESTORE_EMULATOR_HOST'];
  for (const { what, why, remedy } of emulators.missing) say(`without ${what}: ${why}. To get it: ${remedy}`);
  const sqlite = await openPlace('SQLite', { HAWKER_DATA: join(folder, 'sqlite') });
  const firestore = emulator ? await openFirestore(folder, emulator) : undefined;
  return {
    sqlite,
    firestore,
    emulator,
    async [Symbol.asyncDispose]() {
      await sqlite[Symbol.asyncDispose]();
      await firestore?.[Symbol.asyncDispose]();
      emulators.stop();
    },
  };
}

/** `address`: the emulator's, or that of something in front of it. */
export function openFirestore(folder: string, address: string): Promise<Place> {
  return openPlace('Firestore emulator', {
    HAWKER_DATA: join(folder, 'queue'),
    HAWKER_STORE: 'firestore',
    GOOGLE_CLOUD_PROJECT: `hawker-bench-${systemIds.code(8)}`,
    FIRESTORE_EMULATOR_HOST: address,
  });
}

async function openPlace(kind: string, env: Record<string, string>): Promise<Place> {
  const config = loadConfig(env);
  const log = createLog({
    write: (line) => process.stderr.write(line),
    now: () => Date.now(),
    format: 'text',
    level: 'ERROR',
  });
  const parts = { clock: systemClock, ids: systemIds, log };
  const runtime = await openRuntime({ ...parts, config, subscriptions: [], prefix: '' });
  // An emulator takes its time with its first answers, and a connection that is being made is no part of an election.
  const deadline = performance.now() + READY_MS;
  while (!(await answers(runtime.store))) if (performance.now() > deadline) throw new Error(`${kind} is not ready`);
  const { store, counts } = counting(runtime.store);
  const leases = await openLeases(config, { ...parts, store });
  return {
    kind,
    leases,
    counts,
    env,
    async [Symbol.asyncDispose]() {
      await leases.close(2_000);
      await runtime.close(2_000);
    },
  };
}

function answers(store: Store): Promise<boolean> {
  return store.check().then(
    () => true,
    () => false,
  );
}

function counting(store: Store): { store: Store; counts: () => Counts } {
  let reads = 0;
  let writes = 0;
  return {
    counts: () => ({ reads, writes }),
    store: {
      ...store,
      get(collection, id) {
        reads++;
        return store.get(collection, id);
      },
      getMany(collection, ids) {
        reads += ids.length;
        return store.getMany(collection, ids);
      },
      async list(collection, options) {
        const page = await store.list<never>(collection, options);
        reads += page.docs.length;
        return page;
      },
      commit(given) {
        writes += given.length;
        return store.commit(given);
      },
      create(collection, id, value, options) {
        writes++;
        return store.create(collection, id, value, options);
      },
      replace(collection, id, value, ifVersion, options) {
        writes++;
        return store.replace(collection, id, value, ifVersion, options);
      },
    },
  };
}
