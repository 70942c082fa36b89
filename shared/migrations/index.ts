/** The driver for each kind of database, loaded when it is first asked for. */
import type { Clock } from '../clock.ts';
import type { Session } from './session.ts';
import type { Target } from './target.ts';
import { addressOf } from './targets.ts';

export interface OpenGiven {
  signal: AbortSignal;
  application: string;
  clock: Clock;
}

export async function openSession(target: Target, given: OpenGiven): Promise<Session> {
  const address = await addressOf(target);
  switch (target.kind) {
    case 'postgres':
      return (await import('./postgres.ts')).openPostgres(target, address, given);
    case 'mysql':
      return (await import('./mysql.ts')).openMysql(target, address, given);
    case 'sqlite':
      return (await import('./sqlite.ts')).openSqlite(target, address, given);
  }
}
