/** Reads the published lists, keeps them in memory, and notices when others are published. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Store, Version } from '../store/store.ts';
import { watchDependency } from '../telemetry/dependencies.ts';
import { assembleNetwork, type Published, singaporeDate } from './assemble-network.ts';
import {
  type CurrentRecord,
  LIST_NAMES,
  LISTS,
  type ListName,
  type ListRecords,
  type PartRecord,
  readCurrent,
} from './list-records.ts';
import { readRows } from './list-rows.ts';
import { CHECK_MS, type Lists, type Network } from './lists.ts';
import { sampleNetwork } from './sample.ts';

export interface ListsOptions {
  store: Pick<Store, 'get' | 'getMany'>;
  clock: Pick<Clock, 'now' | 'mono' | 'sleep'>;
  log: Log;
  /** Where there is a key, lists are expected, and the sample is not what anybody wants. */
  config?: Pick<Config, 'LTA_ACCOUNT_KEY'>;
}

/** What is published, as far as it was read. */
interface Known {
  /** Of the document `current`; undefined where there is none. */
  at: Version | undefined;
  /** Which parts the lists were read from. */
  parts: CurrentRecord['parts'];
  published: Published | undefined;
  network: Network;
  /** The calendar date in Singapore for which the network holds. */
  date: string;
}

const ONLY_SAMPLE = 'only the demo stops are loaded; the lists have not been pulled yet';
/** Where nothing is published somebody may well be about to: the first lists of a new installation should not take CHECK_MS to show. */
const FIRST_CHECK_MS = 2_000;
/** How long who asks waits for a check, once something is known. It takes a few milliseconds, and more where the lists are new or the store is in trouble. */
const PATIENCE_MS = 500;

export function createLists({ store, clock, log, config }: ListsOptions): Lists {
  let known: Known | undefined;
  let checkedMono = Number.NEGATIVE_INFINITY;
  let checking: Promise<void> | undefined;
  let failure: unknown;
  const watched = watchDependency('bus lists', () => clock.mono());

  /** Single flight. What fails leaves everything as it was, is told once, and is tried again when the next check is due. Never rejects. */
  function check(): Promise<void> {
    checking ??= look()
      .then(() => {
        failure = undefined;
        if (known?.published || config?.LTA_ACCOUNT_KEY === undefined) watched.good();
        else watched.bad(ONLY_SAMPLE, ONLY_SAMPLE);
      })
      .catch((error: unknown) => {
        failure = error;
        watched.bad(known ? 'they cannot be read; the last ones stay' : 'they cannot be read', error);
        if (known) log.warn('the bus lists cannot be read; the last ones stay', { error });
        else log.error('the bus lists cannot be read, and none are known', { error });
      })
      .finally(() => {
        checkedMono = clock.mono();
        checking = undefined;
      });
    return checking;
  }

  /** Nobody may have asked for days, so who asks waits for the check; but a store that hangs keeps nobody from what is known. */
  async function checkForAWhile(): Promise<void> {
    const checked = new AbortController();
    const patience = clock.sleep(PATIENCE_MS, checked.signal).catch(() => undefined);
    await Promise.race([check(), patience]);
    checked.abort();
  }

  async function look(): Promise<void> {
    const found = await readCurrent(store);
    if (known && found?.version === known.at) return;
    const date = singaporeDate(clock.now());
    if (!found) {
      if (known?.published) log.warn('the bus lists are gone; the sample stands in');
      known = { at: undefined, parts: {}, published: undefined, network: sampleNetwork(), date };
      return;
    }
    const { version, sources, parts } = found.value;
    let records: Partial<ListRecords>;
    try {
      records = await loadLists(parts, known);
    } catch (error) {
      // What was published twice since then has taken these parts away.
      const now = await readCurrent(store);
      if (now?.version === found.version) throw error;
      return look();
    }
    const published = { version, sources, records };
    known = { at: found.version, parts, published, network: assembleNetwork(published, date), date };
    log.info('the bus lists were read', {
      version,
      stops: known.network.stops.length,
      routes: known.network.routes.length,
    });
  }

  /** Lists whose parts are the same need not be read again. */
  async function loadLists(parts: CurrentRecord['parts'], before: Known | undefined): Promise<Partial<ListRecords>> {
    const lists = await Promise.all(
      LIST_NAMES.map(async (list) => {
        const ids = parts[list];
        if (!ids) return [];
        const same = before?.published?.records[list];
        if (same && JSON.stringify(before.parts[list]) === JSON.stringify(ids)) return [[list, same] as const];
        return [[list, await loadList(list, ids)] as const];
      }),
    );
    return Object.fromEntries(lists.flat());
  }

  async function loadList<L extends ListName>(list: L, ids: readonly string[]): Promise<ListRecords[L]> {
    // One request for each, since a part is as large as a document gets.
    const docs = await Promise.all(ids.map((id) => store.get<PartRecord>(LISTS, id)));
    const rows = docs.flatMap((doc, index) => {
      if (doc?.value.list !== list || !Array.isArray(doc.value.rows))
        throw new Error(`${ids[index]} of the ${list} is missing or is none of its parts`);
      return doc.value.rows;
    });
    try {
      return readRows(list, rows);
    } catch (error) {
      throw new Error(`a part of the ${list} cannot be read`, { cause: error });
    }
  }

  /** Planned routes come into force at midnight without anything being published. */
  function networkOfToday(of: Known): Network {
    const date = singaporeDate(clock.now());
    if (of.date !== date && of.published) of.network = assembleNetwork(of.published, date);
    of.date = date;
    return of.network;
  }

  return {
    async current() {
      const due = clock.mono() - checkedMono >= (known?.published ? CHECK_MS : FIRST_CHECK_MS);
      if (due) await (known ? checkForAWhile() : check());
      else if (!known) await checking;
      if (!known)
        throw new AppError('unavailable', 'The bus lists cannot be read', {
          headers: { 'Retry-After': String(CHECK_MS / 1_000) },
          cause: failure,
        });
      return networkOfToday(known);
    },
  };
}
