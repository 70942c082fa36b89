/** First and last buses along the sample's routes. */
import type { Span, Times } from './lists.ts';

/** At the first stop of a route. */
export type Hours = Times;

/** At a stop that the bus reaches `minutes` later. */
export function timesAfter(hours: Hours, minutes: number): Times {
  return Object.fromEntries(
    Object.entries(hours).map(([kind, { first, last }]: [string, Span]) => [
      kind,
      { first: later(first, minutes), last: later(last, minutes) },
    ]),
  );
}

/** Midnight is `2400`, as LTA writes a day's last bus; what follows is `0001`. */
function later(time: string, minutes: number): string {
  const total = (Number(time.slice(0, 2)) * 60 + Number(time.slice(2)) + minutes) % 1_440;
  if (total === 0) return '2400';
  return `${String(Math.floor(total / 60)).padStart(2, '0')}${String(total % 60).padStart(2, '0')}`;
}
