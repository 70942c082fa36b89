/**
 * A pooler that hands server connections out by transaction gives the lock to somebody else, silently. It shows in three ways: statements of one client meet several servers; the process id of the handshake is
 * not the server's; and a second client meets the server that the first has just used. The second alone is a pooler that gives each client a server of its own, which is all right.
 */
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { connect, type Link } from './link.ts';

const REFUSED =
  'there is a connection pooler in between that gives each transaction another server connection (PgBouncer’s transaction mode), which loses locks; give the database’s direct address, or one in session mode';

export async function refusePooler(
  link: Link,
  address: string,
  options: { application: string; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const ask = async (of: Link) => Number((await of.run('select pg_backend_pid()'))[0]?.[0]?.[0]);
  for (let turn = 0; turn < 3; turn++)
    if ((await ask(link)) !== link.pid) throw new AppError('migration_refused', REFUSED);
  if (link.handshakePid === link.pid) return;
  const other = await connect(address, options);
  const shared = other.pid === link.pid;
  await other.close();
  if (shared) throw new AppError('migration_refused', REFUSED);
}
