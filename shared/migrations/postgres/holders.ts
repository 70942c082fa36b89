/** Who holds golang-migrate's locks. A key of 64 bits shows as two halves in pg_locks; the upper one is 0 here. */
import type { Holder } from '../session.ts';
import type { Context } from './context.ts';
import { shownOf } from './shown.ts';

export async function holdersOf({ link }: Context, keys: readonly string[]): Promise<Holder[]> {
  const [rows = []] = await link.run(
    `select distinct l.pid, a.usename, a.application_name, a.client_addr, a.state, left(a.query, 500),
      to_char(coalesce(a.xact_start, a.query_start, a.backend_start) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid = 0 and l.objid in (${keys.join(', ')})
      and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) order by l.pid`,
  );
  return rows.map(([pid, user, application, client, state, query, since]) => ({
    session: String(pid),
    ...(user && { user }),
    ...(application && { application }),
    ...(client && { client }),
    ...(since && { since }),
    ...(state && { state }),
    ...(query && { query: shownOf(query) }),
    endBy: `select pg_terminate_backend(${pid})`,
  }));
}
