/** What the contenders contend on: a fresh SQLite folder, or Firestore as named, or an emulator of the run's own. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { systemIds } from '#shared/ids.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { openStore } from '#shared/store/index.ts';
import type { Store } from '#shared/store/store.ts';
import { type Emulators, startEmulators } from '../../emulators.ts';
import { type FlakyProxy, openFlakyProxy } from './flaky-proxy.ts';
import type { WorkerPlan } from './plan.ts';

const FIRESTORE = 'FIRESTORE_EMULATOR_HOST';

export type StoreKind = 'sqlite' | 'firestore';

export interface Backing {
  /** For people. */
  readonly about: string;
  /** From when on a later term shuts out the fenced commits of an earlier one: from its beginning, or from its own first commit. */
  readonly fencedFrom: 'beginning' | 'commit';
  /** Between each contender and the store; none where there is no network, or none that could be spoilt. */
  readonly proxies: readonly FlakyProxy[];
  settingsFor(place: number): Record<string, string>;
  /** Where leases are kept in a cluster: its API server, and the folder of the service account. */
  kubernetes?: (place: number) => NonNullable<WorkerPlan['kubernetes']>;
  /** The store on a direct way, for the length of `work`. */
  withStore<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /**
   * Puts an empty emulator into the place of the one there is, which is killed and its data with it; undefined where the store is not the run's own to
   * kill. `around` gets the moment of it to carry out.
   */
  restart: ((around: (swap: () => void) => Promise<void>) => Promise<void>) | undefined;
  /** Ends the trouble that it makes by itself. */
  calm?: () => Promise<void>;
  close(): Promise<void>;
}

interface Options {
  kind: StoreKind;
  folder: string;
  procs: number;
  /** Spoils the way to the store. */
  cut: boolean;
  /** The settings that name a store. */
  environment: NodeJS.ProcessEnv;
}

export async function openBacking(options: Options): Promise<Backing> {
  if (options.kind === 'sqlite') return sqliteBacking(options.folder);
  const named = options.environment[FIRESTORE];
  if (!named && options.environment['HAWKER_STORE'] === 'firestore') return namedFirestore(options.environment);
  return emulatorBacking(options, named);
}

function withStoreOf(settings: () => Record<string, string>): Backing['withStore'] {
  return async (work) => {
    const config = loadConfig(settings());
    const database = config.HAWKER_STORE === 'sqlite' ? openDatabase(join(config.HAWKER_DATA, 'hawker.db')) : undefined;
    const store = await openStore(config, {
      clock: systemClock,
      ids: systemIds,
      database: () => {
        if (!database) throw new Error('there is no embedded file');
        return database;
      },
    });
    try {
      return await work(store);
    } finally {
      await store.close();
      database?.close();
    }
  };
}

function sqliteBacking(folder: string): Backing {
  const data = join(folder, 'data');
  mkdirSync(data);
  const settings = { HAWKER_STORE: 'sqlite', HAWKER_DATA: data, HAWKER_LEASES: 'store' };
  return {
    about: 'SQLite, a file of its own',
    fencedFrom: 'beginning',
    proxies: [],
    settingsFor: () => settings,
    withStore: withStoreOf(() => settings),
    restart: undefined,
    close: async () => {},
  };
}

/** The real one: nothing of it is cut or restarted here, and its settings are whatever the environment says. */
function namedFirestore(environment: NodeJS.ProcessEnv): Backing {
  const project = environment['GOOGLE_CLOUD_PROJECT'] ?? '';
  const settings = { HAWKER_STORE: 'firestore', GOOGLE_CLOUD_PROJECT: project, HAWKER_LEASES: 'store' };
  return {
    about: `Firestore of the project ${project}`,
    fencedFrom: 'beginning',
    proxies: [],
    settingsFor: () => settings,
    withStore: withStoreOf(() => settings),
    restart: undefined,
    close: async () => {},
  };
}

async function emulatorBacking({ procs, cut }: Options, named: string | undefined): Promise<Backing> {
  let emulators = named ? undefined : await startOwn();
  let address = named ?? emulators?.env[FIRESTORE] ?? '';
  // Nobody else's documents, also in an emulator that others use.
  const project = `chaos-${randomBytes(5).toString('hex')}`;
  const base = { HAWKER_STORE: 'firestore', GOOGLE_CLOUD_PROJECT: project, HAWKER_LEASES: 'store' };
  const proxies = cut ? await Promise.all(Array.from({ length: procs }, () => openFlakyProxy(address))) : [];
  return {
    about: named ? `the Firestore emulator at ${named}` : 'a Firestore emulator of its own',
    fencedFrom: 'beginning',
    proxies,
    settingsFor: (place) => ({ ...base, [FIRESTORE]: proxies[place]?.address ?? address }),
    withStore: withStoreOf(() => ({ ...base, [FIRESTORE]: address })),
    restart:
      emulators && cut
        ? async (around) => {
            // It takes its time to start; until then the other serves.
            const fresh = await startOwn();
            await around(() => {
              emulators?.stop();
              emulators = fresh;
              address = emulators.env[FIRESTORE] ?? '';
              for (const proxy of proxies) proxy.moveTo(address);
            });
          }
        : undefined,
    async close() {
      for (const proxy of proxies) await proxy.close();
      emulators?.stop();
    },
  };
}

async function startOwn(): Promise<Emulators> {
  const emulators = await startEmulators({ ...process.env, [FIRESTORE]: undefined }, [FIRESTORE]);
  const [missing] = emulators.missing;
  if (missing) throw new Error(`${missing.what} is needed: ${missing.why}. To get it: ${missing.remedy}`);
  return emulators;
}
