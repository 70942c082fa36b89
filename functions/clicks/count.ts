/**
 * Counts many hits with one commit: a record for each event (that it is counted), a document for each visitor new that day, and the
 * day's counters. All of it or nothing, so whatever is delivered again, or to two processes at once, meets a record and is counted no more.
 *
 * In the steady state nothing is read: this process remembers the counters it wrote last, with their version, and the visitors it has seen.
 * What it remembers may be wrong (an event was counted elsewhere, another process drew the same shard); then the commit is refused as a
 * whole, everything is read afresh and tried again.
 */
import type { Clock } from '#shared/clock.ts';
import { isAppError, isRetryable } from '#shared/errors.ts';
import type { Event } from '#shared/events/event.ts';
import type { Inbox } from '#shared/events/inbox.ts';
import type { Ids } from '#shared/ids.ts';
import { type LinkDay, SHARDS, STATISTICS, statisticsId } from '#shared/links/statistics.ts';
import { createRecentlyUsed } from '#shared/recently-used.ts';
import { retry } from '#shared/retry.ts';
import { docId, type Store, type Version, type Write } from '#shared/store/store.ts';
import { type CountedHit, emptyDay, type OpenDay, openDay } from './counters.ts';

export interface Arrived {
  event: Event;
  hit: CountedHit;
}

export interface CountOptions {
  store: Store;
  inbox: Inbox;
  clock: Clock;
  ids: Ids;
}

interface Shard {
  day: OpenDay;
  /** Absent while the document does not exist. */
  version?: Version;
}

const VISITORS = 'link-visitors';
/** A day in UTC begins and ends up to a day apart around the world's clocks; after that nobody asks. */
const VISITOR_KEPT_MS = 2 * 24 * 3_600_000;
const KNOWN_VISITORS = 50_000;
const KNOWN_SHARDS = 200;
const ATTEMPTS = 6;

/**
 * Answers, for each hit in its order, undefined or the error that kept it from being counted. Calls must not overlap: what one of them
 * writes, the next one builds on. At most 160 hits, each event once: three writes for each must fit into a commit.
 */
export type CountHits = (arrived: readonly Arrived[]) => Promise<unknown[]>;

export function createCounting({ store, inbox, clock, ids }: CountOptions): CountHits {
  const drawShard = () => Math.floor(ids.random() * SHARDS);
  let shardNumber = drawShard();
  const shards = createRecentlyUsed<Shard>(KNOWN_SHARDS);
  const knownVisitors = createRecentlyUsed<true>(KNOWN_VISITORS);

  const shardOf = ({ linkId, day }: CountedHit) => statisticsId(linkId, day, shardNumber);
  const visitorOf = ({ linkId, day, visitor }: CountedHit) =>
    visitor === undefined ? undefined : docId(linkId, day, visitor);

  async function loadShards(shardIds: readonly string[]): Promise<Map<string, Shard>> {
    const missing = shardIds.filter((id) => !shards.has(id));
    const found = missing.length > 0 ? await store.getMany<LinkDay>(STATISTICS, missing) : [];
    const read = missing.map((id, index): [string, Shard] => {
      const doc = found[index];
      return [id, doc ? { day: openDay(doc.value), version: doc.version } : { day: openDay(emptyDay()) }];
    });
    const remembered = shardIds.flatMap((id): [string, Shard][] => {
      const shard = shards.get(id);
      return shard ? [[id, shard]] : [];
    });
    return new Map([...remembered, ...read]);
  }

  /** The visitors among these that no document stands for yet. */
  async function newVisitors(hits: readonly CountedHit[]): Promise<Set<string>> {
    const unknown = [...new Set(hits.flatMap((hit) => visitorOf(hit) ?? []))].filter((id) => !knownVisitors.has(id));
    const found = unknown.length > 0 ? await store.getMany(VISITORS, unknown) : [];
    return new Set(unknown.filter((_, index) => found[index] === undefined));
  }

  async function commitOnce(arrived: readonly Arrived[]): Promise<void> {
    const hits = arrived.map(({ hit }) => hit);
    const touched = await loadShards([...new Set(hits.map(shardOf))]);
    const newcomers = await newVisitors(hits);
    // From here on the documents in memory are ahead of the store's, until the commit succeeds: nobody else may find them.
    for (const id of touched.keys()) shards.delete(id);
    const uncounted = new Set(newcomers);
    for (const hit of hits) {
      const visitor = visitorOf(hit);
      touched.get(shardOf(hit))?.day.add(hit, visitor !== undefined && uncounted.delete(visitor));
    }

    const expireAt = new Date(clock.now() + VISITOR_KEPT_MS);
    const counters = [...touched].map(([id, { day, version }]): Write => {
      const write = { collection: STATISTICS, id, value: day.value };
      return version === undefined ? { op: 'create', ...write } : { op: 'replace', ...write, ifVersion: version };
    });
    const versions = await store.commit([
      ...counters,
      ...[...newcomers].map((id): Write => ({ op: 'create', collection: VISITORS, id, value: {}, expireAt })),
      ...inbox.record(arrived.map(({ event }) => event)),
    ]);
    [...touched].forEach(([id, { day }], index) => {
      const version = versions[index];
      if (version !== undefined) shards.set(id, { day, version });
    });
    for (const hit of hits) {
      const visitor = visitorOf(hit);
      if (visitor !== undefined) knownVisitors.set(visitor, true);
    }
  }

  /** Until it is committed or someone else has counted every one of them. */
  function commit(arrived: readonly Arrived[]): Promise<void> {
    let left = arrived;
    return retry(
      async (attempt) => {
        if (attempt > 1) {
          // Two busy processes in one shard would be in each other's way for good.
          shardNumber = drawShard();
          const done = await inbox.done(left.map(({ event }) => event));
          left = left.filter((_, index) => !done[index]);
        }
        if (left.length > 0) await commitOnce(left);
      },
      { clock, ids, attempts: ATTEMPTS, baseMs: 20, maxMs: 500, when: (error) => isAppError(error, 'conflict') },
    );
  }

  return async function countHits(arrived): Promise<unknown[]> {
    try {
      await commit(arrived);
      return arrived.map(() => undefined);
    } catch (error) {
      if (arrived.length === 1 || isRetryable(error)) return arrived.map(() => error);
      // The store refuses one of them, or all together as too much: whichever it is, the others must not suffer for it.
      const middle = Math.ceil(arrived.length / 2);
      return [...(await countHits(arrived.slice(0, middle))), ...(await countHits(arrived.slice(middle)))];
    }
  };
}
