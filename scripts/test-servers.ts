/** The database servers of this machine that tests and the bench use where they run already; each makes a database of its own there and removes it. */
import { listens } from './loopback.ts';

export const DATABASES = [
  {
    name: 'POSTGRES_TEST_URL',
    word: /POSTGRES_TEST_URL/,
    url: 'postgres://postgres@127.0.0.1:5432/postgres',
    what: 'PostgreSQL',
    remedy: 'start one that lets the user postgres in from this machine',
  },
  {
    name: 'MYSQL_TEST_URL',
    word: /MYSQL_TEST_URL/,
    url: 'mysql://root@127.0.0.1:3306/',
    what: 'MariaDB or MySQL',
    remedy: 'start one that lets root in from this machine without a password',
  },
] as const;

/** Addresses of those that listen. */
export async function testServers(): Promise<{ postgres?: string; mysql?: string }> {
  const [postgres, mysql] = await Promise.all(
    DATABASES.map(async ({ name, url }) => {
      const address = process.env[name] || url;
      return (await listens(address)) ? address : undefined;
    }),
  );
  return { ...(postgres && { postgres }), ...(mysql && { mysql }) };
}
