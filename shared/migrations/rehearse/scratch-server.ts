/** A database of its own on the server that a target names for rehearsals. */
import { AppError } from '../../errors.ts';
import { addressOf } from '../address.ts';
import type { Target } from '../target.ts';
import type { RehearseGiven } from './rehearse.ts';

interface MadeDatabase {
  address: string;
  /** Also when everything else was given up. */
  drop(): Promise<void>;
}

const LETTERS = 12;
const APPLICATION = 'hawker rehearsal';

/** Throws `not_configured` for an address that is none, `migration_refused` where the server refuses, `unavailable` where it does not answer. */
export async function makeDatabase(
  target: Target & { kind: 'postgres' | 'mysql' },
  rehearse: NonNullable<Target['rehearse']>,
  given: RehearseGiven,
): Promise<MadeDatabase> {
  const { name, kind } = target;
  const read = async (address: Target['address']) => {
    const found = await addressOf({ name, kind, address }, given);
    return typeof found === 'string' ? URL.parse(found.replace(/@tcp\(([^()]*)\)\//, '@$1/')) : null;
  };
  const server = await read(rehearse.address);
  if (!server || !(kind === 'mysql' ? ['mysql:'] : ['postgres:', 'postgresql:']).includes(server.protocol))
    throw new AppError('not_configured', `target ${name}: the address of its scratch server cannot be read`);
  // A script may name the database that it works on, and on the same server it would meet it.
  const own = kind === 'mysql' ? await read(target.address).catch(() => null) : null;
  if (own && own.hostname === server.hostname && (own.port || '3306') === (server.port || '3306'))
    throw new AppError('migration_refused', `target ${name}: its scratch server must be another one than its own`);
  const database = `hawker_rehearsal_${given.ids.code(LETTERS)}`;
  const address = new URL(server);
  address.pathname = `/${database}`;
  const ask = kind === 'mysql' ? askMysql : askPostgres;
  await ask(server, address, [`create database ${database}`], { ...given, target: name });
  return {
    address: address.href,
    drop: async () => {
      const signal = new AbortController().signal;
      const drop = `drop database if exists ${database}`;
      // Since PostgreSQL 13: a session that has just ended may be there for another moment.
      const ways = kind === 'mysql' ? [drop] : [`${drop} with (force)`, drop];
      try {
        await ask(server, address, ways, { ...given, signal, target: name });
      } catch (error) {
        const why = error instanceof AppError ? error.message : 'unknown';
        throw new AppError('unavailable', `${database} could not be dropped from the scratch server: ${why}`);
      }
    },
  };
}

type Asked = Pick<RehearseGiven, 'clock' | 'signal'> & { target: string };

/** The first of these that the server takes. */
async function firstOf(ways: readonly string[], run: (sql: string) => Promise<unknown>): Promise<void> {
  for (const [k, sql] of ways.entries())
    try {
      await run(sql);
      return;
    } catch (error) {
      if (k === ways.length - 1) throw error;
    }
}

async function askPostgres(server: URL, _: URL, ways: readonly string[], { clock, signal }: Asked): Promise<void> {
  const { connect } = await import('../postgres/link.ts');
  const { failure } = await import('../postgres/failure.ts');
  const link = await connect(server.href, { application: APPLICATION, clock, signal });
  try {
    await firstOf(ways, (sql) => link.run(sql, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw failure(error, 'on the scratch server');
  } finally {
    await link.close();
  }
}

/** The address with a database's name serves to be read; nothing is asked of that database. */
async function askMysql(_: URL, address: URL, ways: readonly string[], { signal, target }: Asked): Promise<void> {
  const { connect } = await import('../mysql-client.ts');
  const { parseAddress } = await import('../mysql/address.ts');
  const { asAppError } = await import('../mysql/failures.ts');
  signal.throwIfAborted();
  const parsed = parseAddress(address.href, target);
  try {
    const wire = await connect({ ...parsed, database: '' }, APPLICATION, () => {});
    try {
      await firstOf(ways, (sql) => wire.run(sql));
    } finally {
      await wire.end().catch(() => wire.destroy());
    }
  } catch (error) {
    throw asAppError(error);
  }
}
