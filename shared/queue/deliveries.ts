/**
 * The embedded queue's tables: one row for each event that a subscription has yet to finish, and what may happen to it.
 *
 * A row is due, leased, backing off or parked, all told by `due`, the wall-clock time from which it may be claimed:
 *
 *   due        in the past: the next claim takes it
 *   leased     in the future: a claim counted the attempt and moved `due` to the end of its lease
 *   backing off in the future: the attempt failed and `due` is when to try again
 *   parked     never: an earlier event of the same ordering key is not finished
 *
 * A process that dies needs no mourner: its leases run out and the rows are due again. Of the rows of one ordering key only the first is
 * not parked; finishing it un-parks the next. Each claim marks its rows with a random `lease`, so that a late answer to a lease which another
 * claim has taken over changes nothing. Finished rows are deleted, and their numbers may be used again.
 *
 * Processes on one file compare wall-clock times of one machine: a clock set back delays what is not due yet, and loses nothing.
 */
import type { Ids } from '../ids.ts';
import type { Database } from '../sqlite/database.ts';

export interface NewDelivery {
  subscription: string;
  key: string | undefined;
  event: string;
}

export interface Claim {
  seq: number;
  lease: number;
  /** 1 for the first. */
  attempt: number;
  event: string;
  /** Milliseconds since the epoch. */
  published: number;
  key: string | null;
}

