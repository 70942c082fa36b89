/** All leases of one process: its contenders, what people ask about leases, and the end. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { gauge } from '../telemetry/metrics.ts';
import { breakLease } from './break-lease.ts';
import { type Contender, createContender } from './contender.ts';
import { createTermHistory } from './history.ts';
import type { Lease, LeaseOptions, Leases } from './lease.ts';
import { LEASE_NAME, LEASE_NAME_RULE } from './name.ts';
import type { LeaseRecords } from './records.ts';
import { createSemaphore } from './semaphore.ts';
import { DEFAULT_DURATION_MS, LEAST_DURATION_MS, MOST_DURATION_MS, timingFor } from './timing.ts';
import { viewOf } from './view.ts';

const MOST_NOTE = 200;
const MOST_REASON = 500;
const MOST_SLOTS = 100;
/** Idle contenders that are still reported on; beyond, the oldest are forgotten. */
const MOST_CONTENDERS = 1_000;

interface LeasesParts {
  records: LeaseRecords;
  store: Store;
  /** The machine's name, for people: what tells identities apart is random. */
  host: string;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export function createLeases({ records, store, host, clock, ids, log }: LeasesParts): Leases {
  const history = createTermHistory({ store, clock, log });
  const incarnation = `${host}_${ids.code(12)}`;
  const contenders = new Set<Contender>();
  const closing = new AbortController();
  let made = 0;
  let closed: Promise<void> | undefined;
  const unmeasured = gauge('hawker.lease.leading', () =>
    [...contenders].map(({ lease: { name }, leads }) => ({ labels: { 'hawker.lease': name }, value: leads ? 1 : 0 })),
  );

  function lease(name: string, options: LeaseOptions = {}): Lease {
    if (!LEASE_NAME.test(name))
      throw new AppError('invalid', `a lease's name ${LEASE_NAME_RULE}, not ${JSON.stringify(name).slice(0, 210)}`);
    const { durationMs = DEFAULT_DURATION_MS, note } = options;
    if (durationMs % 1_000 !== 0 || durationMs < LEAST_DURATION_MS || durationMs > MOST_DURATION_MS)
      throw new AppError('invalid', `a lease lasts for whole seconds from 1 to 3,600, not for ${durationMs} ms`);
    if (note !== undefined && note.length > MOST_NOTE)
      throw new AppError('invalid', `a lease's note must have at most ${MOST_NOTE} characters`);
    const identity = `${incarnation}.${++made}`;
    const timing = timingFor(durationMs, records.remote);
    const contender = createContender({
      ...{ name, identity, note, timing, records, store, history, clock, ids, log },
      wanted: () => remember(contender),
    });
    remember(contender);
    forget();
    return contender.lease;
  }

  /** One that was forgotten counts again when it is wanted; one that is wanted after the end gets nothing. */
  function remember(contender: Contender): void {
    contenders.add(contender);
    if (closing.signal.aborted) void contender.retire();
  }

  /** A process that makes a lease for each piece of work must not grow by it. */
  function forget(): void {
    for (const contender of contenders) {
      if (contenders.size <= MOST_CONTENDERS) return;
      if (!contender.busy) contenders.delete(contender);
    }
  }

  async function close(withinMs: number): Promise<void> {
    closing.abort(new AppError('unavailable', 'this process is closing'));
    const enough = new AbortController();
    const all = Promise.all([...contenders].map((contender) => contender.retire())).then(() => history.written());
    const inTime = await Promise.race([
      all.then(() => true),
      clock.sleep(withinMs, enough.signal).then(
        () => false,
        () => false,
      ),
    ]);
    enough.abort();
    for (const contender of contenders) contender.halt();
    if (!inTime) log.warn('leases were not all given back in time; they run out by themselves', { withinMs });
    unmeasured();
    await records.close();
  }

  return {
    lease,
    semaphore(name, slots, options) {
      if (!Number.isInteger(slots) || slots < 1 || slots > MOST_SLOTS)
        throw new AppError('invalid', `a semaphore has 1 to ${MOST_SLOTS} slots, not ${slots}`);
      const { pollMs } = timingFor(options?.durationMs ?? DEFAULT_DURATION_MS, records.remote);
      const leases = Array.from({ length: slots }, (_, slot) => lease(`${name}.${slot}`, options));
      return createSemaphore({ name, slots: leases, pollMs, clock, ids, closing: closing.signal });
    },
    async list(options) {
      const { names, next } = await records.list({
        limit: options.limit,
        ...(options.cursor !== undefined && { after: options.cursor }),
      });
      const views = await Promise.all(
        names.map(async (name) => {
          const sighting = await records.read(name);
          return sighting ? [viewOf(name, sighting, records)] : [];
        }),
      );
      return { items: views.flat(), ...(next !== undefined && { nextCursor: next }) };
    },
    async observe(name) {
      const sighting = await records.read(name);
      return sighting && viewOf(name, sighting, records);
    },
    async break(name, reason, by) {
      if (reason.trim() === '' || reason.length > MOST_REASON)
        throw new AppError('invalid', `a reason of 1 to ${MOST_REASON} characters is needed`);
      const { before, after } = await breakLease(name, { records, store, clock, ids }, { reason, by });
      const { holder } = before.record;
      if (before !== after) {
        log.warn('a lease was taken away from its holder', { lease: name, holder, reason, by });
        if (holder !== '') history.ended(name, viewOf(name, before, records).token, 'broken', { reason, by });
      }
      return viewOf(name, after, records);
    },
    history: (name, limit) => history.list(name, limit),
    here: () => [...contenders].map((contender) => contender.report()),
    close(withinMs) {
      closed ??= close(withinMs);
      return closed;
    },
  };
}
