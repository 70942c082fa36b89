/** What this function's tests share: boards that a test decides, alerts, and firings under a real lease on a clock that stands still. */
import { alertId } from '#shared/bus/alert-records.ts';
import { ALERTS, ALERTS_TOLD, type LeaveEvent, type ToldAlert, type WaitingAlert } from '#shared/bus/alerts.ts';
import type { Board, BoardRow } from '#shared/bus/board.ts';
import type { Boards } from '#shared/bus/boards.ts';
import { AppError } from '#shared/errors.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { systemIds } from '#shared/ids.ts';
import { createLeases } from '#shared/lease/leases.ts';
import { createStoreRecords } from '#shared/lease/store-records.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createAlertsRun } from './handler.ts';

export const START = Date.parse('2026-01-01T00:00:00Z');
export const at = (ms: number) => new Date(START + ms).toISOString();
export const MINUTE_MS = 60_000;

/** A row of one bus at that time. */
export function aRow(eta: string, given: Partial<BoardRow> = {}): BoardRow {
  const bus = { display: '', state: 'due', load: null, wheelchair: null, deck: null, position: null } as const;
  return {
    id: '15~1~1',
    service: '15',
    operator: 'SBST',
    direction: 1,
    destination: { code: '77009', name: 'Pasir Ris Int' },
    visit: 1,
    status: 'live',
    reason: '',
    firstBus: null,
    lastBus: null,
    buses: [{ ...bus, eta, minutes: 1, monitored: true }],
    ...given,
  };
}

export function aBoard(code: string, services: BoardRow[]): Board {
  return { stop: { code, name: `Stop ${code}`, road: null, position: null }, meta: {} as Board['meta'], services };
}

let browsers = 0;

export function anAlert(given: Partial<WaitingAlert> = {}): { id: string; value: WaitingAlert } {
  const value: WaitingAlert = {
    target: { endpoint: `https://fcm.googleapis.com/fcm/send/${++browsers}`, keys: { p256dh: 'p', auth: 'a' } },
    stop: '83139',
    service: '15',
    walk: 5,
    lead: 2,
    until: at(120 * MINUTE_MS),
    lang: 'en',
    madeAt: at(0),
    ...given,
  };
  return { id: alertId(value), value };
}

export interface RigOptions {
  store?: Store;
  /** The rows of a stop now; throws what `boards.read` would. */
  rows?: (stop: string, signal: AbortSignal | undefined) => BoardRow[] | Promise<BoardRow[]>;
  publish?: (event: NewEvent<LeaveEvent>) => Promise<void>;
}

export function createRig(given: RigOptions = {}) {
  const store = given.store ?? withShorthands(createMemoryDriver());
  const clock = createFakeClock(START);
  const log = createKeptLog();
  const published: NewEvent<LeaveEvent>[] = [];
  const reads: string[] = [];
  const boards: Boards = {
    read: async (stop, signal) => {
      reads.push(stop);
      if (!given.rows) throw new AppError('unavailable', 'LTA does not answer');
      return aBoard(stop, await given.rows(stop, signal));
    },
    dueInMs: () => 1_000,
  };
  const queue = {
    publish: async (_topic: string, event: NewEvent<LeaveEvent>) => {
      await given.publish?.(event);
      published.push(event);
    },
  } as unknown as Queue;
  const common = { store, clock, ids: systemIds, log };
  const leases = createLeases({ ...common, records: createStoreRecords(store, 'memory'), host: 'test' });
  const run = createAlertsRun({ ...common, queue, boards });
  const all = async <T>(collection: string) => (await store.list<T>(collection, { limit: 1_000 })).docs;
  return {
    store,
    clock,
    log,
    leases,
    published,
    reads,
    add: async (...alerts: { id: string; value: WaitingAlert }[]) => {
      for (const { id, value } of alerts) await store.create(ALERTS, id, value);
    },
    /** Runs once under the schedule's lease. */
    async fire(signal?: AbortSignal) {
      const held = await leases.lease('schedule.bus-alerts').tryAcquire();
      if (!held) throw new Error('the lease is held');
      try {
        return await run({ id: new Date(clock.now()).toISOString(), held, signal: signal ?? held.signal });
      } finally {
        await held.release();
      }
    },
    waiting: () => all<WaitingAlert>(ALERTS),
    told: () => all<ToldAlert>(ALERTS_TOLD),
  };
}
