/** The loop of every step that works in pages, whatever the database: take a page, tell of it, keep to the pace, until there is none left or somebody says stop. */
import type { Clock } from '../../clock.ts';
import type { ApplyGiven, PagesDone, StopReason } from '../session.ts';

export interface Page {
  /** Rows or documents that were looked at. */
  rows: number;
  written: number;
  /** There was nothing left: this page and its checkpoint took no effect and is not counted. */
  ended: boolean;
}

export interface Paging extends Pick<ApplyGiven, 'onPage' | 'signal'> {
  /** Takes the next page, atomically with its checkpoint. What it throws ends the loop; what is worth another try it tries itself. */
  page(): Promise<Page>;
  /** As the checkpoint says, before the first of these pages. */
  before: PagesDone;
  /** Rows a second; undefined is as fast as it goes. */
  rowsPerSecond?: number | undefined;
  clock: Clock;
}

export interface Paged {
  done: PagesDone;
  /** Why `onPage` stopped it; undefined: there is nothing left. */
  stopped: StopReason | undefined;
}

/** Throws the signal's reason where it aborts between two pages. A page that was slower than the pace is not made up for by faster ones: they would come at a bad time. */
export async function runPages({ page, before, rowsPerSecond, clock, onPage, signal }: Paging): Promise<Paged> {
  const began = clock.mono();
  let done = before;
  for (;;) {
    signal.throwIfAborted();
    const since = clock.mono();
    const { rows, written, ended } = await page();
    if (ended) return { done, stopped: undefined };
    done = { ...done, pages: done.pages + 1, rows: done.rows + rows, written: done.written + written };
    const paceMs = msOf(rows, rowsPerSecond);
    const rest = Math.max(0, paceMs - (clock.mono() - since));
    const told = withEta(done, { ms: clock.mono() - began + rest, rows: done.rows - before.rows });
    const stopped = await onPage?.(told);
    if (stopped) return { done: told, stopped };
    // Whoever was asked may have taken time as well.
    const left = paceMs - (clock.mono() - since);
    if (left > 0) await clock.sleep(left, signal);
  }
}

export const msOf = (rows: number, rowsPerSecond: number | undefined) =>
  rowsPerSecond === undefined ? 0 : (rows * 1000) / rowsPerSecond;

function withEta(done: PagesDone, { ms, rows }: { ms: number; rows: number }): PagesDone {
  const { etaMs: _, ...rest } = done;
  if (done.rowsTotal === undefined || rows === 0) return rest;
  return { ...rest, etaMs: Math.round((Math.max(0, done.rowsTotal - done.rows) * ms) / rows) };
}
