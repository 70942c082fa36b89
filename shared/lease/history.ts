/**
 * The terms of every lease, for people: one document per term in `lease-history`, written when a term of this process begins and when it ends. It is
 * only ever a record of what happened: no election waits for it, and none fails with it. What cannot be written is missing later.
 */
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Doc, docId, type Store } from '../store/store.ts';
import type { PastTerm } from './lease.ts';
import type { LeaseRecord } from './record.ts';

const COLLECTION = 'lease-history';
/** The holder and whoever breaks its lease may note the end at the same time. */
const ATTEMPTS = 4;
const KEPT_MS = 90 * 24 * 3_600_000;

export interface TermHistory {
  /** Also of a term that is resumed after it had ended. */
  began(name: string, token: number, record: LeaseRecord): void;
  /** The first end that is noted stands: of a term that was taken away the holder hears later than whoever took it. */
  ended(name: string, token: number, end: string, broken?: PastTerm['broken']): void;
  /** The newest first. */
  list(name: string, limit: number): Promise<PastTerm[]>;
  /** Resolves when all that was noted so far is written, or cannot be. */
  written(): Promise<void>;
}

/** From what stands there to what is to stand there, if anything. */
type Change = (term: PastTerm | undefined) => PastTerm | undefined;

export function createTermHistory({ store, clock, log }: { store: Store; clock: Clock; log: Log }): TermHistory {
  /** The end of each chain of writes to one document that is not yet done. */
  const chains = new Map<string, Promise<void>>();

  function note(id: string, change: Change): void {
    const chain = (chains.get(id) ?? Promise.resolve())
      .then(() => write(id, change))
      .catch((error: unknown) => log.debug('a term was not noted in the history', { term: id, error }))
      .then(() => {
        if (chains.get(id) === chain) chains.delete(id);
      });
    chains.set(id, chain);
  }

  async function write(id: string, change: Change): Promise<void> {
    const expiry = { expireAt: new Date(clock.now() + KEPT_MS) };
    let doc: Doc<PastTerm> | undefined;
    for (let attempt = 1; ; attempt++) {
      const term = change(doc?.value);
      try {
        if (term && doc) await store.replace(COLLECTION, id, term, doc.version, expiry);
        else if (term) await store.create(COLLECTION, id, term, expiry);
        if (term) return;
      } catch (error) {
        if (attempt >= ATTEMPTS || !isAppError(error, 'conflict')) throw error;
      }
      doc = await store.get<PastTerm>(COLLECTION, id);
      if (!doc && !term) return;
    }
  }

  return {
    began(name, token, { term, holder, since, note: about }) {
      const begun: PastTerm = { token, term, holder, since, ...(about !== undefined && { note: about }) };
      note(idOf(name, token), () => begun);
    },
    ended(name, token, end, broken) {
      const until = new Date(clock.now()).toISOString();
      const over = { until, end, ...(broken && { broken }) };
      note(idOf(name, token), (term) => term && (term.end === undefined ? { ...term, ...over } : term));
    },
    async list(name, limit) {
      const { docs } = await store.list<PastTerm>(COLLECTION, { prefix: `${docId(name)}|`, limit });
      return docs.map(({ value }) => value);
    },
    async written() {
      await Promise.all(chains.values());
    },
  };
}

/** The higher the token, the earlier the id, since listings only go up. */
function idOf(name: string, token: number): string {
  return docId(name, String(Number.MAX_SAFE_INTEGER - token).padStart(16, '0'));
}
