/** How far the statement of a session is, as PostgreSQL tells it to another connection, which is opened when somebody asks for the first time. */
import type { ServerProgress } from '../session.ts';
import type { Link } from './link.ts';

/** Each view with its phase, what is done and what there is: rows or blocks, as the server counts them in that phase. */
const VIEWS: Record<string, [phase: string, done: string, total: string]> = {
  pg_stat_progress_create_index: [
    'phase',
    `case when phase like 'waiting%' then lockers_done when tuples_total > 0 then tuples_done else blocks_done end`,
    `case when phase like 'waiting%' then lockers_total when tuples_total > 0 then tuples_total else blocks_total end`,
  ],
  pg_stat_progress_vacuum: [`'vacuum: ' || phase`, 'heap_blks_scanned', 'heap_blks_total'],
  pg_stat_progress_cluster: [`lower(command) || ': ' || phase`, 'heap_blks_scanned', 'heap_blks_total'],
  pg_stat_progress_analyze: [`'analyze: ' || phase`, 'sample_blks_scanned', 'sample_blks_total'],
  // A copy that is read from the wire has no end that the server knows of.
  pg_stat_progress_copy: [`lower(command)`, 'tuples_processed', 'null::bigint'],
};

export interface ProgressOf {
  /** Undefined where PostgreSQL tells nothing. Never throws. */
  ask(): Promise<ServerProgress | undefined>;
  close(): Promise<void>;
}

/** `open`: a second connection. `pid`: of the session that is asked about. */
export function createProgressOf(pid: number, open: (signal: AbortSignal) => Promise<Link>): ProgressOf {
  let link: Promise<Link> | undefined;
  let sql: string | undefined;
  const closing = new AbortController();

  async function ask(): Promise<ServerProgress | undefined> {
    link ??= open(closing.signal);
    const opened = await link;
    sql ??= await sqlFor(opened, pid);
    const [rows] = await opened.run(sql);
    const [phase, done, total] = rows?.[0] ?? [];
    if (!phase) return undefined;
    // Nothing of nothing says no more than the phase.
    const counts = done && total !== '0';
    return { phase, ...(counts && { done: Number(done) }), ...(counts && total && { total: Number(total) }) };
  }

  return {
    async ask() {
      if (closing.signal.aborted) return undefined;
      try {
        return await ask();
      } catch {
        // Lost, or refused: another one is opened for the next question.
        const broken = link;
        link = undefined;
        await broken?.then((one) => one.close()).catch(() => undefined);
        return undefined;
      }
    },
    async close() {
      closing.abort();
      await link?.then((one) => one.close()).catch(() => undefined);
    },
  };
}

/** Of the views that this version has. Where none tells anything, that it waits for somebody's lock is worth to be known too. */
async function sqlFor(link: Link, pid: number): Promise<string> {
  const names = Object.keys(VIEWS);
  const [rows = []] = await link.run(
    `select relname from pg_catalog.pg_class where relnamespace = 'pg_catalog'::regnamespace and relname in (${names.map((name) => `'${name}'`).join(', ')})`,
  );
  const asked = rows.flatMap(([name]) => {
    const [phase, done, total] = (name && VIEWS[name]) || [];
    return phase ? [`select ${phase}, ${done}, ${total}, 1 from pg_catalog.${name} where pid = ${pid}`] : [];
  });
  const waits = `select 'waiting for a lock: ' || wait_event, null, null, 2 from pg_catalog.pg_stat_activity where pid = ${pid} and wait_event_type = 'Lock'`;
  return `${[...asked, waits].join(' union all ')} order by 4 limit 1`;
}
