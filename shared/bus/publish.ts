/** Publishes lists: checks them, writes their parts, and switches. How they lie in the store, list-records.ts tells. */
import type { Clock } from '../clock.ts';
import { isAppError, messageOf } from '../errors.ts';
import type { Store, Write } from '../store/store.ts';
import { type CheckContext, checkList } from './check-lists.ts';
import { type Part, partsOf, versionOf } from './list-parts.ts';
import {
  CURRENT,
  type CurrentRecord,
  countRows,
  LIST_NAMES,
  LISTS,
  type ListName,
  type ListRecords,
  PART_PREFIX,
  type PartNames,
  type PartRecord,
  readCurrent,
} from './list-records.ts';
import { readRows, writeRows } from './list-rows.ts';
import { type ReadList, readList, SETS } from './read-rows.ts';

export interface PublishOptions {
  store: Store;
  clock: Clock;
  from: CheckContext['from'];
  /** As they came from LTA. A list that is absent stays what it is. */
  rows: Partial<Record<ListName, readonly unknown[]>>;
  /** Lists without which the others are published nevertheless, where something is wrong with them. */
  optional?: readonly ListName[];
  allowShrink?: boolean;
  signal?: AbortSignal;
}

/** A publication of which all but the switch has happened. */
export interface Publication {
  version: string;
  /** Whether readers will see anything new beside the time of the check. */
  changed: boolean;
  loaded: { list: ListName; rows: number; dropped: number; problem?: string }[];
  /** Optional lists that were given and not taken. */
  kept: { list: ListName; reason: string }[];
  /**
   * The switch, to be committed as one. Fails with `conflict` where anybody has published since, and then nothing has happened; parts that were written for
   * nothing are found again by who repeats it, or deleted a day later.
   */
  writes: Write[];
}

/** After this time a part that no version names was left behind by somebody who died; anybody else has switched to it or begun anew. */
const LEFT_BEHIND_MS = 24 * 3_600_000;

/**
 * Throws `invalid` where a list is in doubt, before anything is written. Whoever dies after that leaves parts behind that nobody reads.
 */
export async function preparePublication(options: PublishOptions): Promise<Publication> {
  const { store, clock, from, signal } = options;
  // Before any part is looked for: parts are deleted by switches alone, so one that is there now stays there, or the switch fails.
  const found = await readCurrent(store);
  const current = found?.value;
  const { taken, kept } = await readAndCheck(options, current);
  const now = new Date(clock.now()).toISOString();

  const parts: PartNames = { ...current?.parts };
  const sources: CurrentRecord['sources'] = { ...current?.sources };
  const made: Part[] = [];
  for (const [list, { records }] of taken) {
    const cut = partsOf(list, writeRows(list, records));
    parts[list] = cut.map(({ id }) => id);
    sources[list] = { from, at: now, rows: countRows(list, records) };
    made.push(...cut);
  }
  for (const part of made) {
    signal?.throwIfAborted();
    await writePart(store, part, now);
  }

  const version = versionOf(parts);
  const changed = version !== current?.version;
  const before = idsOf(current?.parts);
  const checkedAt = from === 'datamall' ? now : current?.checkedAt;
  const value: CurrentRecord = {
    version,
    parts,
    sources,
    ...(checkedAt !== undefined && { checkedAt }),
    previous: changed ? before : (current?.previous ?? []),
  };
  const common = { collection: LISTS, id: CURRENT, value };
  const writes: Write[] = [
    found ? { op: 'replace', ...common, ifVersion: found.version } : { op: 'create', ...common },
  ];
  if (changed) writes.push(...(await deletions(options, new Set([...idsOf(parts), ...before]), current?.previous)));
  return {
    version,
    changed,
    loaded: taken.map(([list, { records, dropped, problem }]) => ({
      list,
      rows: countRows(list, records),
      dropped,
      ...(problem !== undefined && { problem }),
    })),
    kept,
    writes,
  };
}

