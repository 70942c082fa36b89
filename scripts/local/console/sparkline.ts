/** Ten minutes of requests, events and firings as bars, with what failed in front of them. */
import { html } from 'hono/html';
import { STEP_S } from './pace.ts';
import type { Html } from './table.ts';
import { countText } from './words.ts';

const HEIGHT = 40;
/** Of a bar; the rest of its place is between it and the next. */
const WIDTH = 0.75;
/** So that one request among thousands can be seen. */
const LEAST = 1.5;

export function sparkline({ ended, failures }: { ended: number[]; failures: number[] }): Html {
  const most = Math.max(1, ...ended);
  const bars = (counts: number[]) =>
    counts
      .flatMap((count, at) => {
        if (count === 0) return [];
        const height = Math.max(LEAST, (count / most) * HEIGHT);
        return [`M${at} ${HEIGHT}v${(-height).toFixed(1)}h${WIDTH}V${HEIGHT}z`];
      })
      .join('');
  const minutes = (ended.length * STEP_S) / 60;
  const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
  const told = `Requests, events and firings of the last ${minutes} minutes: ${countText(sum(ended))}, at most ${countText(Math.max(...ended))} in ${STEP_S} seconds; failures: ${countText(sum(failures))}`;
  return html`<figure class="pace"><svg viewBox="0 0 ${ended.length} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${told}"><path class="all" d="${bars(ended)}"/><path class="failed" d="${bars(failures)}"/></svg>
<figcaption aria-hidden="true"><span>${minutes} min ago</span><span>peak ${countText(Math.max(...ended))} in ${STEP_S} s</span><span>now</span></figcaption></figure>`;
}
