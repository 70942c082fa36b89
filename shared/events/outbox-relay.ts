/**
 * Publishes what the outbox holds. See `outbox-record.ts` for what becomes of an event.
 *
 * It goes round all streams, page by page, until a round finds nothing that could be published. A page's streams are published side by side,
 * the events of one stream one after the other; where a page is all one stream, the round leaves the rest of it for the next one, so that a
 * long stream holds nobody up for longer than a page. A run begins anywhere in the order of the streams' names, which are hashes, so that
 * runs which are cut short do not serve the same ones each time.
 *
 * It runs under a lease: one relay at a time keeps the order, and what it deletes or moves is fenced, so that one that was paused and
 * replaced changes nothing. What such a one still has in hand it may publish late: never before its turn, and as the event it always was.
 */
import type { Clock } from '../clock.ts';
import { AppError, isRetryable, messageOf } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Held } from '../lease/lease.ts';
import type { Log } from '../log.ts';
import type { Queue } from '../queue/queue.ts';
import type { Doc, Store, Write } from '../store/store.ts';
import { count } from '../telemetry/metrics.ts';
import { observe } from '../telemetry/observe.ts';
import { note } from '../telemetry/scope.ts';
import {
  type DeadOutboxRecord,
  endOfStream,
  OUTBOX,
  OUTBOX_DEAD,
  type OutboxRecord,
  streamOf,
} from './outbox-record.ts';

