/**
 * One pinned connection. It is never made again: whoever loses it has lost the lock that it held. Questions are asked one after the other, each bounded: small ones by a time, long ones by a signal,
 * which cancels them over a second, short connection and in the end cuts the wire.
 */
import type { Client, ClientConfig } from 'pg';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import type { Route } from '../address.ts';
import { failure } from './failure.ts';

const CONNECT_MS = 10_000;
/** Of what is no migration: a few rows each. */
const SMALL_MS = 30_000;
/** From a cancel up to the cut. */
const CANCEL_MS = 10_000;

/** `pg` has no code for it. */
const NO_TLS = 'The server does not support SSL connections';

export type Rows = (string | null)[][];

export interface Link {
  /** What the server calls this connection. */
  readonly pid: number;
  /** What the handshake called it; another one where there is a pooler in between. */
  readonly handshakePid: number | null;
  readonly lost: boolean;
  /** The rows of each statement; text alone. Where one fails, no transaction is left open. Without a signal it is given half a minute. */
  run(sql: string, signal?: AbortSignal): Promise<Rows[]>;
  /** How many statements of the last text have ended well. */
  completed(): number;
  /** How many rows the last statement of the last text wrote or read. */
  affected(): number;
  cancel(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  application: string;
  clock: Clock;
  signal: AbortSignal;
}

/** What `pg` keeps to itself. */
interface Inner {
  processID: number | null;
  connection: {
    stream: { destroy(): void };
    on(event: 'commandComplete' | 'readyForQuery' | 'end', listener: () => void): void;
  };
  _txStatus: string | null;
}

const inner = (client: Client) => client as unknown as Inner;
/** All as text: versions are longer than numbers. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

export async function connect(address: string | Route, { application, clock, signal }: Options): Promise<Link> {
  signal.throwIfAborted();
  const { Client } = await import('../pg-client.ts');
  const config: ClientConfig = {
    application_name: application,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const made = async (until: AbortSignal): Promise<Client> => {
    if (typeof address !== 'string') {
      const { user, password, database, dial } = address;
      const wire = await dial(until);
      // A function, since an empty password would be looked for elsewhere. The wire is encrypted already.
      return new Client({ ...config, user, database, password: () => password, ssl: false, stream: () => wire });
    }
    try {
      return new Client({ ...config, connectionString: plain(address) });
    } catch {
      // Its words may hold the address.
      throw new AppError('not_configured', 'the address of the PostgreSQL database cannot be read');
    }
  };
  const open = async (): Promise<Client> => {
    const client = await made(signal);
    // A connection may break at any time; without a listener that ends the process.
    client.on('error', () => {});
    try {
      await unlessAborted(client.connect(), signal);
    } catch (error) {
      inner(client).connection.stream.destroy();
      signal.throwIfAborted();
      if (error instanceof Error && error.message === NO_TLS)
        throw new AppError(
          'not_configured',
          'the address asks for TLS (sslmode), which PostgreSQL does not offer there',
        );
      throw failure(error, 'while it was being opened');
    }
    return client;
  };

  const client = await open();
  let lost = false;
  let closed = false;
  let completed = 0;
  let affected = 0;
  client.on('error', () => {
    lost = true;
  });
  client.on('end', () => {
    lost = true;
  });
  // `pg` tells of an error before the server is ready again; what it is in then decides what may be sent.
  let ready = Promise.withResolvers<void>();
  inner(client).connection.on('commandComplete', () => {
    completed++;
  });
  inner(client).connection.on('readyForQuery', () => ready.resolve());
  inner(client).connection.on('end', () => ready.resolve());
  const cut = () => {
    lost = true;
    inner(client).connection.stream.destroy();
  };
  const question = { text: 'select pg_backend_pid()', rowMode: 'array', query_timeout: CONNECT_MS } as const;
  // A pooler lets everybody in, and whoever finds no server free waits here.
  const rows = await unlessAborted(client.query<[number]>(question), signal).catch((error: unknown) => {
    cut();
    signal.throwIfAborted();
    throw failure(error, 'while it was being opened');
  });
  const pid = rows.rows[0]?.[0] ?? 0;
  let last: Promise<unknown> = Promise.resolve();
  let busy = false;
  let cancelling: Promise<unknown> = Promise.resolve();

  const cancel = async () => {
    if (!busy || lost) return;
    const mine = cancelNow();
    cancelling = Promise.allSettled([cancelling, mine]);
    await mine;
  };

  const cancelNow = async () => {
    // Bounded by itself, and wanted also where all else is given up.
    const other = await made(new AbortController().signal);
    other.on('error', () => {});
    try {
      await other.connect();
      // What it was for may have ended while it was on its way.
      if (!busy) return;
      await other.query({ text: `select pg_cancel_backend(${pid})`, query_timeout: CONNECT_MS } as { text: string });
    } catch (error) {
      throw failure(error, 'while it was being cancelled');
    } finally {
      await end(other, clock);
    }
  };

  const rollBack = async () => {
    await ready.promise;
    if (lost || inner(client)._txStatus === 'I') return;
    const before = completed;
    await client.query('rollback').catch(() => {});
    completed = before;
  };

  const ask = async (sql: string, signal: AbortSignal | undefined): Promise<Rows[]> => {
    // It would meet this one.
    await cancelling;
    signal?.throwIfAborted();
    if (lost || closed) throw new AppError('unavailable', 'the connection to PostgreSQL was lost or closed before');
    busy = true;
    completed = 0;
    ready = Promise.withResolvers();
    const answered = new AbortController();
    const giveUp = () => {
      const cutLater = () => clock.sleep(CANCEL_MS, answered.signal).then(cut, () => {});
      void cancel().then(cutLater, cutLater);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    // A text that is still running when its time is over leaves the connection in no state to be asked again.
    if (!signal) clock.sleep(SMALL_MS, answered.signal).then(cut, () => {});
    try {
      const answer = await client.query({ text: sql, rowMode: 'array', types: AS_TEXT });
      const answers = [answer].flat() as unknown as { rows: Rows; rowCount: number | null }[];
      affected = answers.at(-1)?.rowCount ?? 0;
      return answers.map((one) => one.rows);
    } catch (error) {
      await rollBack();
      throw error;
    } finally {
      answered.abort();
      signal?.removeEventListener('abort', giveUp);
      busy = false;
    }
  };

  return {
    pid,
    handshakePid: inner(client).processID,
    get lost() {
      return lost || closed;
    },
    run: (sql, signal) => {
      const mine = last.then(() => ask(sql, signal));
      last = mine.catch(() => {});
      return mine;
    },
    completed: () => completed,
    affected: () => affected,
    cancel,
    close: async () => {
      closed = true;
      await end(client, clock);
    },
  };
}

/** `sslmode` as PostgreSQL's own clients read it, not as `pg` does: to `require` a certificate does not mean to check it. */
function plain(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.searchParams.has('sslmode') && !url.searchParams.has('uselibpqcompat'))
    url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

async function end(client: Client, clock: Clock): Promise<void> {
  const ended = new AbortController();
  clock.sleep(2_000, ended.signal).then(
    () => inner(client).connection.stream.destroy(),
    () => {},
  );
  await client.end().catch(() => {});
  ended.abort();
}
