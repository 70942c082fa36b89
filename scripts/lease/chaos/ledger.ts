/**
 * What a leader does in the store: each of its fenced commits moves one counter on and leaves an entry that says under which token. So the store
 * itself keeps the order in which commits were made, and a lost, a doubled or a stale one shows.
 *
 * Some commits are late: they wait between the guard's last look at the lease and the store, as if the network had held them up. By then they know
 * what the counter is, so that nothing but the guard stands between them and the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '#shared/errors.ts';
import type { Held } from '#shared/lease/lease.ts';
import { docId, type Store, type Version, type Write } from '#shared/store/store.ts';
import { sharedMono, type Witness } from './evidence.ts';
import { COUNTERS, type Counter, ENTRIES, type Entry } from './plan.ts';

/** What says for certain that a commit did not happen. */
const REFUSALS = ['lease_lost', 'conflict', 'unavailable', 'storage_full'] as const;
/** For runs on a store that stays: whoever did not clean up left these to it. */
const KEPT_MS = 7 * 86_400_000;

interface Tools {
  store: Store;
  name: string;
  witness: Witness;
  newId: () => string;
  now: () => number;
  /** Leaves the guard out. */
  unfenced: boolean;
}

interface Known {
  count: number;
  /** Undefined where there is none. */
  version: Version | undefined;
}

export interface Ledger {
  /** One commit under this term, `lateMs` late; whatever becomes of it is in the evidence. */
  commit(held: Held, lateMs?: number): Promise<void>;
  /** The store as leases must be given it, so that they commit late what is to be late. */
  readonly store: Store;
}

export function createLedger({ store, name, witness, newId, now, unfenced }: Tools): Ledger {
  /** The counter as this process last wrote it; undefined where somebody else may have written since. */
  let known: Known | undefined;
  /** By how much the commits that are under way are late. */
  const lateness = new Map<string, number>();

  const load = async (): Promise<Known> => {
    const doc = await store.get<Counter>(COUNTERS, name);
    return { count: doc?.value.count ?? 0, version: doc?.version };
  };

  const writesOf = (id: string, token: number, { count: before, version }: Known): Write[] => {
    const count = before + 1;
    const options = { expireAt: new Date(now() + KEPT_MS) };
    const counter = { collection: COUNTERS, id: name, value: { count, token } satisfies Counter, ...options };
    const entry: Entry = { id, count, token };
    return [
      version === undefined ? { op: 'create', ...counter } : { op: 'replace', ...counter, ifVersion: version },
      { op: 'create', collection: ENTRIES, id: entryId(name, count), value: entry, ...options },
    ];
  };

  /** Of one of ours, or of a lease's own. */
  const deliver = async (writes: readonly Write[]): Promise<Version[]> => {
    const entry = writes.find(({ collection }) => collection === ENTRIES);
    if (entry?.op !== 'create') return store.commit(writes);
    const { id, token } = entry.value as Entry;
    const lateMs = lateness.get(id) ?? 0;
    let sent = writes;
    if (lateMs > 0) {
      await sleep(lateMs);
      const guard = writes.filter(({ collection }) => collection !== ENTRIES && collection !== COUNTERS);
      sent = [...guard, ...writesOf(id, token, await load())];
    }
    witness.write({ kind: 'commit', id, token, at: sharedMono() });
    return store.commit(sent);
  };
  const late: Store = { ...store, commit: deliver };

  return {
    store: late,
    async commit(held, lateMs = 0) {
      const id = newId();
      lateness.set(id, lateMs);
      try {
        const at = known ?? (await load());
        known = undefined;
        const writes = writesOf(id, held.token, at);
        const [version] = await (unfenced ? late.commit(writes) : held.fenced(writes));
        witness.write({ kind: 'told', id, outcome: 'done', code: '', at: sharedMono() });
        if (lateMs === 0) known = { count: at.count + 1, version };
      } catch (error) {
        if (!isAppError(error)) throw error;
        const refused = REFUSALS.some((code) => code === error.code);
        const outcome = refused ? 'refused' : 'unknown';
        witness.write({ kind: 'told', id, outcome, code: error.code, at: sharedMono() });
      } finally {
        lateness.delete(id);
      }
    },
  };
}

/** Ids of one run lie in the order of their counts. */
function entryId(name: string, count: number): string {
  return docId(name, String(count).padStart(9, '0'));
}

/** All entries of a run as the store lists them, and then the counter. */
export async function readLedger(store: Store, name: string): Promise<{ entries: Entry[]; counter: number }> {
  const entries: Entry[] = [];
  for (let after: string | undefined; ; ) {
    const options = { prefix: docId(name, ''), limit: 1_000, ...(after !== undefined && { after }) };
    const page = await store.list<Entry>(ENTRIES, options);
    entries.push(...page.docs.map(({ value }) => value));
    if (page.next === undefined) break;
    after = page.next;
  }
  const counter = await store.get<Counter>(COUNTERS, name);
  return { entries, counter: counter?.value.count ?? 0 };
}

/** Removes what a run has counted; the lease itself stays, since its tokens must never come again. */
export async function clearLedger(store: Store, name: string): Promise<void> {
  for (;;) {
    const { docs, next } = await store.list(ENTRIES, { prefix: docId(name, ''), limit: 400 });
    const writes = docs.map(
      ({ id, version }): Write => ({ op: 'delete', collection: ENTRIES, id, ifVersion: version }),
    );
    if (writes.length > 0) await store.commit(writes);
    if (next === undefined) break;
  }
  const counter = await store.get(COUNTERS, name);
  if (counter) await store.delete(COUNTERS, name, counter.version);
}
