/**
 * A pooler that hands server connections out by transaction, or by statement, gives the lock to somebody else, silently. It shows in three ways: statements of one client meet several servers; the process id of
 * the handshake is not the server's; and a second client meets the server that the first one counts on. The second alone is a pooler that gives each client a server of its own, which is all right.
 *
 * One look is not enough: while others use the pool, the second client may meet another server by chance. So both ask in turns. Where the second has to wait and the first is served meanwhile, the pool is empty
 * and the first has a server of its own: by transaction it would stand in the same queue.
 */
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import type { Route } from '../address.ts';
import { connect, type Link } from './link.ts';

const REFUSED =
  'there is a connection pooler in between that gives each transaction another server connection (PgBouncer’s transaction or statement mode), which loses locks; give the database’s direct address, or one in session mode';
const TURNS = 6;
const WAIT_MS = 2_000;

interface Options {
  application: string;
  clock: Clock;
  signal: AbortSignal;
}

/** Throws `migration_refused`. Takes no lock, and sets nothing that would be left in the pool. */
export async function refusePooler(link: Link, address: string | Route, options: Options): Promise<void> {
  const refused = () => new AppError('migration_refused', REFUSED);
  const check = async () => {
    if ((await pidOf(link)) !== link.pid) throw refused();
  };
  for (let turn = 0; turn < 3; turn++) await check();
  if (link.handshakePid === link.pid) return;
  const other = await second(check, address, options);
  if (!other) return;
  try {
    if (other.pid === link.pid) throw refused();
    for (let turn = 0; turn < TURNS; turn++) {
      // As many as nobody else has in this turn: clients that ask in step would each come back to the same server where there are as many servers. What poolers call a client is random.
      const questions = 1 + (((link.handshakePid ?? 0) >>> (2 * turn)) & 3);
      for (let question = 0; question < questions; question++) if ((await pidOf(other)) === link.pid) throw refused();
      await check();
    }
  } finally {
    await other.close();
  }
}

async function pidOf(link: Link): Promise<number> {
  return Number((await link.run('select pg_backend_pid()'))[0]?.[0]?.[0]);
}

/** Undefined where there is no server for it for two seconds, though the first is served. */
async function second(
  check: () => Promise<void>,
  address: string | Route,
  { signal, ...options }: Options,
): Promise<Link | undefined> {
  const limit = new AbortController();
  const done = new AbortController();
  const connecting = connect(address, { ...options, signal: AbortSignal.any([signal, limit.signal]) });
  const waiting = options.clock.sleep(WAIT_MS, done.signal).then(
    () => undefined,
    () => undefined,
  );
  let other: Link | undefined;
  try {
    other = await Promise.race([connecting, waiting]);
    // While the other stands in the queue.
    if (!other) await check();
    return other;
  } finally {
    done.abort();
    limit.abort();
    if (!other)
      connecting.then(
        (late) => late.close(),
        () => {},
      );
  }
}
