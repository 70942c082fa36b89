/** The one place that loads mysql2: a single connection that never connects again by itself. */
import type { Duplex } from 'node:stream';
import { createConnection, type ResultSetHeader } from 'mysql2/promise';
import type { Route } from './address.ts';
import type { MysqlAddress } from './mysql/address.ts';
import { unreached } from './unreached.ts';

const CONNECT_MS = 10_000;
const KEEPALIVE_MS = 10_000;

export interface Answer {
  rows: unknown[][];
  /** Rows that a statement found, whether or not it changed them. */
  affected: number;
}

export interface Wire {
  /** The server's number of this connection. */
  readonly id: number;
  /** Text as it is; for scripts and what has no values. Of several statements, which save round trips, the answers are not told. */
  run(sql: string): Promise<Answer>;
  /** Values apart from the text, so that no sql_mode of a script changes how they are quoted. */
  ask(sql: string, values: (string | number | null)[]): Promise<Answer>;
  /** Gives up at once. */
  destroy(): void;
  end(): Promise<void>;
}

/** `signal`: of the dialling; what comes after is bounded by itself. */
export async function connect(
  address: MysqlAddress | Route,
  application: string,
  lost: () => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Wire> {
  const { user, password, database } = address;
  const wire = 'dial' in address ? await address.dial(signal) : undefined;
  const connection = await createConnection({
    ...(wire ? { user, password, database, stream: wire } : (address as MysqlAddress)),
    connectTimeout: CONNECT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    rowsAsArray: true,
    multipleStatements: true,
    charset: 'utf8mb4_general_ci',
    connectAttributes: { program_name: application },
  }).catch((error: unknown) => {
    wire?.destroy();
    const { code } = error as NodeJS.ErrnoException;
    throw ('dial' in address ? undefined : unreached(code, address)) ?? error;
  });
  // Without a listener the end of a connection would end the process.
  connection.on('error', lost);
  connection.on('end', lost);
  return {
    id: connection.threadId,
    run: async (sql) => answerOf((await connection.query(sql))[0]),
    ask: async (sql, values) => answerOf((await connection.execute(sql, values))[0]),
    // mysql2's own `destroy` waits for the server to hang up, and never tells whoever waits for an answer.
    destroy: () => streamOf(connection).destroy(new Error('given up')),
    end: () => connection.end(),
  };
}

/** What mysql2 keeps to itself. */
function streamOf(connection: unknown): Duplex {
  return (connection as { connection: { stream: Duplex } }).connection.stream;
}

function answerOf(result: unknown): Answer {
  if (Array.isArray(result)) return { rows: result as unknown[][], affected: result.length };
  return { rows: [], affected: (result as ResultSetHeader | undefined)?.affectedRows ?? 0 };
}
