/** The signs on a board, drawn here: each is beside its words, which a screen reader reads and the list of signs explains. */
import { html, raw } from 'hono/html';

type Sign = 'live' | 'timetable' | 'seats' | 'standing' | 'limited' | 'wheelchair';

const person = (x: number, filled: boolean) =>
  `<g${filled ? '' : ' opacity=".28"'}><circle cx="${x}" cy="5" r="1.9"/><path d="M${x - 2.4} 14v-4a2.4 2.4 0 0 1 4.8 0v4z"/></g>`;

const DRAWINGS: Record<Sign, string> = {
  live: '<g fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"><path d="M5 11a4.2 4.2 0 0 1 0-6M11 5a4.2 4.2 0 0 1 0 6M2.6 13a7.2 7.2 0 0 1 0-10M13.4 3a7.2 7.2 0 0 1 0 10"/></g><circle cx="8" cy="8" r="1.7"/>',
  timetable:
    '<g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"><circle cx="8" cy="8" r="6.2"/><path d="M8 4.4V8l2.4 1.7"/></g>',
  seats: person(3, true) + person(8, false) + person(13, false),
  standing: person(3, true) + person(8, true) + person(13, false),
  limited: person(3, true) + person(8, true) + person(13, true),
  wheelchair:
    '<circle cx="6.4" cy="2.6" r="1.6"/><g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"><path d="M6.4 5.4v4.2h4l2 4"/><path d="M4.6 8a3.6 3.6 0 1 0 4.6 4.6"/></g>',
};

/** Once in each page that shows signs. */
export const SPRITE = raw(
  `<svg class="sprite" aria-hidden="true">${Object.entries(DRAWINGS)
    .map(([name, drawing]) => `<symbol id="i-${name}" viewBox="0 0 16 16">${drawing}</symbol>`)
    .join('')}</svg>`,
);

export function sign(name: Sign) {
  return html`<svg aria-hidden="true"><use href="#i-${name}"/></svg>`;
}
