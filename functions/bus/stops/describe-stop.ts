/** A stop, and what calls there, as the lists tell. */
import type { Calendar } from '#shared/bus/calendar.ts';
import type { Network } from '#shared/bus/lists.ts';
import { todayOf, weekOf } from './hours.ts';

/** A stop's code, and its name where the list has it. */
export function named(network: Network, code: string): { code: string; name: string | null } {
  return { code, name: network.stop(code)?.name ?? null };
}

/** One for each call: a service that passes twice, or in both directions, is there twice. */
export function callsAtStop(network: Network, code: string, calendar: Calendar, now: number) {
  return network.callsAt(code).map(({ route, index, visit }) => {
    const times = route.stops[index]?.times ?? {};
    return {
      service: route.service,
      operator: route.operator || null,
      direction: route.direction,
      origin: named(network, route.origin),
      destination: named(network, route.destination),
      loop: route.loop ?? null,
      visit,
      // Of a loop, its first call at the same stop is where people board.
      ends: index === route.stops.length - 1,
      ...todayOf(times, calendar, now),
      times: weekOf(times),
    };
  });
}
