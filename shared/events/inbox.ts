/**
 * What makes an event take effect once, though it is delivered many times and at the same time to several processes.
 *
 * There are two forms; a consumer uses one of them. `once` is for work that takes a while or reaches outside the store. `record` is for
 * an effect that is nothing but writes: they go into one commit with the records, and a conflict means that someone was first.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import { patienceMs } from '../expiry.ts';
import type { Log } from '../log.ts';
import { createRecentlyUsed } from '../recently-used.ts';
import type { Doc, Store, Version, Write } from '../store/store.ts';
import { count } from '../telemetry/metrics.ts';
import type { Event } from './event.ts';

/**
 * One event at one consumer. No record: nobody has begun. From there:
 *
 * - Claim: a delivery creates the record as `running` with token 1. The version it gets is its claim; who creates it, works.
 * - `running`: somebody works, or has died. Another delivery is told `request_in_progress`, so that it comes back, until this process has
 *   seen the same version for longer than the record's own `leaseMs`, measured on this process's monotonic clock from its first sight of
 *   it: no clock of another machine is ever read. Then the claim is stale. (A process that ends before that takes nothing over.)
 * - Take-over: a stale or `released` record is replaced, if nobody else did so meanwhile, by `running` with the next token.
 * - Release: work that failed replaces its claim by `released`, so that the next delivery need not wait.
 * - `done`: the end. The worker's writes and this state are one commit which demands the version of its claim. A worker that was taken
 *   over, however late it wakes, fails it and writes nothing; so at most one worker's writes ever happen. Later deliveries do nothing.
 *
 * The time only saves double work. Outside the store work may happen twice around a take-over: pass `key` along as idempotency key, and
 * `token` where the other side can refuse a lower one.
 */
interface InboxRecord {
  state: 'running' | 'released' | 'done';
  /** Counts claims; grows with each and never falls. */
  token: number;
  /** While it is claimed: how long the claim may stand without ending, in milliseconds. */
  leaseMs?: number;
  /** For people who look: the consumer and the event. */
  consumer: string;
  event: string;
}

/** What the work is told. */
interface Claimed {
  /** The same for every delivery of the event, 64 hexadecimal digits. */
  key: string;
  /** Higher than that of any worker before. */
  token: number;
}

export interface Inbox {
  /**
   * Claims the event, runs `work` and commits the writes it returns (at most 499) together with the end of the event. Answers false, and runs
   * nothing, where the event was done before; also where another worker took over and finished it. `leaseMs` is longer than the work can take,
   * so at least the ack deadline.
   * Errors: `request_in_progress` (retryable) while another works on it; `conflict` where one of the work's own writes is refused; the work's own.
   */
  once(event: Event, leaseMs: number, work: (claimed: Claimed) => Promise<readonly Write[]>): Promise<boolean>;
  /** The writes that note these events as done, one for each, for the caller's own commit. It fails with `conflict` where one of them is noted already. */
  record(events: readonly Event[]): Write[];
  /** Which of these are done, in their order: what to ask after a conflict, and only then, since they are counted as having come again. */
  done(events: readonly Event[]): Promise<boolean[]>;
  /** Names an event at this consumer. */
  key(event: Pick<Event, 'source' | 'id'>): string;
}

export interface InboxOptions {
  /** Names whose inbox this is: each consumer of a topic handles an event once. */
  consumer: string;
  store: Store;
  clock: Clock;
  log: Log;
}

interface Claim extends Claimed {
  event: Event;
  version: Version;
}

const COLLECTION = 'inbox';

/** A day more than a subscription keeps what nobody acknowledged, which is seven by Pub/Sub's default. */
const KEPT_MS = 8 * 24 * 3_600_000;

