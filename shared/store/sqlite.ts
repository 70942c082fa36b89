/**
 * The store in the embedded SQLite file. A document's version is the number of the commit that last wrote it; the numbers come from one
 * counter in the file, so that a document deleted and made again never has a version it had before. The counter keeps up with the wall
 * clock's microseconds, so that the numbers also go on from those of a file that was lost; it never goes back with the clock.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../sqlite/database.ts';
import { transactionWhenFree } from '../sqlite/when-free.ts';
import { requireExpectations, versionsAfter } from './expectations.ts';
import { lowerBound, pageOf, upperBound } from './order.ts';
import type { Doc, ListOptions, StoreDriver, Version } from './store.ts';
import { type PreparedWrite, prepareWrites, validateKeys, validateList } from './validate.ts';
import { orderFrom } from './version-order.ts';

/** Expired documents are looked for at most this often, after a commit: no timer keeps the process alive. */
const SWEEP_EVERY_MS = 60_000;
/** Documents removed in one sweep; a full one is followed by another with the next commit. */
const SWEEP_BATCH = 200;
/** In the year 2112. A clock gone mad must not use up the numbers, which are exact below 2^53. */
const LAST_CLOCK_VERSION = 2 ** 52;

const TABLES = `
  CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    version INTEGER NOT NULL,
    expire_at INTEGER, -- milliseconds since the epoch
    PRIMARY KEY (collection, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS documents_expire_at ON documents (expire_at) WHERE expire_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS document_commits (only INTEGER PRIMARY KEY CHECK (only = 1), last INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO document_commits VALUES (1, 0);
`;

interface Row {
  id: string;
  value: string;
  version: number;
  expire_at: number | null;
}

/** `database` stays open when the driver is closed: others use it too. */
export function createSqliteDriver(database: Database, clock: Clock): StoreDriver {
  database.createTables(TABLES);
  let sweepDueAt = clock.mono() + SWEEP_EVERY_MS;

  const nextVersion = (): Version => {
    const micros = Math.min(Math.floor(clock.now() * 1_000), LAST_CLOCK_VERSION);
    const sql = 'UPDATE document_commits SET last = max(last + 1, ?) RETURNING last';
    const row = database.get<{ last: number }>(sql, micros);
    return String(row?.last);
  };

  const versionOf = ({ collection, id }: PreparedWrite): Version | undefined => {
    const sql = 'SELECT version FROM documents WHERE collection = ? AND id = ?';
    return database.get<{ version: number }>(sql, collection, id)?.version.toString();
  };

  const apply = (write: PreparedWrite, version: Version): void => {
    if (write.op === 'check') return;
    const { collection, id } = write;
    if (write.op === 'delete') {
      database.run('DELETE FROM documents WHERE collection = ? AND id = ?', collection, id);
      return;
    }
    const sql = 'INSERT OR REPLACE INTO documents (collection, id, value, version, expire_at) VALUES (?, ?, ?, ?, ?)';
    database.run(sql, collection, id, write.json, Number(version), write.expireAt?.getTime() ?? null);
  };

  const sweep = (): void => {
    if (clock.mono() < sweepDueAt) return;
    const sql = 'DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents WHERE expire_at < ? LIMIT ?)';
    const removed = database.transaction(() => database.run(sql, clock.now(), SWEEP_BATCH), 'briefly');
    if (removed < SWEEP_BATCH) sweepDueAt = clock.mono() + SWEEP_EVERY_MS;
  };

  return {
    remote: false,
    async getMany<T>(collection: string, ids: readonly string[]) {
      validateKeys(collection, ids);
      const one = (id: string) => {
        const sql = 'SELECT id, value, version, expire_at FROM documents WHERE collection = ? AND id = ?';
        const row = database.get<Row>(sql, collection, id);
        return row && docOf<T>(row);
      };
      return ids.length > 1 ? database.snapshot(() => ids.map(one)) : ids.map(one);
    },
    async list<T>(collection: string, options: ListOptions) {
      validateList(collection, options);
      const from = lowerBound(options);
      const to = upperBound(options.prefix ?? '');
      const rows = database.all<Row>(
        `SELECT id, value, version, expire_at FROM documents WHERE collection = ? AND id ${from.inclusive ? '>=' : '>'} ?
         ${to === undefined ? '' : 'AND id < ?'} ORDER BY id LIMIT ?`,
        ...[collection, from.id, to ?? [], options.limit + 1].flat(),
      );
      return pageOf(rows.map(docOf<T>), options);
    },
    async commit(writes) {
      const prepared = prepareWrites(writes);
      const versions = await transactionWhenFree(database, clock, () => {
        requireExpectations(prepared, versionOf);
        if (prepared.every((write) => write.op === 'check')) return versionsAfter(prepared, '');
        const version = nextVersion();
        for (const write of prepared) apply(write, version);
        return versionsAfter(prepared, version);
      });
      try {
        sweep();
      } catch {
        // The commit stands; what expired can wait for the next one.
      }
      return versions;
    },
    orderOf: (version) => orderFrom(Number(version), version),
    async check() {
      database.assertThere();
      // Writes a page, so that a full disk and a file turned read-only show: SQLite writes none where nothing is another than before. A version more is used up, and no document has it.
      await transactionWhenFree(database, clock, () => database.run('UPDATE document_commits SET last = last + 1'));
    },
    async close() {},
  };
}

function docOf<T>({ id, value, version, expire_at }: Row): Doc<T> {
  const expiry = expire_at === null ? {} : { expireAt: new Date(expire_at) };
  return { id, value: JSON.parse(value) as T, version: String(version), ...expiry };
}
