/**
 * The store on Firestore. A read is repeated while its time lasts. A commit carries a nonce of its own, and a failure of it is settled by reading
 * its documents before anything is said: won, lost, or not happened and therefore sent again. So is a refusal after an attempt that may have
 * happened; the refusal of a first attempt is about that attempt, since the client beneath repeats none, and about a document, once this
 * database has answered anything (one that does not exist refuses likewise). An answer that never came and a document that two others
 * have written since leave `outcome_unknown`.
 */
import type { Clock } from '../clock.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Ids } from '../ids.ts';
import { openedOnce } from '../opened-once.ts';
import { conflict, versionsAfter } from './expectations.ts';
import type { FirestoreRpc, StoredDocument } from './firestore-client.ts';
import { ageOf, commitWriteOf, docOf, stateOf, TRACES, updateTimeOf, versionAt } from './firestore-documents.ts';
import { explainGrpcError, isRefusal, isTransient, mayHaveHappened } from './firestore-failures.ts';
import { judge, type Verdict } from './firestore-verdict.ts';
import { lowerBound, pageOf, upperBound } from './order.ts';
import type { ListOptions, StoreDriver, Version } from './store.ts';
import { createTimeBudget, type TimeBudget } from './time-budget.ts';
import { idProblem, type PreparedWrite, prepareWrites, validateKeys, validateList } from './validate.ts';
import { orderFrom } from './version-order.ts';

interface FirestoreOptions {
  project: string;
  /** host:port. */
  emulator: string | undefined;
  clock: Clock;
  ids: Ids;
  /** How long a call may take in all, in milliseconds. */
  timeoutMs?: number;
}

export function createFirestoreDriver(options: FirestoreOptions): StoreDriver {
  const { project, emulator, clock, ids, timeoutMs = 5_000 } = options;
  let answered = false;
  const connection = openedOnce(() =>
    import('./firestore-client.ts')
      .then((client) => client.connectFirestore(project, emulator))
      .catch((error: unknown) => Promise.reject(explainGrpcError(error))),
  );
  const connect = (budget: TimeBudget): Promise<FirestoreRpc> => budget.limit(connection());
  const startBudget = () => createTimeBudget({ clock, ids, ms: timeoutMs });

  const read = async <T>(budget: TimeBudget, call: (share: number) => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const answer = await call(budget.share());
        answered = true;
        return answer;
      } catch (error) {
        if (!isTransient(error) || !(await budget.pause())) throw explainGrpcError(error);
      }
    }
  };

  /** What became of the commit, as far as it can be known in the time that is left. */
  const settle = async (rpc: FirestoreRpc, writes: PreparedWrite[], nonce: string, budget: TimeBudget) => {
    const names = writes.map((write) => rpc.nameOf(write.collection, write.id));
    const found = byName(await read(budget, (share) => rpc.batchGet(names, share, TRACES)));
    const states = names.map((name) => {
      const document = found.get(name);
      return document && stateOf(document);
    });
    return judge(writes, states, nonce);
  };

  const commit = async (writes: PreparedWrite[]): Promise<Version[]> => {
    const budget = startBudget();
    const rpc = await connect(budget);
    const nonce = ids.unique();
    const request = writes.map((write) => {
      const sent = commitWriteOf(rpc, write, nonce);
      if (!sent) throw conflict(write);
      return sent;
    });
    for (let uncertain = false; ; ) {
      let failure: unknown;
      try {
        const time = await rpc.commit(request, budget.share());
        answered = true;
        return versionsAfter(writes, versionAt(time, nonce));
      } catch (error) {
        failure = error;
      }
      uncertain ||= mayHaveHappened(failure);
      if (answered && !uncertain && isRefusal(failure) && !prunes(writes)) throw lost(writes);

      let verdict: Verdict;
      try {
        verdict = await settle(rpc, writes, nonce, budget);
      } catch {
        throw uncertain ? outcomeUnknown(failure) : explainGrpcError(failure);
      }
      if (verdict.became === 'won') return versionsAfter(writes, `${verdict.at}-${nonce}`);
      // Somebody else was first for certain; or no attempt can have happened, and one was refused or what it expected has moved on.
      if (verdict.became === 'lost' || (!uncertain && (isRefusal(failure) || verdict.became === 'unknown')))
        throw lost(writes);
      if (verdict.became === 'unknown') throw outcomeUnknown(failure);
      if (!isTransient(failure) || !(await budget.pause()))
        throw uncertain ? outcomeUnknown(failure) : explainGrpcError(failure);
    }
  };

  return {
    remote: true,
    async getMany<T>(collection: string, wanted: readonly string[]) {
      validateKeys(collection, wanted);
      if (wanted.length === 0) return [];
      const budget = startBudget();
      const rpc = await connect(budget);
      const names = wanted.map((id) => rpc.nameOf(collection, id));
      const found = byName(await read(budget, (share) => rpc.batchGet([...new Set(names)], share)));
      return names.map((name) => {
        const document = found.get(name);
        return document && { ...docOf<T>(collection, document), ...ageOf(document) };
      });
    },
    async list<T>(collection: string, listing: ListOptions) {
      validateList(collection, listing);
      const budget = startBudget();
      const rpc = await connect(budget);
      const { id, inclusive } = lowerBound(listing);
      const end = upperBound(listing.prefix ?? '');
      const query = {
        collection,
        from: id === '' ? undefined : { name: rpc.nameOf(collection, id), inclusive },
        // Some bounds are no ids; then pageOf cuts what is too much.
        before: end === undefined || idProblem(end) ? undefined : rpc.nameOf(collection, end),
        limit: listing.limit + 1,
      };
      const documents = await read(budget, (share) => rpc.query(query, share));
      return pageOf(
        documents.map((document) => docOf<T>(collection, document)),
        listing,
      );
    },
    async commit(writes) {
      const prepared = prepareWrites(writes);
      return prepared.length === 0 ? [] : commit(prepared);
    },
    orderOf: (version) => orderFrom(updateTimeOf(version), version),
    async check() {
      const budget = startBudget();
      const rpc = await connect(budget);
      const nowhere = rpc.nameOf('hawker-check', 'nowhere');
      await read(budget, (share) => rpc.batchGet([nowhere], share));
      await read(budget, (share) => rpc.commit([{ delete: nowhere }], share));
    },
    async close() {
      await (await connection.opened())?.close();
    },
  };
}

/** Deletes alone also succeed where all are gone, which a refusal does not tell. */
function prunes(writes: readonly PreparedWrite[]): boolean {
  return writes.every(({ op }) => op === 'delete');
}

function byName(documents: StoredDocument[]): Map<string, StoredDocument> {
  return new Map(documents.map((document) => [document.name, document]));
}

function lost(writes: readonly PreparedWrite[]): AppError {
  const [first] = writes;
  return writes.length === 1 && first
    ? conflict(first)
    : new AppError('conflict', `one of ${writes.length} documents is not what it was when it was read`);
}

function outcomeUnknown(failure: unknown): AppError {
  return new AppError('outcome_unknown', `Firestore may have taken the write: ${messageOf(failure)}`, {
    cause: failure,
  });
}
