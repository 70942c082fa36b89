/**
 * What makes a schedule's function run once per firing, though every instance may be told of it, and more than once.
 */
import type { Clock } from '../clock.ts';
import type { ScheduledRow, ScheduleFunction } from '../define.ts';
import { isAppError, isRetryable, messageOf } from '../errors.ts';
import type { Held, Leases } from '../lease/lease.ts';
import type { Log } from '../log.ts';
import { type Doc, docId, type Store, type Write } from '../store/store.ts';
import { note } from '../telemetry/scope.ts';
import { boundedRun } from './run.ts';
import { inProgress, takeTurn } from './turn.ts';

/**
 * One firing of one schedule. No record: nobody has begun. From there:
 *
 * - Nothing to do: where the function says so (`idle`), the firing is over for whoever asked, and no state changes; one that is `begun` remains so.
 * - The turn: whoever is told of the firing takes the schedule's lease, under a note that names the firing. Where it cannot be had, another firing runs,
 *   or this one does elsewhere; the note tells which. This one: `request_in_progress`, so that it comes back. Another: the firing becomes
 *   `skipped`, or waits for its turn, as the row says.
 * - `begun`: the holder of the lease runs the function; or its process died, or the run failed in a way that may pass. None of that is told
 *   apart here: the lease does it. The next who has the lease runs the firing again, under a higher token.
 * - `done`: the end. The writes that the function answered and this state are one commit, which demands that the term still stands and that the record is as
 *   the run left it. A run that lost its lease, however late it wakes, commits nothing; so the writes of one run at most ever happen.
 * - `failed`: the function threw what no repetition can mend, or what may pass and has been repeated enough (`triedEnough`), so that the next firing is
 *   the one to try again. Also an end.
 * - `skipped`: it came while another firing ran. Also an end, for a firing that has failed before as well: the one that runs came later.
 *
 * Whoever meets an end does nothing. What a run does outside the store may happen twice after a crash: pass the firing's id along as
 * idempotency key, and `held.token` where the other side can refuse a lower one.
 */
interface FiringRecord {
  state: 'begun' | FiringEnd;
  /** How often it was begun. */
  attempts: number;
  /** Of the term under which it was last begun; absent where it never was. */
  token?: number;
  /** When it came to this state, by that process's wall clock, RFC 3339; for people. */
  at: string;
  /** Why it failed. */
  reason?: string;
}

export type FiringEnd = 'done' | 'failed' | 'skipped';

export interface Delivery {
  /** Aborts when whoever told of the firing does not wait any longer. A run is told, and has a few seconds to end. */
  signal: AbortSignal;
  /** How long to wait for another firing's run, where the row says `queue`; milliseconds. */
  waitMs: number;
}

export interface Firings {
  /**
   * Runs the firing unless it has come to its end, and answers its end; `idle` where the function has nothing to do. Throws `request_in_progress`,
   * `lease_held` after `waitMs`, `lease_lost`, what the lease and the store throw, what `idle` throws, and of what the function threw what is retryable.
   */
  handle(firing: string, delivery: Delivery): Promise<FiringEnd | 'idle'>;
  /** Whether somebody has begun it and nobody has ended it. */
  isBegun(firing: string): Promise<boolean>;
}

export interface FiringsOptions {
  row: ScheduledRow;
  instance: Pick<ScheduleFunction, 'run' | 'idle'>;
  store: Store;
  leases: () => Promise<Leases>;
  clock: Clock;
  log: Log;
}

const COLLECTION = 'schedule-firings';

/** Longer than anybody repeats a firing. */
const KEPT_MS = 8 * 24 * 3_600_000;

type Begun = Pick<Doc<FiringRecord>, 'version' | 'value'>;

