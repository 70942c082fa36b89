/**
 * A backfill of rows: pages by their key, each with its checkpoint. From its first page to its stamp the step is marked dirty, so that golang-migrate keeps its hands off; where it stands is in the
 * checkpoint, which is written in the page's own transaction, so each page takes effect once however the process ends.
 */
import type { Clock } from '../../clock.ts';
import { AppError, isAppError } from '../../errors.ts';
import { gaveWay } from '../apply-step.ts';
import type { Backfill, Step } from '../migration.ts';
import type { ApplyGiven, Estimate, PagesDone, Sample, StopReason } from '../session.ts';
import { msOf, type Page, runPages } from './pages.ts';

/** Of a page that waited for somebody's lock in vain: how often in all, and how long after the first. Nobody else of ours waits for the same, so there is nothing to spread. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 100;
/** A page that is not full is the last one, but for rows that came meanwhile; where they always do, the end is somewhere. */
const MOST_SHORT_PAGES = 20;
/** For a guess where nothing is known yet. */
const ROWS_PER_SECOND = 10_000;

/** The key's values as texts that the driver itself wrote. */
export type Cursor = readonly string[];

export interface Checkpoint extends Omit<PagesDone, 'etaMs'> {
  /** The last key that was gone over; undefined before the first page. */
  cursor: Cursor | undefined;
  /** Milliseconds spent on pages. */
  ms: number;
}

export interface Bounds {
  after: Cursor | undefined;
  upto: Cursor;
}

/** What a database does for a backfill. All may throw what `Session.apply` throws. */
export interface BackfillDriver {
  /** How many rows there are behind the cursor, at most `limit`, and the last one's key; undefined where there is none. */
  next(after: Cursor | undefined, limit: number): Promise<{ rows: number; upto: Cursor } | undefined>;
  /** How many rows there are behind the cursor, exactly or about. */
  count(after: Cursor | undefined): Promise<number>;
  /** In one transaction: the fence, the mark where it is the first page, the statement within the bounds, the checkpoint. Answers how many rows were written. */
  take(bounds: Bounds, before: Checkpoint, checkpoint: (written: number) => Checkpoint): Promise<number>;
  /** In one transaction: the fence, the stamp, the row of history, no checkpoint any more. */
  finish(before: Checkpoint): Promise<void>;
}

export const START: Checkpoint = { cursor: undefined, pages: 0, rows: 0, written: 0, ms: 0 };

interface Given {
  driver: BackfillDriver;
  backfill: Backfill;
  /** Undefined: it begins. */
  from: Checkpoint | undefined;
  given: ApplyGiven;
  clock: Clock;
}

/** Answers why it stopped; undefined: it is through and stamped. */
export async function runBackfill({ driver, backfill, from, given, clock }: Given): Promise<StopReason | undefined> {
  const { signal, onPage } = given;
  signal.throwIfAborted();
  let at = from ?? { ...START, rowsTotal: await driver.count(undefined) };
  let short = 0;
  const one = async (): Promise<Page> => {
    const since = clock.mono();
    const found = short < MOST_SHORT_PAGES ? await driver.next(at.cursor, backfill.batch) : undefined;
    if (!found) return { rows: 0, written: 0, ended: true };
    short = found.rows < backfill.batch ? short + 1 : 0;
    const { rows, upto } = found;
    let next = at;
    const written = await driver.take({ after: at.cursor, upto }, at, (written) => {
      const paged = { pages: at.pages + 1, rows: at.rows + rows, written: at.written + written };
      next = { ...at, ...paged, cursor: upto, ms: at.ms + Math.round(clock.mono() - since) };
      return next;
    });
    at = next;
    return { rows, written, ended: false };
  };
  const patient = async (): Promise<Page> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await one();
      } catch (error) {
        if (attempt >= ATTEMPTS || !gaveWay(error) || isAppError(error, 'lease_lost')) throw error;
      }
      await clock.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
    }
  };
  const { cursor: _, ms: __, ...before } = at;
  const { rowsPerSecond } = backfill;
  const { stopped } = await runPages({
    page: patient,
    before,
    rowsPerSecond,
    clock,
    signal,
    ...(onPage && { onPage }),
  });
  if (!stopped) await driver.finish(at);
  return stopped;
}

export function estimateOf(rows: number, { batch, rowsPerSecond }: Backfill, at: Checkpoint | undefined): Estimate {
  const seenMs = at && at.rows > 0 ? (rows * at.ms) / at.rows : msOf(rows, ROWS_PER_SECOND);
  return { rows, pages: Math.ceil(rows / batch), etaMs: Math.round(Math.max(seenMs, msOf(rows, rowsPerSecond))) };
}

export const cursorText = (cursor: Cursor | undefined): string => JSON.stringify(cursor ?? null);

/** A checkpoint's text, which somebody may have written over; undefined where it is none of such a key. */
export function readCursor(text: string, columns: number): Cursor | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fits = Array.isArray(read) && read.length === columns && read.every((one) => typeof one === 'string');
  return fits ? (read as string[]) : undefined;
}

export function goneAstray(step: Step): AppError {
  const { direction, migration } = step;
  return new AppError(
    'migration_dirty',
    `The database is marked dirty, and not by the backfill ${migration[direction]?.file ?? migration.version} as it is now: where its text was changed since it began, put the old one back`,
  );
}

export function noSuchKey(file: string, { table, key }: Backfill, why: string): AppError {
  return new AppError('migration_refused', `${file}: it cannot go over ${table} by ${key.join(', ')}: ${why}`);
}

/** How many rows a preview looks at, to find some that change. */
export const previewRows = (rows: number, { batch }: Backfill) => Math.max(rows, Math.min(batch, 1_000));

/** Those of a page that change, from texts of rows by the JSON of their key. */
export function samplesOf(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  rows: number,
): Sample[] {
  const samples: Sample[] = [];
  for (const [key, text] of before) {
    const then = after.get(key) ?? null;
    if (then === text || samples.length >= rows) continue;
    const values = JSON.parse(key) as string[];
    samples.push({ key: values.length === 1 ? (values[0] ?? '') : key, before: text, after: then });
  }
  return samples;
}