export interface DeadRow {
  id: number;
  event: string;
  key: string | null;
  published: number;
  attempts: number;
  reason: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** How many events of a subscription are not finished. */
export interface DepthRow {
  /** Those under way and those that back off or wait for others among them; at most MOST_COUNTED. */
  waiting: number;
  /** When the oldest of them was published, in milliseconds since the epoch; undefined where there is none. */
  oldest: number | undefined;
  /** Dead letters, at most MOST_COUNTED. */
  dead: number;
}

/** All but `hasDue`, `dead` and `depth` are for use inside a transaction. `now` and other times are milliseconds since the epoch. */
export interface Deliveries {
  add(rows: readonly NewDelivery[], now: number): void;
  /** Whether a claim would find something. */
  hasDue(subscription: string, now: number): boolean;
  /** Takes what has been due longest, in order of publication; rows whose attempts are used up are buried instead. */
  claim(subscription: string, options: ClaimOptions): { claims: Claim[]; buried: number };
  /** The event is finished. */
  finish(claim: Claim, now: number): void;
  /** The attempt failed; the event may be claimed again from `due` on. */
  putBack(claim: Claim, due: number, reason: string): void;
  /** The attempt failed and was the last: the event moves to the dead letters. */
  bury(claim: Claim, now: number, reason: string): void;
  /** The newest first. */
  dead(subscription: string, limit: number): DeadRow[];
  depth(subscription: string): DepthRow;
  /** Writes what an event would, and takes it back: throws where there is no room for one. */
  tryRow(): void;
}

export interface ClaimOptions {
  now: number;
  leaseUntil: number;
  limit: number;
  maxAttempts: number;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS queue_deliveries (
    seq INTEGER PRIMARY KEY,
    subscription TEXT NOT NULL,
    due INTEGER NOT NULL,
    published INTEGER NOT NULL,
    event TEXT NOT NULL,
    key TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease INTEGER,
    reason TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS queue_due ON queue_deliveries (subscription, due);
  CREATE INDEX IF NOT EXISTS queue_key ON queue_deliveries (subscription, key, seq) WHERE key IS NOT NULL;
  CREATE TABLE IF NOT EXISTS queue_dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    published INTEGER NOT NULL,
    event TEXT NOT NULL,
    key TEXT,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS queue_dead ON queue_dead_letters (subscription, id);
`;

/** Later than any clock says, and exact as a JavaScript number. */
const NEVER = 2 ** 53 - 1;

/** Many rows in one statement cost far less than each in its own: the crossing into SQLite is paid once. */
const INSERTS = [64, 16, 4, 1].map((rows) => [rows, insertOf(rows)] as const);

function insertOf(rows: number): string {
  const values = Array.from({ length: rows }, (_, row) => `(?${row * 2 + 2}, ?1, ?1, ?${row * 2 + 3})`);
  return `INSERT INTO queue_deliveries (subscription, due, published, event) VALUES ${values.join(', ')}`;
}

const INSERT_KEYED = `
  INSERT INTO queue_deliveries (subscription, due, published, event, key)
  VALUES (?1, iif(EXISTS (SELECT 1 FROM queue_deliveries WHERE subscription = ?1 AND key = ?2), ${NEVER}, ?3), ?3, ?4, ?2)`;

/** More than a page, so that one must be found for it. */
const TRY_BYTES = 8_192;
/** Of no subscription, and seen by nobody: it is gone before its transaction ends. */
const TRY_ROW =
  "INSERT INTO queue_deliveries (subscription, due, published, event) VALUES ('', ?1, 0, ?2) RETURNING seq";

const HAS_DUE = 'SELECT 1 FROM queue_deliveries WHERE subscription = ? AND due <= ? LIMIT 1';

const CLAIM = `
  UPDATE queue_deliveries SET attempt = attempt + 1, due = ?, lease = ?
  WHERE seq IN (SELECT seq FROM queue_deliveries WHERE subscription = ? AND due <= ? ORDER BY due, seq LIMIT ?)
  RETURNING seq, lease, attempt, event, published, key, reason`;

const FINISH = 'DELETE FROM queue_deliveries WHERE seq = ? AND lease = ? RETURNING subscription, key';

const UNPARK = `
  UPDATE queue_deliveries SET due = ?1
  WHERE due = ${NEVER} AND seq = (SELECT min(seq) FROM queue_deliveries WHERE subscription = ?2 AND key = ?3)`;

const PUT_BACK = 'UPDATE queue_deliveries SET due = ?, reason = ? WHERE seq = ? AND lease = ?';

const BURY = `
  INSERT INTO queue_dead_letters (subscription, published, event, key, attempts, reason, at)
  SELECT subscription, published, event, key, ?, ?, ? FROM queue_deliveries WHERE seq = ? AND lease = ?`;

const DEAD = `
  SELECT id, event, key, published, attempts, reason, at FROM queue_dead_letters
  WHERE subscription = ? ORDER BY id DESC LIMIT ?`;

/** Counting goes through an index entry by entry, and nothing else happens meanwhile. */
const MOST_COUNTED = 100_000;

const COUNT_WAITING = `SELECT count(*) AS count FROM (SELECT 1 FROM queue_deliveries WHERE subscription = ? LIMIT ${MOST_COUNTED})`;

const COUNT_DEAD = `SELECT count(*) AS count FROM (SELECT 1 FROM queue_dead_letters WHERE subscription = ? LIMIT ${MOST_COUNTED})`;

/** A row's number is above those of all that are there. The sign keeps the index away, by which all would have to be sorted. */
const OLDEST_WAITING = 'SELECT published FROM queue_deliveries WHERE +subscription = ? ORDER BY seq LIMIT 1';

const NO_ANSWER = 'no answer before the ack deadline: the process ended or was stuck';

/** Makes the tables where they are missing. */
export function createDeliveries(database: Database, ids: Ids): Deliveries {
  database.createTables(TABLES);

  const addPlain = (rows: readonly NewDelivery[], now: number) => {
    let next = 0;
    for (const [size, insert] of INSERTS)
      for (; next + size <= rows.length; next += size) {
        const values = rows.slice(next, next + size).flatMap(({ subscription, event }) => [subscription, event]);
        database.run(insert, now, ...values);
      }
  };

  const finish = ({ seq, lease }: Claim, now: number) => {
    const gone = database.get<{ subscription: string; key: string | null }>(FINISH, seq, lease);
    if (gone?.key) database.run(UNPARK, now, gone.subscription, gone.key);
  };

  const bury = (claim: Claim, now: number, reason: string, attempts = claim.attempt) => {
    database.run(BURY, attempts, reason, now, claim.seq, claim.lease);
    finish(claim, now);
  };

  return {
    add(rows, now) {
      addPlain(
        rows.filter(({ key }) => !key),
        now,
      );
      for (const { subscription, key, event } of rows)
        if (key) database.run(INSERT_KEYED, subscription, key, now, event);
    },

    hasDue: (subscription, now) => database.get(HAS_DUE, subscription, now) !== undefined,

    claim(subscription, { now, leaseUntil, limit, maxAttempts }) {
      const lease = Math.floor(ids.random() * NEVER);
      const rows = database.all<Claim & { reason: string | null }>(CLAIM, leaseUntil, lease, subscription, now, limit);
      rows.sort((a, b) => a.seq - b.seq);
      const claims = rows.filter(({ attempt }) => attempt <= maxAttempts);
      const spent = rows.filter(({ attempt }) => attempt > maxAttempts);
      for (const row of spent) bury(row, now, row.reason ?? NO_ANSWER, row.attempt - 1);
      return { claims, buried: spent.length };
    },

    finish,
    bury,
    putBack: ({ seq, lease }, due, reason) => void database.run(PUT_BACK, due, reason, seq, lease),
    dead: (subscription, limit) => database.all<DeadRow>(DEAD, subscription, limit),
    depth(subscription) {
      const count = (query: string) => database.get<{ count: number }>(query, subscription)?.count ?? 0;
      const waiting = count(COUNT_WAITING);
      // Where there is none, looking for it would go through the whole table.
      const oldest =
        waiting > 0 ? database.get<{ published: number }>(OLDEST_WAITING, subscription)?.published : undefined;
      return { waiting, oldest, dead: count(COUNT_DEAD) };
    },
    tryRow() {
      const { seq } = database.get<{ seq: number }>(TRY_ROW, NEVER, 'x'.repeat(TRY_BYTES)) ?? {};
      database.run('DELETE FROM queue_deliveries WHERE seq = ?', seq ?? null);
    },
  };
}
