/** How fast documents are written: Firestore takes 500 a second at first, and half as many more every five minutes (https://firebase.google.com/docs/firestore/best-practices#ramping_up_traffic). */
import { FIRST_PER_SECOND } from './script.ts';

const WINDOW_MS = 300_000;

/** Documents a second, so long after the step was begun or gone on with. */
export function rateAt(ms: number, perSecond: number, ramps: boolean): number {
  return ramps ? Math.min(perSecond, FIRST_PER_SECOND * 1.5 ** Math.floor(ms / WINDOW_MS)) : perSecond;
}

/** Milliseconds that so many documents take. */
export function durationOf(rows: number, perSecond: number, ramps: boolean): number {
  let ms = 0;
  for (let left = rows; left > 0; ) {
    const rate = rateAt(ms, perSecond, ramps);
    const inWindow = (rate * WINDOW_MS) / 1_000;
    if (rate === perSecond || left <= inWindow) return Math.round(ms + (left * 1_000) / rate);
    left -= inWindow;
    ms += WINDOW_MS;
  }
  return ms;
}
