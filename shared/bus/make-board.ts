/** A stop's board, made of a reply, the lists and the time. Pure. */
import type { LtaService, Reading } from '../lta/lta.ts';
import type { Board, BoardStop, Meta } from './board.ts';
import { boardRows } from './board-rows.ts';
import type { Calendar } from './calendar.ts';
import type { Network, Stop } from './lists.ts';

/** What is told of the buses at a stop, and by whom. */
export interface Reply {
  services: readonly LtaService[];
  source: 'live' | 'cache' | 'stale' | 'demo';
  /** Milliseconds since the epoch. */
  fetchedAt: number;
  /** Milliseconds. */
  age: number;
  upstream: Meta['upstream'];
}

interface BoardInput {
  /** Undefined where no list can be had: then the reply alone is told. */
  network: Network | undefined;
  code: string;
  reply: Reply;
  calendar: Calendar;
  /** Milliseconds since the epoch. */
  now: number;
}

/** `mono`: the monotonic time of `now`. The age is by that clock, since the other one may have been set meanwhile. */
export function replyOf({ snapshot, source, upstream }: Reading, mono: number): Reply {
  const { services, fetchedAt, fetchedMono } = snapshot;
  return { services, source, fetchedAt, age: mono - fetchedMono, upstream };
}

export function makeBoard({ network, code, reply, calendar, now }: BoardInput): Board {
  const age = Math.max(0, Math.floor(reply.age / 1000));
  return {
    stop: boardStop(code, network?.stop(code)),
    meta: {
      source: reply.source,
      fetchedAt: new Date(reply.fetchedAt).toISOString(),
      age,
      stale: reply.source === 'stale',
      upstream: reply.upstream,
      now: new Date(now).toISOString(),
      lists: listsOf(network),
    },
    services: boardRows({ network, code, services: reply.services, age, calendar, now }),
  };
}

/** With what a list tells of it, if there is one that has it. */
export function boardStop(code: string, stop: Stop | undefined): BoardStop {
  return {
    code,
    name: stop?.name ?? null,
    road: stop?.road ?? null,
    position: stop ? { lat: stop.lat, lon: stop.lon } : null,
  };
}

/** Version `none` where no list can be had. */
export function listsOf(network: Network | undefined): Meta['lists'] {
  if (!network) return { version: 'none', source: 'sample', fetchedAt: null };
  const { stops, services, routes } = network.sources;
  const list = stops ?? services ?? routes;
  return { version: network.version, source: list?.from ?? 'sample', fetchedAt: list?.at ?? null };
}