/** Prepares and switches, anew where somebody else has published meanwhile. */
export async function publish(options: PublishOptions): Promise<Publication> {
  for (let attempt = 1; ; attempt++) {
    const publication = await preparePublication(options);
    try {
      await options.store.commit(publication.writes);
      return publication;
    } catch (error) {
      if (!isAppError(error, 'conflict') || attempt >= ATTEMPTS) throw error;
    }
  }
}

const ATTEMPTS = 5;

type Taken = [ListName, ReadList];

async function readAndCheck(options: PublishOptions, current: CurrentRecord | undefined) {
  const { store, from, rows, optional = [], allowShrink = false } = options;
  const taken: Taken[] = [];
  const kept: Publication['kept'] = [];
  let stops: ListRecords['stops'] | undefined;
  for (const list of LIST_NAMES) {
    const given = rows[list];
    if (!given) continue;
    const read = readList(list, given);
    if (list === 'stops') stops = (read as ReadList<'stops'>).records;
    if (list === 'routes') stops ??= await readStops(store, current);
    try {
      checkList(list, read, { from, allowShrink, current, stops });
      taken.push([list, read]);
    } catch (error) {
      if (!optional.includes(list)) throw error;
      kept.push({ list, reason: messageOf(error) });
    }
  }
  return { taken, kept };
}

/** Those that are published, and undefined where there are none or none that can be read. */
async function readStops(store: Store, current: CurrentRecord | undefined): Promise<ListRecords['stops'] | undefined> {
  const ids = current?.parts.stops;
  if (!ids) return undefined;
  const docs = await store.getMany<PartRecord>(LISTS, ids);
  if (docs.some((doc) => doc === undefined)) return undefined;
  return readRows(
    'stops',
    docs.flatMap((doc) => doc?.value.rows ?? []),
  );
}

/** Leaves one that is there as it is, and mends one whose rows are not what its name says. */
async function writePart(store: Store, { id, list, rows }: Part, madeAt: string): Promise<void> {
  const value: PartRecord = { list, rows, madeAt };
  const found = await store.get<PartRecord>(LISTS, id);
  const right = found?.value.list === list && JSON.stringify(found.value.rows) === JSON.stringify(rows);
  if (right) return;
  const writing = found ? store.replace(LISTS, id, value, found.version) : store.create(LISTS, id, value);
  await writing.catch((error: unknown) => {
    // Somebody writes the same at this moment.
    if (!isAppError(error, 'conflict')) throw error;
  });
}

/** Of the parts that nobody needs any more once the switch has happened, as far as one commit goes. */
async function deletions(
  { store, clock }: PublishOptions,
  needed: ReadonlySet<string>,
  previous: readonly string[] = [],
) {
  const writes: Write[] = [];
  let after: string | undefined;
  do {
    const page = await store.list<PartRecord>(LISTS, { prefix: PART_PREFIX, limit: 10, ...(after && { after }) });
    for (const { id, version, value } of page.docs) {
      const left = previous.includes(id) || clock.now() - Date.parse(value.madeAt) > LEFT_BEHIND_MS;
      if (left && !needed.has(id)) writes.push({ op: 'delete', collection: LISTS, id, ifVersion: version });
    }
    after = page.next;
  } while (after !== undefined && writes.length < MOST_DELETIONS);
  return writes;
}

/** The end of a firing takes at most 490 writes. */
const MOST_DELETIONS = 400;

function idsOf(parts: PartNames | undefined): string[] {
  return Object.values(parts ?? {}).flat();
}

/** What is said of a list that was loaded: `BusStops: 5,200 rows, 2 left out (row 7: ...)`. */
export function describeLoaded({ list, rows, dropped, problem }: Publication['loaded'][number]): string {
  const left = dropped === 0 ? '' : `, ${dropped} left out (${problem})`;
  return `${SETS[list]}: ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}${left}`;
}
