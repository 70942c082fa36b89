/** Rides without a change from one stop to another, and which of the buses that are told make them. */
import type { BoardBus, BoardRow, RowStatus } from '#shared/bus/board.ts';
import type { Network, Route } from '#shared/bus/lists.ts';
import { compareServices } from '#shared/bus/natural-order.ts';

export interface Ride {
  route: Route;
  /** Places in `route.stops`. */
  board: number;
  alight: number;
  /** Which of the route's passes of the stop it boards at: 1, or 2. */
  visit: number;
}

/** What is told of a ride's next buses. */
export interface NextBuses {
  buses: BoardBus[];
  status: RowStatus;
  /** One English sentence. */
  reason: string;
}

/** LTA's slots. */
const MOST_BUSES = 3;

/**
 * At most one ride for each service and direction, in the order of the network's routes. Where a route passes a stop twice it is the ride with the fewest stops between;
 * of equals, the first. Nobody rides past a route's end, so a loop does not go round again.
 */
export function findRides(network: Network, from: string, to: string): Ride[] {
  const ends = Map.groupBy(network.callsAt(to), ({ route }) => route);
  const best = new Map<Route, Ride>();
  for (const { route, index, visit } of network.callsAt(from))
    for (const { index: alight } of ends.get(route) ?? []) {
      const known = best.get(route);
      if (alight <= index || (known && known.alight - known.board <= alight - index)) continue;
      best.set(route, { route, board: index, alight, visit });
    }
  return [...best.values()];
}

/** How far a ride is in kilometres, to 10 m; null where the list does not tell. */
export function rideKm({ route, board, alight }: Ride): number | null {
  const [start, end] = [route.stops[board]?.distanceKm, route.stops[alight]?.distanceKm];
  return start === undefined || end === undefined ? null : Math.round((end - start) * 100) / 100;
}

/**
 * The next buses of a ride among the rows of the board where it begins. Some buses end before their route does: those that do not come as far as
 * the ride goes are left out.
 */
export function nextBuses(ride: Ride, rows: readonly BoardRow[]): NextBuses {
  const ours = rows.filter((row) => isOf(ride, row));
  const useful = ours.filter((row) => reaches(ride, row));
  const buses = useful.flatMap((row) => row.buses).sort((a, b) => Date.parse(a.eta) - Date.parse(b.eta));
  const first = soonest(buses);
  const told = useful.find((row) => first !== undefined && row.buses.includes(first)) ?? useful[0];
  if (told) return { buses: buses.slice(0, MOST_BUSES), status: told.status, reason: told.reason };
  if (ours.length === 0) return { buses: [], status: 'unknown', reason: 'Nothing is told of this service at the stop' };
  return { buses: [], status: 'no_estimate', reason: 'The buses that are told end elsewhere, and may not come there' };
}

/** For `sort`: the soonest bus first, then the fewest stops, then by the service's number. */
export function compareRides(a: Ride & NextBuses, b: Ride & NextBuses): number {
  const [left, right] = [arrival(a), arrival(b)];
  // Not a difference: that of two infinities is no number.
  if (left !== right) return left < right ? -1 : 1;
  return a.alight - a.board - (b.alight - b.board) || compareServices(a.route.service, b.route.service);
}

function arrival({ buses }: NextBuses): number {
  const bus = soonest(buses);
  return bus ? Date.parse(bus.eta) : Number.POSITIVE_INFINITY;
}

function soonest(buses: readonly BoardBus[]): BoardBus | undefined {
  return buses.find(({ state }) => state !== 'left');
}

/** A row without a direction may be of either; its destination decides then. The visit matters where there are two. */
function isOf({ route, board, visit }: Ride, row: BoardRow): boolean {
  if (row.service.toUpperCase() !== route.service.toUpperCase()) return false;
  const passes = route.stops.filter(({ code }) => code === route.stops[board]?.code).length;
  if (passes > 1 && row.visit !== visit) return false;
  return row.direction === null ? row.destination.code === route.destination : row.direction === route.direction;
}

function reaches({ route, alight }: Ride, { destination: { code } }: BoardRow): boolean {
  if (code === null || code === route.destination) return true;
  return route.stops.findLastIndex((stop) => stop.code === code) >= alight;
}
