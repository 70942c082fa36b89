/** A database of its own on the server of MYSQL_TEST_URL, for tests. */
import { systemClock } from '../../clock.ts';
import { systemIds } from '../../ids.ts';
import { openMysql } from '../mysql.ts';
import { connect } from '../mysql-client.ts';
import type { DatabaseUnderTest } from '../session.contract.ts';
import type { Target } from '../target.ts';
import { parseAddress } from './address.ts';
import { lockNameOf } from './context.ts';

/** How tests get at the server that the environment names. */
export function mysqlOf(env: Readonly<Record<string, string | undefined>>) {
  const server = env['MYSQL_TEST_URL'];
  if (!server && env['CI']) throw new Error('MYSQL_TEST_URL must be set: CI skips nothing');
  return {
    skip: server ? false : 'no MySQL: MYSQL_TEST_URL is not set',
    start: () => startMysql(server ?? ''),
  } as const;
}

export type MysqlUnderTest = Required<DatabaseUnderTest> & { name: string; address: string };

async function startMysql(server: string): Promise<MysqlUnderTest> {
  const name = `hawker_${systemIds.code(12)}`;
  const address = new URL(`/${name}`, server).href;
  const bare = { ...parseAddress(address, 'test'), database: '' };
  const admin = await connect(bare, 'hawker test', () => {});
  await admin.run(`CREATE DATABASE ${name}`);
  await admin.run(`USE ${name}`);
  const lock = lockNameOf(name, 'schema_migrations');
  const target: Target = {
    ...{
      name: 'test',
      kind: 'mysql',
      address: { from: 'variable', name: 'X' },
      folder: '/none',
      table: 'schema_migrations',
    },
    ...{ labels: {}, lockTimeoutMs: 1_000, statementTimeoutMs: 0 },
  };
  const mine = `DB = '${name}' AND ID <> CONNECTION_ID()`;
  return {
    name,
    address,
    open: (signal = AbortSignal.timeout(60_000)) =>
      openMysql(target, address, { signal, application: 'test', clock: systemClock }),
    query: async (sql) => (await admin.run(sql)).rows,
    // Whoever of them holds the lock, which the contract says is the one to be cut.
    sever: async () => {
      await admin.run(`KILL ${String((await admin.run(`SELECT IS_USED_LOCK('${lock}')`)).rows[0]?.[0])}`);
    },
    long: {
      sql: 'SELECT SLEEP(60)',
      runs: async () =>
        (await admin.run(`SELECT 1 FROM information_schema.PROCESSLIST WHERE ${mine} AND INFO LIKE 'SELECT SLEEP%'`))
          .rows.length > 0,
    },
    close: async () => {
      await admin.run(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}
