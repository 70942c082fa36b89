/** Services as the lists tell them: all of them in short, and one with its stops. */
import type { Calendar } from '#shared/bus/calendar.ts';
import type { Network, Route, RouteStop } from '#shared/bus/lists.ts';
import { boardStop } from '#shared/bus/make-board.ts';
import { named } from './describe-stop.ts';
import { todayOf, weekOf } from './hours.ts';

export type ServiceSummary = ReturnType<typeof summaryOf>;

/** All services whose number begins with `start`, in any case, in natural order. */
export function summariesOf(network: Network, start = ''): ServiceSummary[] {
  const wanted = network.routes.filter(({ service }) => service.toUpperCase().startsWith(start.toUpperCase()));
  return Map.groupBy(wanted, ({ service }) => service.toUpperCase())
    .values()
    .map((routes) => summaryOf(network, routes as [Route, ...Route[]]))
    .toArray();
}

function summaryOf(network: Network, routes: readonly [Route, ...Route[]]) {
  const [{ service, operator, category }] = routes;
  return {
    service,
    operator: operator || null,
    category: category || null,
    directions: routes.map((route) => ({
      direction: route.direction,
      origin: named(network, route.origin),
      destination: named(network, route.destination),
      loop: route.loop ?? null,
    })),
  };
}

/**
 * A service with the stops of each direction, first and last buses of the service day that `now` (milliseconds since the epoch) is in, and of each kind of day. Undefined
 * where the lists have no such service. The case of `number` does not matter. `stops` is empty where the routes are not loaded.
 */
export function describeService(network: Network, number: string, calendar: Calendar, now: number) {
  const [first, ...others] = network.routesOf(number);
  if (!first) return undefined;
  return {
    service: first.service,
    operator: first.operator || null,
    category: first.category || null,
    serviceDay: calendar.day(now),
    directions: [first, ...others].map((route) => ({
      direction: route.direction,
      origin: named(network, route.origin),
      destination: named(network, route.destination),
      loop: route.loop ?? null,
      frequency: route.frequency ?? null,
      stops: route.stops.map((stop) => routeStop(network, stop, calendar, now)),
    })),
  };
}

function routeStop(network: Network, place: RouteStop, calendar: Calendar, now: number) {
  const { code, sequence, distanceKm = null, times } = place;
  const { firstBus, lastBus } = todayOf(times, calendar, now);
  return {
    ...boardStop(code, network.stop(code)),
    sequence,
    distanceKm,
    firstBus,
    lastBus,
    times: weekOf(times),
  };
}
