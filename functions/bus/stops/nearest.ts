/** The stops around a position. A scan over two arrays of numbers: for a few thousand stops no index is faster. */
import type { Network, Stop } from '#shared/bus/lists.ts';

export interface Position {
  /** Degrees. */
  lat: number;
  lon: number;
}

export interface Near {
  stop: Stop;
  /** Metres, not rounded. */
  distance: number;
}

/** Mean radius of the Earth in metres (IUGG). */
const EARTH = 6_371_008.8;
const RADIAN = Math.PI / 180;

type Coordinates = { lat: Float64Array; lon: Float64Array };

const prepared = new WeakMap<Network, Coordinates>();

function coordinatesOf(network: Network): Coordinates {
  let found = prepared.get(network);
  if (!found) {
    found = {
      lat: Float64Array.from(network.stops, ({ lat }) => lat),
      lon: Float64Array.from(network.stops, ({ lon }) => lon),
    };
    prepared.set(network, found);
  }
  return found;
}

/** Metres along the surface between two positions (haversine). */
export function metresBetween(a: Position, b: Position): number {
  const lat = Math.sin(((b.lat - a.lat) * RADIAN) / 2);
  const lon = Math.sin(((b.lon - a.lon) * RADIAN) / 2);
  const h = lat * lat + Math.cos(a.lat * RADIAN) * Math.cos(b.lat * RADIAN) * lon * lon;
  return 2 * EARTH * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * At most `limit` stops within `radius` metres, the nearest first; at the same distance in the order of their codes. They are chosen by flat geometry, which so near the
 * equator is wrong by centimetres in kilometres, and measured exactly.
 */
export function nearestStops(network: Network, at: Position, radius: number, limit: number): Near[] {
  const { lat, lon } = coordinatesOf(network);
  const narrowing = Math.cos(at.lat * RADIAN);
  // Squares of degrees of latitude, a little wider than asked for; the exact distance decides.
  let within = ((radius * 1.01) / (EARTH * RADIAN)) ** 2;
  const places: number[] = [];
  const squares: number[] = [];
  for (let i = 0; i < lat.length; i++) {
    const north = (lat[i] as number) - at.lat;
    const east = ((lon[i] as number) - at.lon) * narrowing;
    const square = north * north + east * east;
    // Also false for a stop without a number for a position.
    if (!(square <= within)) continue;
    let place = squares.length;
    while (place > 0 && (squares[place - 1] as number) > square) place--;
    squares.splice(place, 0, square);
    places.splice(place, 0, i);
    if (squares.length > limit) {
      squares.pop();
      places.pop();
      within = squares[limit - 1] as number;
    }
  }
  return places
    .flatMap((i) => {
      const stop = network.stops[i] as Stop;
      const distance = metresBetween(at, stop);
      return distance <= radius ? { stop, distance } : [];
    })
    .sort((a, b) => a.distance - b.distance || (a.stop.code < b.stop.code ? -1 : 1))
    .slice(0, limit);
}