export function createFirings({ row, instance, store, leases, clock, log }: FiringsOptions): Firings {
  const { overlap } = row.trigger;
  /** What runs in this process, where nobody has to watch a lease to know that it does. */
  const running = new Set<string>();

  const find = (firing: string) => store.get<FiringRecord>(COLLECTION, docId(row.name, firing));

  function writeOf(firing: string, record: Omit<FiringRecord, 'at'>, over: Pick<Doc, 'version'> | undefined): Write {
    const now = clock.now();
    const common = {
      collection: COLLECTION,
      id: docId(row.name, firing),
      value: { ...record, at: new Date(now).toISOString() } satisfies FiringRecord,
      expireAt: new Date(now + KEPT_MS),
    };
    return over ? { op: 'replace', ...common, ifVersion: over.version } : { op: 'create', ...common };
  }

  async function skip(firing: string): Promise<FiringEnd> {
    const found = await find(firing);
    const end = endOf(found);
    if (end) return end;
    try {
      const attempts = found?.value.attempts ?? 0;
      await store.commit([writeOf(firing, { state: 'skipped', attempts }, found)]);
    } catch (error) {
      // The other has ended meanwhile, and somebody has begun or ended this one.
      throw isAppError(error, 'conflict') ? inProgress() : error;
    }
    log.info('a firing was skipped, since another still ran', { firing });
    return 'skipped';
  }

  async function begin(firing: string, held: Held): Promise<Begun | FiringEnd> {
    const found = await find(firing);
    const end = endOf(found);
    if (end) return end;
    const attempts = (found?.value.attempts ?? 0) + 1;
    const value = { state: 'begun' as const, attempts, token: held.token };
    const [version = ''] = await held.fenced([writeOf(firing, value, found)]);
    if (attempts > 1) log.warn('a firing runs again', { firing, attempt: attempts });
    return { version, value: { ...value, at: '' } };
  }

  async function runHeld(firing: string, held: Held, signal: AbortSignal): Promise<FiringEnd> {
    const begun = await begin(firing, held);
    if (typeof begun === 'string') return begun;
    const { attempts, token } = begun.value;
    const end = (state: FiringEnd, reason?: string) =>
      writeOf(firing, { state, attempts, ...(token && { token }), ...(reason && { reason }) }, begun);
    try {
      const writes = await boundedRun({ instance, firing: { id: firing, held, signal }, row, clock, log });
      await held.fenced([end('done'), ...writes]);
      log.debug('a firing is done', { firing });
      return 'done';
    } catch (error) {
      if (isRetryable(error)) throw error;
      // Whoever carries the firing writes its line.
      note({ error, ...(isAppError(error) && error.mayPass && (await nextOf(row, clock))) });
      await held.fenced([end('failed', messageOf(error).slice(0, 1_000))]);
      return 'failed';
    }
  }

  return {
    async handle(firing, { signal, waitMs }) {
      if (await instance.idle?.()) return 'idle';
      const end = endOf(await find(firing));
      if (end) return end;
      if (running.has(firing)) throw inProgress();
      if (running.size > 0 && overlap === 'skip') return skip(firing);
      const lease = (await leases()).lease(`schedule.${row.name}`, { note: firing });
      const turn = await takeTurn({ lease, firing, overlap, waitMs, clock, signal });
      if (turn === 'overlaps') return skip(firing);
      running.add(firing);
      try {
        return await runHeld(firing, turn, signal);
      } finally {
        await turn.release();
        running.delete(firing);
      }
    },
    async isBegun(firing) {
      return (await find(firing))?.value.state === 'begun';
    },
  };
}

/** When the next firing is due, for whoever reads the line of one that failed. */
async function nextOf({ trigger }: ScheduledRow, clock: Clock): Promise<{ next?: string }> {
  // What calls a built function has a timetable of its own, so hardly any process needs one here.
  const { createTimetable, firingId } = await import('./timetable.ts');
  const next = createTimetable(trigger).next(clock.now());
  return next === undefined ? {} : { next: firingId(next) };
}

function endOf(found: Doc<FiringRecord> | undefined): FiringEnd | undefined {
  const state = found?.value.state;
  return state === 'begun' ? undefined : state;
}