export function createInbox({ consumer, store, clock, log }: InboxOptions): Inbox {
  /** When this process first saw a running record's version. What falls out is only waited for once more. */
  const sights = createRecentlyUsed<{ version: Version; at: number }>(10_000);

  const key = ({ source, id }: Pick<Event, 'source' | 'id'>) =>
    createHash('sha256')
      .update(JSON.stringify([consumer, source, id]))
      .digest('hex');
  const cameAgain = (events: number) => count('hawker.inbox.duplicates', { 'hawker.consumer': consumer }, events);
  const expiry = () => ({ expireAt: new Date(clock.now() + KEPT_MS) });
  const record = (event: Event, state: InboxRecord['state'], token: number, leaseMs?: number): InboxRecord => ({
    state,
    token,
    ...(leaseMs !== undefined && { leaseMs }),
    consumer,
    event: `${event.source} ${event.id}`.slice(0, 1_000),
  });

  async function claim(event: Event, leaseMs: number): Promise<Claim | undefined> {
    const id = key(event);
    try {
      return {
        key: id,
        token: 1,
        event,
        version: await store.create(COLLECTION, id, record(event, 'running', 1, leaseMs), expiry()),
      };
    } catch (error) {
      if (!isAppError(error, 'conflict')) throw error;
    }
    const found = await store.get<InboxRecord>(COLLECTION, id);
    if (found?.value.state === 'done') return undefined;
    if (!found || !isFree(found)) throw inProgress();
    const token = found.value.token + 1;
    const version = await store
      .replace(COLLECTION, id, record(event, 'running', token, leaseMs), found.version, expiry())
      .catch((error: unknown) => {
        throw isAppError(error, 'conflict') ? inProgress() : error;
      });
    sights.delete(id);
    if (found.value.state === 'running')
      log.warn('took over an event whose worker has not ended', { consumer, event: event.id, token });
    return { key: id, token, event, version };
  }

  function isFree({ id, version, value }: Doc<InboxRecord>): boolean {
    if (value.state === 'released') return true;
    const now = clock.mono();
    const sight = sights.get(id);
    if (sight?.version === version) return now - sight.at >= patienceMs(value.leaseMs ?? 0);
    sights.set(id, { version, at: now });
    return false;
  }

  async function finish(claimed: Claim, writes: readonly Write[]): Promise<boolean> {
    const { key: id, event, token, version } = claimed;
    const end: Write = {
      op: 'replace',
      collection: COLLECTION,
      id,
      value: record(event, 'done', token),
      ifVersion: version,
      ...expiry(),
    };
    try {
      await store.commit([end, ...writes]);
      return true;
    } catch (error) {
      if (!isAppError(error, 'conflict')) throw error;
      const found = await store.get<InboxRecord>(COLLECTION, id);
      if (found?.version === version) throw error;
      log.warn('another worker took over before this one ended; its writes were refused', {
        consumer,
        event: event.id,
        token,
      });
      if (found?.value.state === 'done') return false;
      throw inProgress();
    }
  }

  /** Only to save time: a claim that cannot be given back becomes stale. */
  async function release({ key: id, event, token, version }: Claim): Promise<void> {
    await store.replace(COLLECTION, id, record(event, 'released', token), version, expiry()).catch((error: unknown) => {
      log.debug('a claim was not given back', { consumer, event: event.id, error });
    });
  }

  return {
    key,
    async once(event, leaseMs, work) {
      const claimed = await claim(event, leaseMs);
      try {
        const first = claimed && (await finish(claimed, await work({ key: claimed.key, token: claimed.token })));
        if (!first) cameAgain(1);
        return first ?? false;
      } catch (error) {
        if (claimed) await release(claimed);
        throw error;
      }
    },
    record: (events) =>
      events.map((event) => ({
        op: 'create',
        collection: COLLECTION,
        id: key(event),
        value: record(event, 'done', 1),
        ...expiry(),
      })),
    async done(events) {
      const found = await store.getMany<InboxRecord>(COLLECTION, events.map(key));
      const done = found.map((doc) => doc?.value.state === 'done');
      cameAgain(done.filter(Boolean).length);
      return done;
    },
  };
}

function inProgress(): AppError {
  return new AppError('request_in_progress', 'Another worker has this event');
}
