/**
 * What a session keeps in the target's own database, in the collection named by the target's `table`:
 *
 * | document | fields |
 * |---|---|
 * | `version` | `version`, a text or null, since a double does not hold nineteen digits; `dirty` |
 * | `fence` | `token`, the highest that anybody wrote with; `nonce` of the commit that wrote it; `rows` of the history; and of a step under way `step`, `query`, `cursor`, `pages`, `read`, `written`, `total` |
 * | `history-<order>` | a row of the history, and its `order` |
 *
 * Every commit writes `fence`, on condition that it is as it was read. So of two who read the same, one commits, and whoever read before a later term raised the token commits nothing any more.
 */
import type {
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Precondition,
  Query,
  QuerySnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import { AppError, isAppError } from '../../errors.ts';
import { backoffMs } from '../../retry.ts';
import type { VersionState } from '../migration.ts';
import type { HistoryRow } from '../session.ts';
import { ask, type Connection, explain, isRefusal, isTaken } from './connection.ts';
import { exact } from './values.ts';

const ATTEMPTS = 30;
const WAITS = { baseMs: 20, maxMs: 300 };

export interface UnderWay {
  /** Direction and version. */
  step: string;
  query: string;
  /** Path of the last document that was looked at. */
  cursor: string;
  pages: number;
  read: number;
  written: number;
  total: number;
}

export interface Ours {
  state: VersionState;
  token: number;
  nonce: string;
  rows: number;
  underWay: UnderWay | undefined;
  times: { version: Timestamp | undefined; fence: Timestamp | undefined };
}

interface Writes {
  create(of: DocumentReference, data: DocumentData): unknown;
  update(of: DocumentReference, data: DocumentData, expected: Precondition): unknown;
  delete(of: DocumentReference, expected: Precondition): unknown;
}

/** A batch, or a transaction that locks what it reads. */
export interface Writing {
  reads: Pick<Firestore, 'getAll'> & { get(query: Query): Promise<QuerySnapshot> };
  writes: Writes;
  /** How often Firestore turned this work away because something had changed. */
  refused: number;
  /** The last time because something to be created was there. */
  exists: boolean;
}

export interface Next<T> {
  /** Absent: nothing is to be written. */
  write?: {
    state?: VersionState;
    underWay: UnderWay | undefined;
    row?: HistoryRow;
  };
  answer: T;
}

export interface Given {
  /** Absent: the fence is not looked at. */
  token?: number;
  signal?: AbortSignal | undefined;
  /** Whether, turned away so often, it is to lock what it reads: then others wait for it. */
  locks?: () => boolean;
}

const refs = ({ db, table }: Connection) => ({
  version: db.collection(table).doc('version'),
  fence: db.collection(table).doc('fence'),
});

export async function readOurs(
  connection: Connection,
  signal?: AbortSignal,
  from: Writing['reads'] = readsOf(connection),
) {
  const { version, fence } = refs(connection);
  const [first, second] = await ask(connection, () => from.getAll(version, fence), signal).catch((error: unknown) => {
    throw explain(error);
  });
  return oursOf(first, second);
}

const readsOf = ({ db }: Connection): Writing['reads'] => ({
  getAll: (...names) => db.getAll(...names),
  get: (query) => query.get(),
});

function oursOf(version: DocumentSnapshot | undefined, fence: DocumentSnapshot | undefined): Ours {
  const row = exact(version?.data()) as { version: string | null; dirty: boolean } | undefined;
  const kept = exact(fence?.data()) as (Partial<UnderWay> & { token: number; nonce: string; rows: number }) | undefined;
  const { step, query = '', cursor = '', pages = 0, read = 0, written = 0, total = 0 } = kept ?? {};
  return {
    state: {
      version: typeof row?.version === 'string' ? BigInt(row.version) : undefined,
      dirty: row?.dirty ?? false,
    },
    ...{ token: kept?.token ?? 0, nonce: kept?.nonce ?? '', rows: kept?.rows ?? 0 },
    underWay: typeof step === 'string' ? { step, query, cursor, pages, read, written, total } : undefined,
    times: { version: version?.updateTime, fence: fence?.updateTime },
  };
}

/**
 * One atomic commit of what `work` makes of what is there, and of ours. Where the answer is lost, or something had changed, it looks whether one of its own commits is the last, and otherwise has the
 * work done anew. Throws `lease_lost` where a later term has written; `conflict` where it is turned away 30 times; `outcome_unknown` where it can neither commit nor look.
 */
export async function commitOurs<T>(
  connection: Connection,
  given: Given,
  work: (ours: Ours, writing: Writing) => Promise<Next<T>>,
): Promise<T> {
  const { db, ids, clock } = connection;
  const tried = new Map<string, T>();
  let refused = 0;
  let exists = false;
  for (let attempt = 1; ; attempt++) {
    const nonce = ids.unique();
    let done: { answer: T } | undefined;
    /** Answers whether there is something to commit. */
    const prepare = async ({ reads, writes }: Pick<Writing, 'reads' | 'writes'>) => {
      const ours = await readOurs(connection, given.signal, reads);
      if (tried.has(ours.nonce)) {
        done = { answer: tried.get(ours.nonce) as T };
        return false;
      }
      if (given.token !== undefined && given.token < ours.token)
        throw new AppError('lease_lost', 'a later term has written to this database');
      const { write, answer } = await work(ours, { reads, writes, refused, exists });
      done = { answer };
      if (!write) return false;
      writeOurs(connection, ours, writes, { ...write, nonce, token: given.token ?? ours.token });
      done = undefined;
      tried.set(nonce, answer);
      return true;
    };
    try {
      if (given.locks?.())
        await ask(
          connection,
          () =>
            db.runTransaction(
              async (transaction) =>
                void (await prepare({
                  reads: { getAll: (...names) => transaction.getAll(...names), get: (query) => transaction.get(query) },
                  writes: transaction,
                })),
              { maxAttempts: 1 },
            ),
          given.signal,
        );
      else {
        const batch = db.batch();
        if (await prepare({ reads: readsOf(connection), writes: batch }))
          await ask(connection, () => batch.commit(), given.signal);
      }
      return done ? done.answer : (tried.get(nonce) as T);
    } catch (error) {
      given.signal?.throwIfAborted();
      const explained = explainCommit(error, tried.has(nonce), tried.size);
      if (explained !== undefined) throw explained as Error;
      if (isRefusal(error)) refused++;
      exists = isTaken(error);
      if (attempt >= ATTEMPTS) throw gaveUp(error, tried.size);
    }
    await clock.sleep(backoffMs(attempt, { ...WAITS, ids }), given.signal);
  }
}

/** Undefined: worth another look. */
function explainCommit(error: unknown, sent: boolean, tried: number): unknown {
  if (isRefusal(error)) return undefined;
  const explained = explain(error);
  if (!isAppError(explained, 'unavailable')) return explained;
  // A commit without an answer, or no look at what became of one.
  if (sent) return undefined;
  return tried === 0 ? explained : new AppError('outcome_unknown', explained.message, { cause: error });
}

function gaveUp(error: unknown, tried: number): unknown {
  if (isRefusal(error))
    return new AppError('conflict', 'what was to be written was changed by somebody else each time', { cause: error });
  return tried === 0 ? explain(error) : new AppError('outcome_unknown', 'Firestore does not answer', { cause: error });
}

function writeOurs(
  connection: Connection,
  ours: Ours,
  writes: Writing['writes'],
  next: NonNullable<Next<unknown>['write']> & { nonce: string; token: number },
): void {
  const { version, fence } = refs(connection);
  const none = { step: null, query: null, cursor: null, pages: 0, read: 0, written: 0, total: 0 };
  const rows = ours.rows + (next.row ? 1 : 0);
  const kept = { token: next.token, nonce: next.nonce, rows, ...(next.underWay ?? none) };
  if (ours.times.fence) writes.update(fence, kept, { lastUpdateTime: ours.times.fence });
  else writes.create(fence, kept);
  if (next.state) {
    const row = {
      version: next.state.version === undefined ? null : String(next.state.version),
      dirty: next.state.dirty,
    };
    if (ours.times.version) writes.update(version, row, { lastUpdateTime: ours.times.version });
    else writes.create(version, row);
  }
  if (next.row) {
    const { version: of, checksum = null, down = null, ...row } = next.row;
    writes.create(connection.db.collection(connection.table).doc(`history-${`${rows}`.padStart(9, '0')}`), {
      ...{ order: rows, version: String(of), checksum, down },
      ...row,
    });
  }
}

/** The newest first. */
export async function readHistory(connection: Connection, limit: number): Promise<HistoryRow[]> {
  const query = connection.db.collection(connection.table).orderBy('order', 'desc').limit(limit);
  const found = await ask(connection, () => query.get()).catch((error: unknown) => {
    throw explain(error);
  });
  return found.docs.map((doc) => {
    const {
      order: _,
      version,
      checksum,
      down,
      ...row
    } = exact(doc.data()) as Omit<HistoryRow, 'version' | 'checksum' | 'down'> & {
      order: number;
      version: string;
      checksum: string | null;
      down: string | null;
    };
    return { ...row, version: BigInt(version), checksum: checksum ?? undefined, down: down ?? undefined };
  });
}
