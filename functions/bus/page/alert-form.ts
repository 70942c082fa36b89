/** Asks to be told when to leave for a bus. Scripts show it where the browser can be told; see `browser/alerts.js`. */
import { html } from 'hono/html';
import type { Board } from '#shared/bus/board.ts';
import { address, type Html } from './frame.ts';
import type { Visit } from './visit.ts';

/** With the usual minutes before it, an alert for the demo's buses, which never come closer, is told at once. */
const WALK = 3;

export function alertForm(visit: Visit, { services }: Board): Html | Promise<Html> {
  const { say } = visit;
  const choices = services.map(({ id, service, destination, visit: pass }) => {
    const end = destination.name ?? destination.code;
    return html`<option value="${id}">${service}${end === null ? '' : ` ${say('to', { place: end })}`}${pass > 1 ? ` · ${say('visit_2')}` : ''}</option>`;
  });
  return html`<details id="alert" data-script="${address(visit, 'alerts.js')}" hidden><summary>${say('alert')}</summary>
<p class="soft">${say('alert_about')}</p>
<form class="stack"><label>${say('alert_service')}<select name="row" required>${choices}</select></label>
<label>${say('alert_walk')}<input name="walk" type="number" inputmode="numeric" min="0" max="120" value="${WALK}" required></label>
<label>${say('alert_lead')}<input name="lead" type="number" inputmode="numeric" min="0" max="60" value="2" required></label>
<button>${say('alert_start')}</button></form>
<p role="status"></p><button type="button" class="quiet" hidden>${say('alert_cancel')}</button></details>`;
}
