/**
 * What makes a committed change publish its event: the event is part of the commit, and a relay (`outbox-relay.ts`) publishes it from the store.
 *
 * Without it there are two steps, and a process that dies between them has changed something that nobody hears of, or told of something
 * that never happened. Consumers may see an event more than once, as from any queue, always with the same `id` and `source`. The function
 * `outbox-relay` runs once a minute, so an event may take that long.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import { assertPublishable } from '../queue/publishable.ts';
import { retry } from '../retry.ts';
import { type Doc, MAX_VALUE_BYTES, type Store, type Version, type Write } from '../store/store.ts';
import type { NewEvent } from './event.ts';
import { OUTBOX, OUTBOX_KEYS, type OutboxKey, type OutboxRecord, outboxId } from './outbox-record.ts';
import { traced } from './traced.ts';

/** An event, and where it goes. */
export interface Outgoing {
  topic: string;
  event: NewEvent;
  /** Events of one topic and key are published in the order of their commits; those of one commit, in the order given. At most 1,024 bytes. */
  orderingKey?: string;
}

export interface Outbox {
  /**
   * Commits these writes and these events, all or none, and answers the versions of the writes. It takes one place of the commit's 500 for each
   * event and one for each key among them. A lease holder passes `held.fenced` as `through`.
   *
   * Where only a key's order moved meanwhile, it is done again, at most ten times; where one of the writes' own expectations is broken,
   * it throws `conflict` at once. Errors: what `through` throws; `invalid` and `too_large` for an event that could not be published or is
   * larger than about 890,000 bytes as JSON text, before anything is written.
   */
  commit(
    writes: readonly Write[],
    events: readonly Outgoing[],
    through?: (writes: readonly Write[]) => Promise<Version[]>,
  ): Promise<Version[]>;
  /**
   * The writes that put these events into the outbox, for a commit that somebody else makes: the work of an inbox, the end of a firing. It reads
   * where an event has a key; then that commit fails with `conflict` if the key's order moves meanwhile, and `prepare` has to be called again.
   */
  prepare(events: readonly Outgoing[]): Promise<Write[]>;
}

export interface OutboxOptions {
  store: Store;
  clock: Clock;
  ids: Ids;
}

/** One key's sequence as it was read. */
interface Sequence {
  stream: string;
  topic: string;
  orderingKey: string;
  doc: Doc<OutboxKey> | undefined;
}

interface Prepared {
  writes: Write[];
  sequences: Sequence[];
}

const RETRIES = { attempts: 10, baseMs: 20, maxMs: 500 };
/** How long after its last commit a key's sequence is kept. */
const SEQUENCE_KEPT_MS = 30 * 24 * 3_600_000;
/** What a dead event's record needs more than a waiting one's. */
const DEAD_BYTES = 2_000;

export function createOutbox({ store, clock, ids }: OutboxOptions): Outbox {
  const prepare = async (events: readonly Outgoing[]): Promise<Prepared> => {
    const records = events.map(recordOf);
    const keyed = new Map<string, Outgoing>();
    const streams = records.map(({ topic, event, orderingKey }) => {
      if (!orderingKey) return hash([ids.unique()]);
      const stream = hash([topic, orderingKey]);
      keyed.set(stream, { topic, event, orderingKey });
      return stream;
    });
    const docs = keyed.size > 0 ? await store.getMany<OutboxKey>(OUTBOX_KEYS, [...keyed.keys()]) : [];
    const sequences = [...keyed].map(
      ([stream, { topic, orderingKey = '' }], index): Sequence => ({ stream, topic, orderingKey, doc: docs[index] }),
    );

    // From the clock on, so that a sequence that was thrown away goes on above where it was.
    const begin = Math.floor(clock.now()) * 1_000;
    const last = new Map(sequences.map(({ stream, doc }) => [stream, Math.max(doc?.value.last ?? 0, begin)]));
    const added = records.map((value, index): Write => {
      const stream = streams[index] ?? '';
      const number = (last.get(stream) ?? 0) + 1;
      last.set(stream, number);
      return { op: 'create', collection: OUTBOX, id: outboxId(stream, number), value };
    });
    const expireAt = new Date(clock.now() + SEQUENCE_KEPT_MS);
    const moved = sequences.map(({ stream, topic, orderingKey, doc }): Write => {
      const value: OutboxKey = { last: last.get(stream) ?? 0, topic, orderingKey };
      const write = { collection: OUTBOX_KEYS, id: stream, value, expireAt };
      return doc ? { op: 'replace', ...write, ifVersion: doc.version } : { op: 'create', ...write };
    });
    return { writes: [...moved, ...added], sequences };
  };

  const haveMoved = async (sequences: readonly Sequence[]): Promise<boolean> => {
    if (sequences.length === 0) return false;
    const streams = sequences.map(({ stream }) => stream);
    const now = await store.getMany(OUTBOX_KEYS, streams);
    return sequences.some(({ doc }, index) => doc?.version !== now[index]?.version);
  };

  /** Whether these writes, by what they expect, could succeed now. */
  const stand = async (writes: readonly Write[]): Promise<boolean> => {
    const collections = Map.groupBy(writes, ({ collection }) => collection);
    for (const [collection, own] of collections) {
      const now = await store.getMany(
        collection,
        own.map(({ id }) => id),
      );
      if (own.some((write, index) => now[index]?.version !== (write.op === 'create' ? undefined : write.ifVersion)))
        return false;
    }
    return true;
  };

  return {
    async commit(writes, events, through = store.commit) {
      let overtaken = false;
      return retry(
        async () => {
          overtaken = false;
          const { writes: added, sequences } = await prepare(events);
          try {
            const versions = await through([...writes, ...added]);
            return versions.slice(0, writes.length);
          } catch (error) {
            // Where nobody can tell now, whose fault it was is left open: the conflict itself is certain.
            if (isAppError(error, 'conflict'))
              overtaken = await Promise.all([haveMoved(sequences), stand(writes)]).then(
                ([moved, standing]) => moved && standing,
                () => false,
              );
            throw error;
          }
        },
        { clock, ids, ...RETRIES, when: () => overtaken },
      );
    },

    prepare: async (events) => (await prepare(events)).writes,
  };
}

/** Throws where no queue, or no store, would take the event. It keeps the trace of the commit, whoever relays it; one that only just fits goes without. */
function recordOf({ topic, event, orderingKey }: Outgoing): OutboxRecord {
  assertPublishable(event, orderingKey);
  if (!topic) throw new AppError('invalid', 'an event needs a topic');
  const record = (given: NewEvent): OutboxRecord => ({ topic, event: given, ...(orderingKey && { orderingKey }) });
  const plain = record(event);
  const bytes = bytesOf(plain);
  const most = MAX_VALUE_BYTES - DEAD_BYTES;
  if (bytes > most)
    throw new AppError('too_large', `an event of the outbox must be at most ${most} bytes as JSON text, not ${bytes}`);
  const told = traced(event);
  return told === event || bytesOf(record(told)) > most ? plain : record(told);
}

function bytesOf(record: OutboxRecord): number {
  return Buffer.byteLength(JSON.stringify(record));
}

/** A stream's name, which is spread evenly: the relay begins anywhere among them. */
function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
