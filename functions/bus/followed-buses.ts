/**
 * Which bus of a board is which bus of the board before: LTA gives buses no names, and readers of GTFS-Realtime tell trips apart by one that lasts.
 *
 * Buses of one row follow one another, so from one board to the next some of the first have left, and the others have moved in time. As many are taken to have
 * left as make the least movement; the rest keep their names, and new ones at the end get new ones, from the time at which they were first expected. Names are this
 * process's own: another instance, or this one after FORGET_MS without a question, gives others.
 */
import type { BoardRow } from '#shared/bus/board.ts';
import type { Clock } from '#shared/clock.ts';

const FORGET_MS = 15 * 60_000;
/** Those that were asked for last. */
const MOST_STOPS = 500;
/** A bus whose estimate moved by more than this between two boards is another one. */
const MOST_MOVED_MS = 15 * 60_000;

interface Followed {
  name: string;
  eta: number;
}

export interface FollowedBuses {
  /** The names of a row's buses, one for each. */
  follow(stop: string, row: BoardRow): string[];
}

export function createFollowedBuses(clock: Clock): FollowedBuses {
  /** By stop, then by the row's id; the stop that was asked for last is the last. */
  const known = new Map<string, { rows: Map<string, Followed[]>; at: number }>();

  const rowsOf = (stop: string): Map<string, Followed[]> => {
    const found = known.get(stop);
    const now = clock.mono();
    const rows = found && now - found.at <= FORGET_MS ? found.rows : new Map<string, Followed[]>();
    known.delete(stop);
    known.set(stop, { rows, at: now });
    const oldest = known.keys().next();
    if (known.size > MOST_STOPS && !oldest.done) known.delete(oldest.value);
    return rows;
  };

  return {
    follow(stop, row) {
      const rows = rowsOf(stop);
      const etas = row.buses.map((bus) => Date.parse(bus.eta));
      const followed = named(rows.get(row.id) ?? [], etas, `${stop}-${row.id.replaceAll('~', '-')}`);
      if (followed.length > 0) rows.set(row.id, followed);
      return followed.map(({ name }) => name);
    },
  };
}

function named(before: readonly Followed[], etas: readonly number[], prefix: string): Followed[] {
  let kept = before.length;
  let least = Number.POSITIVE_INFINITY;
  for (let left = 0; left < before.length; left++) {
    const pairs = Math.min(before.length - left, etas.length);
    const moves = etas.slice(0, pairs).map((eta, index) => Math.abs(eta - (before[left + index]?.eta ?? 0)));
    const mean = moves.reduce((sum, move) => sum + move, 0) / pairs;
    if (Math.max(...moves) <= MOST_MOVED_MS && mean < least) [kept, least] = [left, mean];
  }
  const taken = new Set(before.map(({ name }) => name));
  return etas.map((eta, index) => {
    const same = before[kept + index];
    if (same) return { name: same.name, eta };
    let name = `${prefix}-${Math.floor(eta / 1000).toString(36)}`;
    while (taken.has(name)) name += 'x';
    taken.add(name);
    return { name, eta };
  });
}
