/** Boards of a test's own making, for what works on boards alone. */
import type { Board, BoardBus, BoardRow, Meta } from '#shared/bus/board.ts';
import type { Boards } from '#shared/bus/boards.ts';
import type { Clock } from '#shared/clock.ts';

const META: Meta = {
  source: 'live',
  fetchedAt: '2026-01-08T04:00:00.000Z',
  age: 0,
  stale: false,
  upstream: { status: 'ok' },
  now: '2026-01-08T04:00:00.000Z',
  lists: { version: 'v1', source: 'datamall', fetchedAt: '2026-01-01T00:00:00.000Z' },
};

export function aBus(given: Partial<BoardBus> = {}): BoardBus {
  return {
    eta: '2026-01-08T04:03:30.000Z',
    minutes: 3,
    display: '3',
    state: 'due',
    monitored: true,
    load: 'seats',
    wheelchair: true,
    deck: 'single',
    position: { lat: 1.3, lon: 103.9, age: 0 },
    ...given,
  };
}

export function aRow(service: string, given: Partial<BoardRow> = {}): BoardRow {
  return {
    id: `${service}~1~1`,
    service,
    operator: 'SBST',
    direction: 1,
    destination: { code: '77009', name: 'Pasir Ris Int' },
    visit: 1,
    status: 'live',
    reason: 'A sentence',
    firstBus: '05:30',
    lastBus: '23:45',
    buses: [aBus()],
    ...given,
  };
}

export function aBoard(services: BoardRow[], meta: Partial<Meta> = {}, code = '83139'): Board {
  return {
    stop: { code, name: 'Bef Joo Chiat', road: 'Changi Rd', position: { lat: 1.315, lon: 103.9 } },
    meta: { ...META, ...meta },
    services,
  };
}

export interface StubBoards extends Boards {
  /** What the next reads answer: rows, as of when they are read; or an error. */
  services: BoardRow[] | Error;
  /** How often it was read. */
  reads: number;
}

/** A board that is new every 20 seconds. */
export function createStubBoards(clock: Clock): StubBoards {
  return {
    services: [],
    reads: 0,
    read(code, signal) {
      this.reads++;
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      if (this.services instanceof Error) return Promise.reject(this.services);
      const now = new Date(clock.now()).toISOString();
      return Promise.resolve(aBoard(structuredClone(this.services), { now, fetchedAt: now }, code));
    },
    dueInMs: () => 20_000,
  };
}
