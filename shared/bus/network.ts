/** One version of the lists in memory, and what is asked of it. */
import type { Call, Network, Route, Stop } from './lists.ts';
import { compareServices } from './natural-order.ts';

/** What a network is made of: everything in it holds at once, so planned routes whose day has not come are not in it. */
export interface NetworkData {
  version: string;
  sources: Network['sources'];
  /** Each code once. */
  stops: readonly Stop[];
  /** Each service and direction once, its stops in the order of their sequence. */
  routes: readonly Route[];
}

/** Keeps what it is given; indexes are made when first asked for. */
export function createNetwork(data: NetworkData): Network {
  const stops = [...data.stops].sort((a, b) => (a.code < b.code ? -1 : 1));
  const routes = [...data.routes].sort((a, b) => compareServices(a.service, b.service) || a.direction - b.direction);
  const stopIndex = once(() => new Map(stops.map((stop) => [stop.code, stop])));
  const routeIndex = once(() => Map.groupBy(routes, ({ service }) => service.toUpperCase()));
  const callIndex = once(() => indexCalls(routes));
  return {
    version: data.version,
    sources: data.sources,
    stops,
    routes,
    stop: (code) => stopIndex().get(code),
    routesOf: (service) => routeIndex().get(service.toUpperCase()) ?? [],
    callsAt: (code) => callIndex().get(code) ?? [],
  };
}

/** In the order of the routes and of their stops, which is the one that is promised. */
function indexCalls(routes: readonly Route[]): Map<string, Call[]> {
  const calls = new Map<string, Call[]>();
  for (const route of routes)
    for (const [index, { code }] of route.stops.entries()) {
      const here = calls.get(code);
      if (!here) calls.set(code, [{ route, index, visit: 1 }]);
      else here.push({ route, index, visit: visitAfter(here.at(-1), route) });
    }
  return calls;
}

/** All calls of one route at a stop follow one another. */
function visitAfter(last: Call | undefined, route: Route): number {
  return last?.route === route ? last.visit + 1 : 1;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
