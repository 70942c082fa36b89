/** Small networks and replies for tests of boards. */
import type { Route, RouteStop, Stop, Times } from '../bus/lists.ts';
import { createNetwork } from '../bus/network.ts';
import type { LtaBus, LtaService } from '../lta/lta.ts';

/** The same hours every day. */
export function daily(first: string, last: string): Times {
  return { weekday: { first, last }, saturday: { first, last }, sunday: { first, last } };
}

/** A route of one direction; `times` are those at each of its stops. */
export function aRoute(
  service: string,
  direction: 1 | 2,
  codes: readonly string[],
  times: Times = daily('0530', '2345'),
): Route {
  return {
    service,
    direction,
    operator: 'SBST',
    category: 'TRUNK',
    origin: codes[0] ?? '',
    destination: codes.at(-1) ?? '',
    stops: codes.map((code, index): RouteStop => ({ code, sequence: index + 1, distanceKm: index, times })),
  };
}

/** The stops of the routes, and those named beside them; `Stop 10001` and so on, in Singapore. */
export function aNetwork(routes: readonly Route[], codes: readonly string[] = []) {
  const all = new Set([...routes.flatMap(({ stops }) => stops.map(({ code }) => code)), ...codes]);
  const stops = [...all].map((code): Stop => ({ code, name: `Stop ${code}`, road: 'Some Rd', lat: 1.35, lon: 103.85 }));
  const source = (rows: number) => ({ from: 'file', at: '2026-04-01T08:33:31.000Z', rows }) as const;
  return createNetwork({
    version: 'v1',
    sources: { stops: source(stops.length), services: source(routes.length), routes: source(1) },
    stops,
    routes,
  });
}

/** On its first visit and monitored, unless told otherwise. */
export function aBus(eta: number, told: Partial<LtaBus> = {}): LtaBus {
  return { eta, monitored: true, visit: 1, ...told };
}

export function aService(service: string, buses: readonly (LtaBus | undefined)[], operator = 'SBST'): LtaService {
  return { service, operator, slots: [buses[0], buses[1], buses[2]] };
}
