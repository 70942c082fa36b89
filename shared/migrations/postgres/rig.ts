/** One new database on the tests' server. */
import { systemClock } from '../../clock.ts';
import { systemIds } from '../../ids.ts';
import type { DatabaseUnderTest } from '../contract-rig.ts';
import { openPostgres } from '../postgres.ts';
import type { Session } from '../session.ts';

/** In CI nothing may be skipped unseen. */
export function serverOf(address: string | undefined, ci: boolean): { address: string; skip: string | false } {
  if (!address && ci) throw new Error('POSTGRES_TEST_URL is not set');
  return { address: address ?? '', skip: address ? false : 'POSTGRES_TEST_URL is not set: no PostgreSQL listens' };
}

export interface PostgresUnderTest extends DatabaseUnderTest {
  address: string;
  openAs(
    application: string,
    more?: { token?: number; lockTimeoutMs?: number; statementTimeoutMs?: number },
  ): Promise<Session>;
  pidOf(session: Session): Promise<string>;
}

export async function startPostgres(server: string): Promise<PostgresUnderTest> {
  const { Client } = await import('../pg-client.ts');
  const name = `hawker_${systemIds.code(10)}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const address = url.href;
  const peer = new Client({ connectionString: address, application_name: 'onlooker' });
  peer.on('error', () => {});
  await peer.connect();
  const query = async (sql: string): Promise<unknown[][]> => (await peer.query({ text: sql, rowMode: 'array' })).rows;
  const applications = new WeakMap<Session, string>();
  const openAs: PostgresUnderTest['openAs'] = async (application, more = {}) => {
    const target = { table: 'schema_migrations', lockTimeoutMs: 1_000, statementTimeoutMs: 0, ...more };
    const signal = AbortSignal.timeout(60_000);
    const session = await openPostgres(target, address, { signal, application, clock: systemClock });
    applications.set(session, application);
    return session;
  };
  const pidOf = async (session: Session) => {
    // Within a transaction the view stays as it was seen first.
    await query('select pg_stat_clear_snapshot()');
    const [row] = await query(
      `select pid from pg_stat_activity where application_name = '${applications.get(session)}' and datname = '${name}'`,
    );
    return String(row?.[0]);
  };
  return {
    ...{ address, query, openAs, pidOf },
    open: async (signal = AbortSignal.timeout(60_000)) => {
      signal.throwIfAborted();
      const application = `hawker migrate ${systemIds.code(8)}`;
      const target = { table: 'schema_migrations', lockTimeoutMs: 1_000, statementTimeoutMs: 0 };
      const session = await openPostgres(target, address, { signal, application, clock: systemClock });
      applications.set(session, application);
      return session;
    },
    sever: async (session) => {
      await query(`select pg_terminate_backend(${await pidOf(session)}, 5000)`);
    },
    long: {
      sql: 'select pg_sleep(60)',
      runs: async () =>
        (
          await query(
            `select 1 from pg_stat_activity where datname = '${name}' and wait_event = 'PgSleep' and application_name <> 'onlooker'`,
          )
        ).length > 0,
    },
    close: async () => {
      await peer.end();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}
