/** What the outbox's tests share: a store that can be watched, a queue that keeps what it is given, and terms that follow one another. */
import { AppError, isAppError } from '../errors.ts';
import type { Held } from '../lease/lease.ts';
import type { Queue } from '../queue/queue.ts';
import type { Doc, Store, Write } from '../store/store.ts';
import type { NewEvent } from './event.ts';
import type { Outgoing } from './outbox.ts';

export const outgoing = (id: string, given: Partial<Outgoing> = {}): Outgoing => ({
  topic: 'news',
  event: { id, source: '/test', type: 't', time: '2026-01-01T00:00:00Z', data: id },
  ...given,
});

export interface Publication {
  topic: string;
  event: NewEvent;
  orderingKey: string | undefined;
}

export interface RecordingQueue extends Pick<Queue, 'publish'> {
  readonly all: Publication[];
  ids(): string[];
  /** What happens before an event is taken, while set. */
  before: ((publication: Publication) => Promise<void> | void) | undefined;
}

export function createRecordingQueue(): RecordingQueue {
  const all: Publication[] = [];
  const queue: RecordingQueue = {
    all,
    ids: () => all.map(({ event }) => event.id),
    before: undefined,
    async publish(topic, event, { orderingKey } = {}) {
      const publication = { topic, event, orderingKey };
      await queue.before?.(publication);
      all.push(publication);
    },
  };
  return queue;
}

type Term = Pick<Held, 'assert' | 'fenced'>;

/**
 * Begins a term, which ends the one before: its fenced writes are refused from then on. Its `assert` goes on saying yes, as it may to a holder
 * that was paused right after it asked.
 */
export async function beginTerm(store: Store): Promise<Term> {
  const before = await store.get('lease-terms', 'relay');
  const version = before
    ? await store.replace('lease-terms', 'relay', { n: Number(before.value['n']) + 1 }, before.version)
    : await store.create('lease-terms', 'relay', { n: 1 });
  return {
    assert: () => undefined,
    async fenced(writes) {
      const guard: Write = { op: 'check', collection: 'lease-terms', id: 'relay', ifVersion: version };
      try {
        const [, ...versions] = await store.commit([guard, ...writes]);
        return versions;
      } catch (error) {
        const now = isAppError(error, 'conflict') ? await store.get('lease-terms', 'relay') : undefined;
        throw now && now.version !== version ? new AppError('lease_lost', 'another term has begun') : error;
      }
    },
  };
}

/** All of a collection, in the order of the ids. */
export async function everything<T>(store: Store, collection: string): Promise<Doc<T>[]> {
  const all: Doc<T>[] = [];
  for (let after: string | undefined; ; ) {
    const { docs, next } = await store.list<T>(collection, { ...(after && { after }), limit: 1_000 });
    all.push(...docs);
    if (!next) return all;
    after = next;
  }
}