export interface RelayOptions {
  store: Pick<Store, 'list'>;
  queue: Pick<Queue, 'publish'>;
  held: Pick<Held, 'assert' | 'fenced'>;
  /** Ends the run: nothing more is begun, and what is under way has a second. */
  signal: AbortSignal;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** What one run did. */
export interface Relayed {
  published: number;
  /** Moved to `outbox-dead`. */
  dead: number;
  /** Streams that wait for the next run, since the queue did not take an event of theirs. */
  heldBack: number;
}

/** Bounds what is in memory: a record has up to 900,000 bytes. */
const PAGE = 100;
/** Streams that are published side by side. */
const AT_ONCE = 32;
/** Published events that may wait to be deleted together: a crash repeats them. */
const DELETE_FROM = 300;
const GRACE_MS = 1_000;
const REASON_LENGTH = 300;

type Waiting = Doc<OutboxRecord>;

/** Ends when nothing is left that could be published, or with the signal. Throws what the lease (`lease_lost`) and the store throw. */
export function relayOutbox(options: RelayOptions): Promise<Relayed> {
  return observe({ name: 'outbox.relay' }, async () => {
    const relayed = await relay(options);
    note({ ...relayed });
    return relayed;
  });
}

const dealtWith = (outcome: 'published' | 'held_back' | 'dead') =>
  count('hawker.outbox.relayed', { 'hawker.outcome': outcome });

async function relay(options: RelayOptions): Promise<Relayed> {
  const { store, queue, held, signal, clock, ids, log } = options;
  let publications = 0;
  let dead = 0;
  /** Published, and not deleted yet. */
  let spent: Waiting[] = [];
  /** Why a stream is held back. */
  const heldBack = new Map<string, unknown>();
  const cut = cutOff(signal, clock);

  const publish = async ({ topic, event, orderingKey }: OutboxRecord): Promise<void> => {
    const publication = queue.publish(topic, event, orderingKey ? { orderingKey } : {});
    await Promise.race([publication, cut.off]);
  };

  const bury = async ({ id, version, value }: Waiting, error: unknown): Promise<void> => {
    const reason = messageOf(error).slice(0, REASON_LENGTH);
    const record: DeadOutboxRecord = { ...value, reason, at: new Date(clock.now()).toISOString() };
    await held.fenced([
      { op: 'create', collection: OUTBOX_DEAD, id, value: record },
      { op: 'delete', collection: OUTBOX, id, ifVersion: version },
    ]);
    dead++;
    dealtWith('dead');
    const { topic, event } = value;
    log.error('an event of the outbox can never be published', { topic, event: event.id, reason, kept: id });
  };

  const relayStream = async (stream: string, docs: readonly Waiting[]): Promise<void> => {
    for (const doc of docs) {
      if (signal.aborted) return;
      held.assert();
      try {
        await publish(doc.value);
      } catch (error) {
        if (!isRetryable(error)) {
          await bury(doc, error);
          continue;
        }
        heldBack.set(stream, error);
        dealtWith('held_back');
        return;
      }
      spent.push(doc);
      publications++;
      dealtWith('published');
    }
  };

  const relayPage = async (docs: readonly Waiting[]): Promise<void> => {
    const streams = Map.groupBy(docs, ({ id }) => streamOf(id));
    const left = [...streams].filter(([stream]) => !heldBack.has(stream));
    const worker = async () => {
      for (let next = left.shift(); next; next = left.shift()) await relayStream(...next);
    };
    const workers = Array.from({ length: Math.min(AT_ONCE, left.length) }, worker);
    // Each has to have ended: nothing may be published behind the back of whoever gives the lease back.
    for (const result of await Promise.allSettled(workers)) if (result.status === 'rejected') throw result.reason;
  };

  const deleteSpent = async (): Promise<void> => {
    const docs = spent;
    if (docs.length === 0) return;
    spent = [];
    await held.fenced(
      docs.map(({ id, version }): Write => ({ op: 'delete', collection: OUTBOX, id, ifVersion: version })),
    );
  };

  /** Once round all streams, from the one at `start` on. */
  const round = async (start: string): Promise<void> => {
    for (const part of [{ from: start }, { to: start }])
      for await (const docs of pages(store, part)) {
        await relayPage(docs);
        if (spent.length >= DELETE_FROM) await deleteSpent();
        if (signal.aborted) return;
      }
  };

  const start = Math.floor(ids.random() * 4096)
    .toString(16)
    .padStart(3, '0');
  try {
    for (let before = -1; !signal.aborted && publications + dead > before; ) {
      before = publications + dead;
      await round(start);
      await deleteSpent();
    }
  } finally {
    cut.forget();
    // Where the run failed, for another reason than its lease: what need not be repeated should not be.
    await deleteSpent().catch(() => undefined);
  }
  const [reason] = heldBack.values();
  if (heldBack.size > 0)
    log.warn('events of the outbox could not be published and wait for the next run', {
      streams: heldBack.size,
      reason: messageOf(reason),
    });
  return { published: publications, dead, heldBack: heldBack.size };
}

/** Pages of the outbox between two places. */
async function* pages(
  store: RelayOptions['store'],
  { from, to }: { from?: string; to?: string },
): AsyncGenerator<Waiting[]> {
  for (let after = from; ; ) {
    const { docs, next } = await store.list<OutboxRecord>(OUTBOX, {
      ...(after !== undefined && { after }),
      limit: PAGE,
    });
    const within = to === undefined ? docs : docs.filter(({ id }) => id < to);
    if (within.length > 0) yield within;
    if (next === undefined || within.length < docs.length) return;
    const [first, last] = [docs[0], docs.at(-1)].map((doc) => streamOf(doc?.id ?? ''));
    after = first !== undefined && first === last ? endOfStream(first) : next;
  }
}

/** `off` rejects a moment after the signal has aborted: a publication may take far longer than whoever waits for it. */
function cutOff(signal: AbortSignal, clock: Clock) {
  const { promise: off, reject } = Promise.withResolvers<never>();
  off.catch(() => undefined);
  const over = new AbortController();
  const onAbort = () => {
    clock.sleep(GRACE_MS, over.signal).then(
      () => reject(new AppError('unavailable', 'the run had to end before it was published')),
      () => undefined,
    );
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    off,
    forget() {
      signal.removeEventListener('abort', onAbort);
      over.abort();
    },
  };
}
