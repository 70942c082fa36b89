/** Stops by where they are, by what they are called, or by both. */
import type { Network, Stop } from '#shared/bus/lists.ts';
import { metresBetween, nearestStops, type Position } from './nearest.ts';
import { searchStops } from './search-stops.ts';

export interface StopQuery {
  /** Code, words of the name or of the road. */
  q?: string;
  near?: Position;
  /** Metres. Without it: 500 around `near`, and no limit where `q` is given as well. */
  radius?: number;
  /** Most stops in the answer. */
  limit: number;
}

export interface FoundStop {
  code: string;
  name: string;
  road: string;
  position: Position;
  /** From `near`, in whole metres. */
  distance?: number;
  /** Numbers of the services that call there, in natural order; none where the routes are not loaded. */
  services: string[];
}

export const DEFAULT_RADIUS = 500;

/**
 * With `near` alone the nearest first. With `q` alone the best match first (see searchStops). With both what matches, those that match equally well
 * by distance. Neither finds nothing.
 */
export async function findStops(network: Network, query: StopQuery): Promise<FoundStop[]> {
  const { q, near, radius, limit } = query;
  if (q === undefined) {
    const around = near ? nearestStops(network, near, radius ?? DEFAULT_RADIUS, limit) : [];
    return around.map(({ stop, distance }) => foundStop(network, stop, distance));
  }
  const matches = await searchStops(network, q);
  if (!near) return matches.slice(0, limit).map(({ stop }) => foundStop(network, stop));
  return matches
    .map(({ stop, rank }) => ({ stop, rank, distance: metresBetween(near, stop) }))
    .filter(({ distance }) => radius === undefined || distance <= radius)
    .sort((a, b) => a.rank - b.rank || a.distance - b.distance)
    .slice(0, limit)
    .map(({ stop, distance }) => foundStop(network, stop, distance));
}

function foundStop(network: Network, stop: Stop, distance?: number): FoundStop {
  const { code, name, road, lat, lon } = stop;
  return {
    code,
    name,
    road,
    position: { lat, lon },
    ...(distance !== undefined && { distance: Math.round(distance) }),
    services: [...new Set(network.callsAt(code).map(({ route }) => route.service))],
  };
}
