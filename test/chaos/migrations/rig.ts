/** The three dialects, each with a database of the test's own, and processes that migrate it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import type { DatabaseUnderTest } from '#shared/migrations/contract-rig.ts';
import { parseAddress } from '#shared/migrations/mysql/address.ts';
import { lockNameOf } from '#shared/migrations/mysql/context.ts';
import { mysqlOf } from '#shared/migrations/mysql/rig.ts';
import { serverOf, startPostgres } from '#shared/migrations/postgres/rig.ts';
import { startSqlite } from '#shared/migrations/sqlite-rig.ts';
import { DEFAULTS, type Target } from '#shared/migrations/target.ts';
import { openRunners, type Runners, type RunnersGiven } from './runners.ts';
import type { Told, WorkerGiven } from './worker.ts';

const WORKER = join(import.meta.dirname, 'worker.ts');
const LIMIT_MS = 60_000;

export type Kind = 'postgres' | 'mysql' | 'sqlite';

/** One new database and one new data folder. */
export interface Place extends AsyncDisposable {
  kind: Kind;
  /** As golang-migrate's command line takes it. */
  address: string;
  data: string;
  query: DatabaseUnderTest['query'];
  target(files: Readonly<Record<string, string>>, more?: Partial<Target>): Target;
  peer(): Promise<Peer>;
  /** Sessions that hold golang-migrate's lock. */
  lockHolders(): Promise<unknown[]>;
  open(given: Omit<RunnersGiven, 'data'>): Promise<Runners>;
  start(given: Omit<WorkerGiven, 'data'>, onTold?: OnTold): Worker;
}

export interface Worker {
  child: ChildProcess;
  /** Resolves once it is held; rejects where it ends before. */
  held: Promise<void>;
  ended: Promise<{ told: Told[]; code: number | null; signal: NodeJS.Signals | null }>;
}

type OnTold = (told: Told, child: ChildProcess) => void;

/** Somebody else's connection. */
export interface Peer {
  query: DatabaseUnderTest['query'];
  close(): Promise<void>;
}

interface Server extends Pick<DatabaseUnderTest, 'query' | 'close'> {
  peer(): Promise<Peer>;
  given: Target['address'];
  env: Record<string, string>;
  address: string;
  lockHolders(): Promise<unknown[]>;
}

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const mysql = mysqlOf(process.env);
/** Addresses travel by reference alone. */
let variables = 0;
function byVariable(address: string): Pick<Server, 'given' | 'env'> {
  const name = `DATABASE_UNDER_TEST_${++variables}`;
  process.env[name] = address;
  return { given: { from: 'variable', name }, env: { [name]: address } };
}

async function onPostgres(): Promise<Server> {
  const database = await startPostgres(postgres.address);
  const held = `select pid from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())`;
  const peer = async (): Promise<Peer> => {
    const { Client } = await import('#shared/migrations/pg-client.ts');
    const client = new Client({ connectionString: database.address });
    client.on('error', () => {});
    await client.connect();
    return {
      query: async (sql) => (await client.query({ text: sql, rowMode: 'array' })).rows,
      close: () => client.end().catch(() => {}),
    };
  };
  const lockHolders = async () => (await database.query(held)).flat();
  return { ...database, ...byVariable(database.address), peer, lockHolders };
}

async function onMysql(): Promise<Server> {
  const database = await mysql.start();
  const { username, host } = new URL(database.address);
  const held = `SELECT IS_USED_LOCK('${lockNameOf(database.name, DEFAULTS.table)}')`;
  const peer = async (): Promise<Peer> => {
    const { connect } = await import('#shared/migrations/mysql-client.ts');
    const wire = await connect(parseAddress(database.address, 'test'), 'test', () => {});
    return { query: async (sql) => (await wire.run(sql)).rows, close: async () => wire.destroy() };
  };
  return {
    ...{ ...database, ...byVariable(database.address), peer },
    address: `mysql://${username}@tcp(${host})/${database.name}?x-multi-statement=true`,
    lockHolders: async () => (await database.query(held)).flat().filter((id) => id !== null),
  };
}

async function onSqlite(): Promise<Server> {
  const database = startSqlite();
  const lockHolders = async () => {
    await using session = await database.open();
    return await session.holders();
  };
  const peer = async (): Promise<Peer> => {
    const connection = new DatabaseSync(database.path, { timeout: 1_000 });
    const query = async (sql: string) => connection.prepare(sql).all().map(Object.values);
    return { query, close: async () => connection.close() };
  };
  return {
    ...{ ...database, env: {}, peer, given: { from: 'path', path: database.path } as const },
    ...{ address: `sqlite3://${database.path}`, lockHolders },
  };
}

export const DIALECTS: { name: string; kind: Kind; skip: string | false; place: () => Promise<Place> }[] = [
  { name: 'PostgreSQL', kind: 'postgres', skip: postgres.skip, place: async () => on('postgres', await onPostgres()) },
  { name: 'MariaDB', kind: 'mysql', skip: mysql.skip, place: async () => on('mysql', await onMysql()) },
  { name: 'SQLite', kind: 'sqlite', skip: false, place: async () => on('sqlite', await onSqlite()) },
];

function on(kind: Kind, server: Server): Place {
  const data = mkdtempSync(join(tmpdir(), 'hawker-chaos-'));
  const workers = new Set<ChildProcess>();
  return {
    ...{ kind, data, address: server.address, query: server.query, peer: server.peer, lockHolders: server.lockHolders },
    target: (files, more = {}) => ({
      ...{ name: 'shop', kind, address: server.given, folder: { files }, table: DEFAULTS.table, labels: {} },
      ...{ lockTimeoutMs: 2_000, statementTimeoutMs: 0, ...more },
    }),
    open: (given) => openRunners({ ...given, data }),
    start: (given, onTold = () => undefined) => {
      const worker = startWorker({ ...given, data }, server.env, onTold);
      workers.add(worker.child);
      return worker;
    },
    async [Symbol.asyncDispose]() {
      for (const child of workers) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await server.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function startWorker(given: WorkerGiven, env: Record<string, string>, onTold: OnTold): Worker {
  const child = spawn(process.execPath, [WORKER, JSON.stringify(given)], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  // Of one that is killed.
  child.stdin.on('error', () => undefined);
  const told: Told[] = [];
  const held = Promise.withResolvers<void>();
  createInterface(child.stdout).on('line', (line) => {
    const one = JSON.parse(line) as Told;
    told.push(one);
    if (one.at === 'held') held.resolve();
    onTold(one, child);
  });
  held.promise.catch(() => undefined);
  const ended = once(child, 'close').then(([code, signal]) => {
    held.reject(new Error(`it was never held: ${JSON.stringify(told)}`));
    return { told, code, signal };
  });
  return { child, held: held.promise, ended };
}
