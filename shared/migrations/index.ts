/** The driver for each kind of database, loaded when it is first asked for. */
import type { Clock } from '../clock.ts';
import type { Runtime } from '../define.ts';
import type { Route } from './address.ts';
import { observeConnect } from './observed-run.ts';
import type { Session } from './session.ts';
import type { Kind, Target } from './target.ts';

export interface OpenGiven {
  signal: AbortSignal;
  application: string;
  clock: Clock;
  runtime: Pick<Runtime, 'config' | 'ids'>;
}

type OpenSession = (target: Target, given: Omit<OpenGiven, 'runtime'>) => Promise<Session>;

/** Google is opened where an address is kept in Secret Manager, or the database in Cloud SQL; nothing that was read there is kept for the next session. */
export function sessionsWith(runtime: Pick<Runtime, 'config' | 'ids' | 'google'>): OpenSession {
  const open: OpenSession = async (target, given) => {
    const { addressOf } = await import('./address.ts');
    const address = await addressOf(target, { ...given, google: runtime.google });
    if (target.kind === 'firestore')
      return (await import('./firestore.ts')).openFirestore(target, { ...given, runtime });
    return openAt({ ...target, kind: target.kind }, address, given);
  };
  return (target, given) => observeConnect(target, () => open(target, given));
}

/** Somewhere else than the target says: a rehearsal's scratch database. */
export async function openAt(
  target: Target & { kind: Exclude<Kind, 'firestore'> },
  address: string | Route,
  given: Omit<OpenGiven, 'runtime'>,
): Promise<Session> {
  switch (target.kind) {
    case 'postgres':
      return (await import('./postgres.ts')).openPostgres(target, address, given);
    case 'mysql':
      return (await import('./mysql.ts')).openMysql(target, address, given);
    case 'sqlite':
      return (await import('./sqlite.ts')).openSqlite(target, plain(address), given);
  }
}

/** The targets' file lets no other through. */
function plain(address: string | Route): string {
  if (typeof address !== 'string') throw new Error('a file is reached by its path');
  return address;
}
