/** The one place that loads mysql2: a single connection that never connects again by itself. */
import { createConnection, type ResultSetHeader } from 'mysql2/promise';
import type { MysqlAddress } from './mysql/address.ts';

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
  /** Text as it is; for scripts and what has no values. */
  run(sql: string): Promise<Answer>;
  /** Values apart from the text, so that no sql_mode of a script changes how they are quoted. */
  ask(sql: string, values: (string | number | null)[]): Promise<Answer>;
  /** Gives up at once. */
  destroy(): void;
  end(): Promise<void>;
}

export async function connect(address: MysqlAddress, application: string, lost: () => void): Promise<Wire> {
  const connection = await createConnection({
    ...address,
    connectTimeout: CONNECT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    rowsAsArray: true,
    charset: 'utf8mb4_general_ci',
    connectAttributes: { program_name: application },
  });
  // Without a listener the end of a connection would end the process.
  connection.on('error', lost);
  connection.on('end', lost);
  return {
    id: connection.threadId,
    run: async (sql) => answerOf((await connection.query(sql))[0]),
    ask: async (sql, values) => answerOf((await connection.execute(sql, values))[0]),
    destroy: () => connection.destroy(),
    end: () => connection.end(),
  };
}

function answerOf(result: unknown): Answer {
  if (Array.isArray(result)) return { rows: result as unknown[][], affected: result.length };
  return { rows: [], affected: (result as ResultSetHeader | undefined)?.affectedRows ?? 0 };
}
