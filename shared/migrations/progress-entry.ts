/** What a run's record says of a step under way, of pages or of a statement that the database tells of: how far, and how long it still takes at the rate so far. */
import type { RunRecord } from './run.ts';
import type { PagesDone, ServerProgress } from './session.ts';

type News = Pick<RunRecord['progress'][number], 'pages' | 'rows' | 'rowsTotal' | 'phase' | 'etaMs'>;

/** `ahead`: rows that the step had before it when this process began with it. Times in milliseconds by the monotonic clock. */
export function inPages(
  ahead: number | undefined,
  began: number,
): (done: PagesDone, known: number | undefined, now: number) => News {
  let first: PagesDone | undefined;
  return (done, known, now) => {
    if (!first) {
      // Those before this process, as if all pages were alike: of the first of all there are none.
      const share = done.pages > 0 ? (done.pages - 1) / done.pages : 0;
      first = { ...done, pages: done.pages - 1, rows: Math.round(done.rows * share) };
    }
    // An estimate may be short of what is there.
    const total = done.rowsTotal ?? (ahead === undefined ? known : first.rows + ahead);
    const rowsTotal = total === undefined ? undefined : Math.max(total, done.rows);
    const rate = (done.rows - first.rows) / (now - began);
    const eta = rowsTotal !== undefined && rate > 0 ? Math.round((rowsTotal - done.rows) / rate) : undefined;
    const etaMs = done.etaMs ?? (Number.isFinite(eta) ? eta : undefined);
    return {
      ...{ pages: done.pages, rows: done.rows },
      ...(rowsTotal !== undefined && { rowsTotal }),
      ...(etaMs !== undefined && { etaMs }),
    };
  };
}

/** Of one statement: a phase that is new begins to be counted anew. */
export function underStatement(): (told: ServerProgress, now: number) => News {
  let first: { phase: string; total: number | undefined; done: number; at: number } | undefined;
  return ({ phase, done, total }, now) => {
    if (done === undefined) return { phase };
    if (!first || first.phase !== phase || first.total !== total || done < first.done)
      first = { phase, total, done, at: now };
    const rate = (done - first.done) / (now - first.at);
    return {
      ...{ phase, rows: done },
      ...(total !== undefined && { rowsTotal: total }),
      ...(total !== undefined && rate > 0 && { etaMs: Math.max(0, Math.round((total - done) / rate)) }),
    };
  };
}
