/**
 * One pinned connection. It is never made again: whoever loses it has lost the lock that it held. Questions are asked one after the other, each bounded: small ones by a time, long ones by a signal,
 * which cancels them over a second, short connection and in the end cuts the wire.
 */
import type { Client, ClientConfig } from 'pg';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import type { Route } from '../address.ts';
import { isCertain } from '../unreached.ts';
import { failure, notOpened } from './failure.ts';
import { end, inner, plain } from './wire.ts';

const CONNECT_MS = 10_000;
/** Of what is no migration: a few rows each. */
const SMALL_MS = 30_000;
/** From a cancel up to the cut. */
const CANCEL_MS = 10_000;
/** How long a transaction that was begun ahead is kept open for its `commit`: others wait for what it has locked. */
const KEPT_MS = 25;

/** `pg` has no code for it. */
const NO_TLS = 'The server does not support SSL connections';

export type Rows = (string | null)[][];

/** How many statements of a text have ended well. */
export interface Count {
  completed: number;
}

/** A transaction without its end, sent right behind another text, whose end it does not wait for. It is kept open for a `commit`; whatever else is asked, and soon time too, takes it back. */
export interface Ahead extends Count {
  readonly sql: string;
  /** Of the text; after it nothing is committed yet. Set when it is on its way. */
  answer?: Promise<unknown>;
}

interface Asking {
  count?: Count;
  /** What to send with it. */
  ahead?: Ahead | undefined;
}

export interface Link {
  /** What the server calls this connection. */
  readonly pid: number;
  /** What the handshake called it; another one where there is a pooler in between. */
  readonly handshakePid: number | null;
  readonly lost: boolean;
  /** The rows of each statement; text alone. Where one fails, no transaction is left open. Without a signal it is given half a minute. */
  run(sql: string, signal?: AbortSignal, asking?: Asking): Promise<Rows[]>;
  /** Answers false where it was taken back meanwhile, so that nothing of it is left; throws what its text failed with. */
  commit(kept: Ahead, signal: AbortSignal, asking?: Asking): Promise<boolean>;
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

/** A text on its way: the server answers them in the order they were sent in. */
interface Sent {
  count: Count;
  /** What transaction the server was in at its end: `I` for none. */
  status: string | null;
  ready: PromiseWithResolvers<void>;
}

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
    pipeline: true,
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
      throw notOpened(error, typeof address === 'string' && isCertain(address) ? client : undefined);
    }
    return client;
  };

  const client = await open();
  let lost = false;
  let closed = false;
  let affected = 0;
  client.on('error', () => {
    lost = true;
  });
  client.on('end', () => {
    lost = true;
  });
  // `pg` tells of an error before the server is ready again; what it is in then decides what may be sent.
  const sent: Sent[] = [];
  inner(client).connection.on('commandComplete', () => {
    if (sent[0]) sent[0].count.completed++;
  });
  inner(client).connection.on('readyForQuery', () => {
    const one = sent.shift();
    if (one) one.status = inner(client)._txStatus;
    one?.ready.resolve();
  });
  inner(client).connection.on('end', () => {
    lost = true;
    for (const one of sent.splice(0)) one.ready.resolve();
  });
  const send = (text: string, count: Count = { completed: 0 }) => {
    const one: Sent = { count, status: null, ready: Promise.withResolvers() };
    sent.push(one);
    return { one, answer: client.query({ text, rowMode: 'array', types: AS_TEXT }) };
  };
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
  const closing = new AbortController();

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

  const rollBack = async (one: Sent) => {
    await one.ready.promise;
    if (!lost && one.status !== 'I') await send('rollback').answer.catch(() => {});
  };

  let kept: { ahead: Ahead; one: Sent } | undefined;
  const begin = (ahead: Ahead) => {
    const { one, answer } = send(ahead.sql, ahead);
    const mine = { ahead, one };
    kept = mine;
    ahead.answer = answer;
    const takeBackLater = async () => {
      await clock.sleep(KEPT_MS, closing.signal);
      if (kept === mine) await inTurn(() => (kept === mine ? takeBack() : undefined));
    };
    answer.then(takeBackLater, () => {}).catch(() => {});
    return one;
  };
  const takeBack = async () => {
    if (!kept) return;
    const { one } = kept;
    kept = undefined;
    busy = true;
    const answered = new AbortController();
    if (sent.includes(one)) giveUp(answered.signal);
    await one.ready.promise;
    answered.abort();
    busy = false;
    await cancelling;
    await rollBack(one);
  };
  const giveUp = (answered: AbortSignal) => {
    const cutLater = () => clock.sleep(CANCEL_MS, answered).then(cut, () => {});
    void cancel().then(cutLater, cutLater);
  };

  const ask = async (sql: string, signal: AbortSignal | undefined, asking: Asking, before?: Ahead): Promise<Rows[]> => {
    // It would meet this one.
    await cancelling;
    signal?.throwIfAborted();
    if (!before) await takeBack();
    if (lost || closed) throw new AppError('unavailable', 'the connection to PostgreSQL was lost or closed before');
    busy = true;
    const answered = new AbortController();
    const stop = () => giveUp(answered.signal);
    signal?.addEventListener('abort', stop, { once: true });
    // A text that is still running when its time is over leaves the connection in no state to be asked again.
    if (!signal) clock.sleep(SMALL_MS, answered.signal).then(cut, () => {});
    kept = undefined;
    const { one, answer } = send(sql, asking.count);
    answer.catch(() => {});
    const behind = asking.ahead && begin(asking.ahead);
    try {
      await before?.answer;
      const answers = [await answer].flat() as unknown as { rows: Rows; rowCount: number | null }[];
      affected = answers.at(-1)?.rowCount ?? 0;
      return answers.map((each) => each.rows);
    } catch (error) {
      // What was sent behind it finds the transaction failed, or the version where it was.
      await Promise.all([one.ready.promise, behind?.ready.promise]);
      if (behind) await takeBack();
      else await rollBack(one);
      throw error;
    } finally {
      answered.abort();
      signal?.removeEventListener('abort', stop);
      busy = false;
    }
  };
  const inTurn = <T>(work: () => T | Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };

  return {
    pid,
    handshakePid: inner(client).processID,
    get lost() {
      return lost || closed;
    },
    run: (sql, signal, asking = {}) => inTurn(() => ask(sql, signal, asking)),
    commit: (ahead, signal, asking = {}) =>
      inTurn(async () => {
        if (kept?.ahead !== ahead) return false;
        await ask('commit', signal, asking, ahead);
        return true;
      }),
    affected: () => affected,
    cancel,
    close: async () => {
      closing.abort();
      if (kept && !busy) await inTurn(takeBack);
      closed = true;
      // It would wait for the end of what is under way.
      if (sent.length > 0) cut();
      await end(client, clock);
    },
  };
}
