/**
 * The rows of a board: the buses that LTA tells, then the calls that the lists have here and LTA is silent about.
 *
 * A row's direction comes from its destination. A short working ends at another stop than its route does, and is a row of its own.
 */
import type { LtaBus, LtaService } from '../lta/lta.ts';
import type { BoardBus, BoardRow } from './board.ts';
import type { Calendar } from './calendar.ts';
import { countdown } from './countdown.js';
import type { Call, Network } from './lists.ts';
import { compareServices } from './natural-order.ts';
import { type Group, groupReply, type StopCalls, serviceKey, stopCalls } from './reply-groups.ts';
import { type RowFacts, rowHours } from './row-status.ts';

/** LTA's slots, and so the most that a row shows. */
const MOST_BUSES = 3;

interface RowsInput {
  /** Undefined where no list can be had. */
  network: Network | undefined;
  code: string;
  services: readonly LtaService[];
  /** Of the reply, whole seconds. */
  age: number;
  calendar: Calendar;
  now: number;
}

/** Where a group belongs in the lists. */
interface Place {
  direction: 1 | 2 | null;
  /** The destination is its direction's own, so that the direction names the row. */
  exact: boolean;
  /** The calls that need no row beside this one. */
  covers: readonly Call[];
}

export function boardRows({ network, code, services, calendar, now, age }: RowsInput): BoardRow[] {
  const calls = stopCalls(network, code);
  const routesLoaded = network?.sources.routes !== undefined || calls.all.length > 0;
  const rows = new Map<string, BoardRow>();
  const covered = new Set<string>();

  const add = (
    row: Pick<BoardRow, 'id' | 'service' | 'direction' | 'visit'> & { operator: string; destination: string | null },
    call: Call | undefined,
    { buses = [], ...facts }: { buses?: BoardBus[] } & Partial<RowFacts>,
  ) => {
    const { id, service, direction, visit, operator, destination } = row;
    const known = { nextMonitored: undefined, behindFirstVisit: false, call, routesLoaded, ...facts };
    const name = destination === null ? undefined : network?.stop(destination)?.name;
    rows.set(id, {
      id,
      service,
      operator: operator || call?.route.operator || null,
      direction,
      destination: { code: destination, name: name ?? null },
      visit,
      ...rowHours(known, calendar, now),
      buses,
    });
  };

  for (const group of groupReply(services, calls, network)) {
    const buses = boardBuses(group.buses, now, age);
    if (buses.length === 0) continue;
    const { direction, exact, covers } = placeOf(group, calls, network);
    for (const call of covers) covered.add(callKey(call));
    const call = direction === null ? undefined : covers[0];
    const place = exact && direction !== null ? direction : (group.destination ?? 0);
    const id = `${group.service}~${place}~${group.visit}`;
    const next = buses.find(({ state }) => state !== 'left');
    add({ ...group, id, direction }, call, { buses: soonest(buses), nextMonitored: next?.monitored });
  }

  for (const call of calls.all) {
    const { route, visit } = call;
    const { service, direction, operator, destination } = route;
    const id = `${service}~${direction}~${visit}`;
    if (covered.has(callKey(call)) || rows.has(id) || endsHere(call)) continue;
    const behindFirstVisit = visit > 1 && covered.has(callKey({ route, visit: 1 }));
    add({ id, service, direction, visit, operator, destination }, call, { behindFirstVisit });
  }

  // Services that the lists do not have here, and of which LTA has nothing but the name.
  const shown = new Set([...rows.values()].map(({ service }) => serviceKey(service)));
  for (const { service, operator } of services) {
    if (calls.of(service).length > 0 || shown.has(serviceKey(service))) continue;
    shown.add(serviceKey(service));
    add({ id: `${service}~0~1`, service, direction: null, visit: 1, operator, destination: null }, undefined, {});
  }
  return [...rows.values()].sort(compareRows);
}

function placeOf({ service, destination, visit }: Group, calls: StopCalls, network: Network | undefined): Place {
  const here = calls.of(service);
  const onVisit = (some: readonly Call[]) => {
    const exactly = some.filter((call) => call.visit === visit);
    return exactly.length > 0 ? exactly : some;
  };
  // It may be a bus of any direction, so that none can be said to have no estimate.
  if (destination === null) return { direction: null, exact: false, covers: onVisit(here) };
  const leading = onVisit(here.filter(({ route }) => route.destination === destination));
  if (leading.length > 0) return { direction: onlyDirection(leading), exact: true, covers: leading };
  if (here.length > 0) {
    const direction = onlyDirection(here);
    return { direction, exact: false, covers: direction === null ? [] : onVisit(here) };
  }
  const routes = network?.routesOf(service).filter((route) => route.destination === destination) ?? [];
  return { direction: onlyDirection(routes.map((route) => ({ route }))), exact: true, covers: [] };
}

function onlyDirection(calls: readonly Pick<Call, 'route'>[]): 1 | 2 | null {
  const [first, ...others] = new Set(calls.map(({ route }) => route.direction));
  return first !== undefined && others.length === 0 ? first : null;
}

function callKey({ route, visit }: Pick<Call, 'route' | 'visit'>): string {
  return `${serviceKey(route.service)}~${route.direction}~${visit}`;
}

/** Where nobody boards: LTA never tells buses there. A loop's first stop is another call. */
function endsHere({ route, index }: Call): boolean {
  return index > 0 && index === route.stops.length - 1;
}

function boardBuses(buses: readonly LtaBus[], now: number, age: number): BoardBus[] {
  return buses
    .toSorted((a, b) => a.eta - b.eta)
    .flatMap((bus): BoardBus[] => {
      const { state, minutes, leftSeconds } = countdown(bus.eta, now);
      if (state === 'gone') return [];
      const left = leftSeconds !== null && leftSeconds >= 60 ? 'left 1 min ago' : 'left just now';
      return [
        {
          eta: new Date(bus.eta).toISOString(),
          minutes,
          display: state === 'due' ? String(minutes) : state === 'arriving' ? 'Arr' : left,
          state,
          monitored: bus.monitored,
          load: bus.load ?? null,
          wheelchair: bus.wheelchair ?? null,
          deck: bus.deck ?? null,
          position: bus.position ? { ...bus.position, age } : null,
        },
      ];
    });
}

/** Those that still come before those that have left, where there is no room for all. */
function soonest(buses: readonly BoardBus[]): BoardBus[] {
  const left = buses.filter(({ state }) => state === 'left');
  const room = MOST_BUSES - (buses.length - left.length);
  const dropped = room > 0 ? Math.max(0, left.length - room) : left.length;
  return buses.slice(dropped, dropped + MOST_BUSES);
}

function compareRows(a: BoardRow, b: BoardRow): number {
  return (
    compareServices(a.service, b.service) ||
    (a.direction ?? 3) - (b.direction ?? 3) ||
    a.visit - b.visit ||
    (a.id < b.id ? -1 : 1)
  );
}
