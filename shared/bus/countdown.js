/**
 * THE rule for minutes: the server, the page and its offline copy all count with it, so that none shows another number. Plain JavaScript, since browsers load it as it is.
 *
 * LTA asks for minutes rounded down, and "Arr" below one (User Guide v6.8, section 2.1: 3:49 is 3, 1:59 is 1, 0:59 is Arr). Estimates end when the bus is seen to
 * leave, not when their time is over, so a bus counts as arriving a little longer; then for a minute as having left; then it is nobody's news.
 */

/** How long after its time a bus still counts as arriving, in milliseconds. */
export const ARRIVING_MS = 30_000;
/** How long after its time it is still shown, in milliseconds. */
export const SHOWN_MS = 90_000;

/**
 * `gone` is not shown at all. `minutes` is null unless it is `due` (1 and more) or `arriving` (0). `leftSeconds` is null unless it has `left`.
 *
 * @param {number} eta When it should arrive, milliseconds since the epoch.
 * @param {number} now
 * @returns {{ state: 'due' | 'arriving' | 'left' | 'gone', minutes: number | null, leftSeconds: number | null }}
 */
export function countdown(eta, now) {
  const ms = eta - now;
  if (ms >= 60_000) return { state: 'due', minutes: Math.floor(ms / 60_000), leftSeconds: null };
  if (ms >= -ARRIVING_MS) return { state: 'arriving', minutes: 0, leftSeconds: null };
  if (ms >= -SHOWN_MS) return { state: 'left', minutes: null, leftSeconds: Math.floor(-ms / 1000) };
  return { state: 'gone', minutes: null, leftSeconds: null };
}
