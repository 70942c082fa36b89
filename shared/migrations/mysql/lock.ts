/** golang-migrate's lock: GET_LOCK, which belongs to the connection and is the whole server's, not one database's. */
import type { Holder } from '../session.ts';
import { ask, type Context } from './context.ts';

/** The lock's name is a number that we computed, so it may stand in the text. */
async function one(context: Context, expression: string): Promise<unknown> {
  return (await ask(context, `SELECT ${expression}`)).rows[0]?.[0];
}

export async function tryLock(context: Context): Promise<boolean> {
  // GET_LOCK is counted in one connection: to ask again would need a second RELEASE_LOCK.
  if (await holdsLock(context)) return true;
  return Number(await one(context, `GET_LOCK('${context.lockName}', 0)`)) === 1;
}

export async function holdsLock(context: Context): Promise<boolean> {
  return Number(await one(context, `IS_USED_LOCK('${context.lockName}') = CONNECTION_ID()`)) === 1;
}

export async function unlock(context: Context): Promise<boolean> {
  return Number(await one(context, `RELEASE_LOCK('${context.lockName}')`)) === 1;
}

/** Others' rows of the list need the privilege PROCESS; without it there is the number alone. */
export async function lockHolders(context: Context): Promise<Holder[]> {
  const { rows } = await ask(
    context,
    `SELECT h.id, p.USER, p.HOST, p.STATE, p.COMMAND, LEFT(p.INFO, 500), DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL p.TIME SECOND, '%Y-%m-%dT%H:%i:%sZ')
      FROM (SELECT IS_USED_LOCK('${context.lockName}') AS id) h LEFT JOIN information_schema.PROCESSLIST p ON p.ID = h.id WHERE h.id IS NOT NULL`,
  );
  return rows.map(([id, user, client, state, command, query, since]) => ({
    session: String(id),
    ...(user ? { user: String(user) } : {}),
    ...(client ? { client: String(client) } : {}),
    ...(since ? { since: String(since) } : {}),
    ...(state || command ? { state: String(state || command) } : {}),
    ...(query ? { query: String(query) } : {}),
    endBy: `KILL ${String(id)}`,
  }));
}
