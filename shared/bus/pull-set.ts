/** Fetches one of DataMall's paged sets to its end, one page after the other. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Budget } from '../lta/budget.ts';
import { type LtaClient, LtaError, type LtaSet, type LtaTrouble } from '../lta/lta.ts';
import { retry } from '../retry.ts';

/** What may be gone a moment later. A key that is refused is not asked with again. */
const PASSING: readonly LtaTrouble[] = ['timeout', 'unreachable', 'bad_status', 'rate_limited', 'bad_body'];
const ATTEMPTS = { attempts: 5, baseMs: 1_000, maxMs: 15_000 };
/** Whoever is told to stay away for longer comes back with the next firing. */
const MOST_WAIT_MS = 60_000;
/** Four times what the longest set has. */
const MOST_PAGES = 200;
/** Rows of a page that another one follows (User Guide v6.8, section 1). */
const PAGE = 500;

type Row = Record<string, unknown>;

export interface PullOptions {
  client: Pick<LtaClient, 'page'>;
  budget: Pick<Budget, 'take' | 'waitMs'>;
  clock: Clock;
  ids: Ids;
  signal?: AbortSignal;
}

/**
 * All rows as they came. Each page begins with the last row of the one before it: a row that came or went meanwhile has moved all behind it, which would lose one or
 * have it twice, and then another stands there. The end is a page that holds this row alone, since a page that was cut short, or came empty, would look like the end.
 * DataMall documents skips of whole pages alone, so where it rounds others down, pages are taken side by side. Throws `invalid` with the
 * set and what was wrong; `unavailable` where LTA gave no answer, which may pass and was tried often enough for now; `not_configured` where the key is refused; and the signal's reason.
 */
export async function pullSet(set: LtaSet, options: PullOptions): Promise<Row[]> {
  const rows = await pullPage(set, 0, options);
  if (rows.length === 0) return rows;
  const second = await pullPage(set, rows.length - 1, options);
  const roundedDown = rows.length > 1 && isDeepStrictEqual(second[0], rows[0]);
  return roundedDown ? pullSideBySide(set, rows, options) : pullOverlapping(set, rows, second, options);
}

async function pullOverlapping(set: LtaSet, rows: Row[], second: Row[], options: PullOptions): Promise<Row[]> {
  let page = second;
  for (let pages = 2; pages < MOST_PAGES; pages++) {
    const [first, ...others] = page;
    if (!isDeepStrictEqual(first, rows.at(-1)))
      throw doubt(set, `it does not go on after ${rows.length} rows where it did; has it changed while it was read?`);
    if (others.length === 0) return rows;
    for (const row of others) rows.push(row);
    page = await pullPage(set, rows.length - 1, options);
  }
  throw endless(set);
}

async function pullSideBySide(set: LtaSet, rows: Row[], options: PullOptions): Promise<Row[]> {
  let page = rows.slice();
  for (let pages = 1; pages < MOST_PAGES; pages++) {
    if (page.length < PAGE) return rows;
    const next = await pullPage(set, rows.length, options);
    if (next.length > 0 && isDeepStrictEqual(next[0], page[0])) throw endless(set);
    for (const row of next) rows.push(row);
    page = next;
  }
  throw endless(set);
}

async function pullPage(
  set: LtaSet,
  skip: number,
  { client, budget, clock, ids, signal }: PullOptions,
): Promise<Row[]> {
  const options = { ...ATTEMPTS, clock, ids, ...(signal && { signal }) };
  const attempt = async () => {
    while (!budget.take()) await clock.sleep(Math.max(1, budget.waitMs()), signal);
    try {
      return await client.page(set, skip, signal);
    } catch (error) {
      const waitMs = error instanceof LtaError ? error.retryAfterMs : undefined;
      if (waitMs !== undefined && mayPass(error)) await clock.sleep(waitMs, signal);
      throw error;
    }
  };
  try {
    return await retry(attempt, { ...options, when: mayPass });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof LtaError)) throw error;
    if (error.trouble === 'key_refused')
      throw new AppError('not_configured', `${set}: ${error.message}; is LTA_ACCOUNT_KEY right?`, { cause: error });
    const what = `the page after ${skip} rows could not be had: ${error.message}`;
    if (!PASSING.includes(error.trouble)) throw doubt(set, what, error);
    // LTA gets an hour rather than the same questions again at once.
    throw new AppError('unavailable', `${set}: ${what}`, { cause: error, triedEnough: true });
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof LtaError && PASSING.includes(error.trouble) && (error.retryAfterMs ?? 0) <= MOST_WAIT_MS;
}

function endless(set: LtaSet): AppError {
  return doubt(set, `it has no end: the same page again, or ${MOST_PAGES} pages and more`);
}

function doubt(set: LtaSet, what: string, cause?: unknown): AppError {
  return new AppError('invalid', `${set}: ${what}`, { cause });
}
