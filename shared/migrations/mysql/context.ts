/** One connection with what all parts of a session need of it. */
import { crc32 } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import type { Route } from '../address.ts';
import type { Answer, Wire } from '../mysql-client.ts';
import type { Target } from '../target.ts';
import type { MysqlAddress } from './address.ts';
import { asAppError, isInterrupted, isLoss } from './failures.ts';

export interface Context {
  target: Target;
  clock: Clock;
  database: string;
  /** Quoted, with the database: a script may say USE. */
  names: { version: string; history: string; fence: string; progress: string; backfill: string };
  /** golang-migrate's. */
  lockName: string;
  /** For a second connection, to cancel by. */
  address: MysqlAddress | Route;
  wire: Wire;
  lost: boolean;
  mariadb: boolean;
  /** A statement of a script is under way, which `cancel` may end. */
  running: boolean;
  cancelled: boolean;
}

/** Of what is no statement of a script: rows of ours, the end of a page. Waits for locks are shorter, by the target's limit. */
const SMALL_MS = 120_000;

export const OURS = [
  'hawker_migration_history',
  'hawker_migration_fence',
  'hawker_migration_progress',
  'hawker_migration_backfill',
] as const;

/** CRC-32 of "database:table" times golang-migrate's salt, decimal (database/util.go). The server has one space of names for all databases. */
export function lockNameOf(database: string, table: string): string {
  const sum = BigInt(crc32(`${database}:${table}`)) * 1486364155n;
  return String(BigInt.asUintN(32, sum));
}

export function quoteName(...names: string[]): string {
  return names.map((name) => `\`${name.replaceAll('`', '``')}\``).join('.');
}

/** What is ours, not the script's: its failures become AppErrors. A KILL QUERY that was meant for the statement before is no reason to fail. */
export async function ask(context: Context, sql: string, values: (string | number | null)[] = []): Promise<Answer> {
  const send = (wire: Wire) => inTime(context, values.length > 0 ? wire.ask(sql, values) : wire.run(sql));
  try {
    return await onWire(context, send);
  } catch (error) {
    if (!isInterrupted(error) || !context.cancelled) throw asAppError(error);
    return onWire(context, send).catch((again) => {
      throw asAppError(again);
    });
  }
}

/** A connection that has not answered by then is given up: nobody knows what it would answer to. */
async function inTime<T>(context: Context, answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  context.clock.sleep(SMALL_MS, over.signal).then(
    () => context.wire.destroy(),
    () => {},
  );
  try {
    return await answer;
  } finally {
    over.abort();
  }
}

/** As the database answers, errors too; but nothing is ever sent on a connection that was lost. */
export async function onWire<T>(context: Context, work: (wire: Wire) => Promise<T>): Promise<T> {
  if (context.lost) throw new AppError('unavailable', 'The connection to the database was lost, and with it the lock');
  try {
    return await work(context.wire);
  } catch (error) {
    if (isLoss(error)) {
      context.lost = true;
      context.wire.destroy();
    }
    throw error;
  }
}

/** Commits what the work did, or nothing of it. golang-migrate sets its row in a serializable transaction. */
export async function inTransaction<T>(context: Context, work: () => Promise<T>, serializable = true): Promise<T> {
  await ask(context, `${serializable ? 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ' : ''}START TRANSACTION`);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    if (!context.lost) await ask(context, 'ROLLBACK');
    throw error;
  }
  try {
    await onWire(context, (wire) => inTime(context, wire.run('COMMIT')));
  } catch (error) {
    if (!isLoss(error) || error instanceof AppError) throw asAppError(error);
    throw new AppError('outcome_unknown', 'The connection was lost while a transaction was committed');
  }
  return result;
}
