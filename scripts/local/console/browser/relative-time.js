/** How long ago, or how long until, in few words. The server writes them too. */

/** @param {number} ms From now; below zero what is past. @returns {string} `now`, `3 s ago`, `in 4 min` */
export function relativeTime(ms) {
  const text = durationText(Math.abs(ms));
  if (Math.abs(ms) < 1000) return 'now';
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** @param {number} ms Not below zero. @returns {string} The largest unit that fits: `42 s`, `3 min`, `5 h`, `12 d` */
export function durationText(ms) {
  const s = ms / 1000;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3_600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}
