/** The part of a stop's page that changes: the age, the order, the rows. Scripts ask for it alone and put it in the old one's place. */
import { html, raw } from 'hono/html';
import type { Board, BoardRow } from '#shared/bus/board.ts';
import { busCells } from './bus-cells.ts';
import { type Html, type Part, sameWith } from './frame.ts';
import { rowWords } from './row-words.ts';
import { clockText } from './singapore-time.ts';
import type { Visit } from './visit.ts';

export interface BoardView {
  board: Board;
  /** Why the board could not be read, for visitors; then its rows are those of the lists. */
  trouble?: Part;
  /** Asking again would change nothing. */
  final?: boolean;
  /** Whether the routes are loaded, so that a stop without services has none. */
  servicesKnown: boolean;
  map?: Part | undefined;
}

/** The service worker replaces what is between these in the page it keeps. */
const BEGIN = raw('<!--board-->');
const END = raw('<!--/board-->');

/** Scripts of a page with such a part, loaded at once with app.js. */
export const BOARD_SCRIPTS = ['board.js', 'countdown.js', 'morph.js', 'saved.js'];
/** Before it: how the connection is. */
export const NOTICES = raw(
  '<p id="offline" class="notice" role="status" hidden></p>\n<p id="link" class="notice" role="status" hidden></p>',
);
/** After it: what is said aloud. */
export const SAID = raw('<p id="said" class="hush" role="status"></p>');

/** What scripts count in and replace. `fetched` is when its buses were told, milliseconds since the epoch; undefined where none are. */
export function changingPart(
  { now, fetched, final }: { now: number; fetched: number | undefined; final?: boolean | undefined },
  content: Html | Promise<Html>,
): Html | Promise<Html> {
  return html`${BEGIN}<section id="board" data-now="${now}" data-fetched="${fetched ?? ''}"${final ? ' data-final' : ''}>
${content}
</section>${END}`;
}

/** That part alone, for scripts. */
export async function fragment(
  part: Html | Promise<Html>,
  status = 200,
  headers: Record<string, string> = {},
): Promise<Response> {
  return new Response(String(await part), {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', Vary: 'Cookie, Accept-Language', ...headers },
  });
}

export function boardSection(
  visit: Visit,
  { board, trouble, final, servicesKnown, map }: BoardView,
): Html | Promise<Html> {
  const { say, query } = visit;
  const { meta } = board;
  const byTime = query.get('sort') === 'time';
  const only = query.get('service');
  const rows = board.services.filter(({ service }) => !only || service.toLowerCase() === only.toLowerCase());
  const fetched = meta.fetchedAt === null || trouble ? undefined : Date.parse(meta.fetchedAt);
  const order = [false, true].map((time) => {
    const text = say(time ? 'by_time' : 'by_number');
    return time === byTime
      ? html`<li><span aria-current="true">${text}</span></li>`
      : html`<li><a href="${sameWith(visit, { sort: time ? 'time' : undefined })}">${text}</a></li>`;
  });
  // Where there is nothing to put in order, or to ask for, nothing offers it.
  const tools = [
    ...(rows.length > 1 ? [html`<ul class="order" aria-label="${say('order')}">${order}</ul>`] : []),
    ...(final ? [] : [refreshLink(visit)]),
  ];
  return changingPart(
    { now: Date.parse(meta.now), fetched, final },
    html`${trouble ?? ''}${tools.length > 0 ? html`<div class="bar">${tools}</div>` : ''}
${trouble ? '' : ageLine(visit, board)}
${only ? html`<p>${say('only_service', { service: only })} <a href="${sameWith(visit, { service: undefined })}">${say('all_services')}</a></p>` : ''}
${rows.length > 0 ? html`<ul class="rows">${(byTime ? bySoonest(rows) : rows).map((row) => rowItem(visit, row, board))}</ul>` : html`<p>${only ? say('no_such_service_here', { service: only }) : say(servicesKnown ? 'no_services' : 'services_unknown')}</p>`}
${map ?? ''}`,
  );
}

export function refreshLink(visit: Visit): Html | Promise<Html> {
  return html`<a id="refresh" href="${sameWith(visit, {})}">${visit.say('refresh')}</a>`;
}

export function ageLine({ say }: Visit, { meta }: Board): Html | Promise<Html> {
  const { age, source } = meta;
  const from = source === 'demo' ? say('from_demo') : source === 'list' ? say('from_list') : say('from_lta');
  const old =
    age === null ? '' : age < 60 ? say('age_seconds', { n: age }) : say('age_minutes', { n: Math.floor(age / 60) });
  // Without scripts the age stands still.
  const since = meta.fetchedAt === null ? '' : html`<noscript> · ${clockText(Date.parse(meta.fetchedAt))}</noscript>`;
  const trouble = meta.stale || meta.upstream.status === 'failing';
  return html`<p class="age"><span><span id="age">${old}</span>${old ? ' · ' : ''}${from}${since}</span> <strong id="old"></strong>${trouble ? html` <strong>${say('stale')}</strong>` : ''}</p>`;
}

function bySoonest(rows: readonly BoardRow[]): BoardRow[] {
  const next = ({ buses }: BoardRow) => {
    const eta = buses.find(({ state }) => state !== 'left')?.eta ?? buses[0]?.eta;
    return eta === undefined ? Number.POSITIVE_INFINITY : Date.parse(eta);
  };
  // Stable, so that those without a bus stay in the order of their numbers.
  return [...rows].sort((a, b) => (next(a) === next(b) ? 0 : next(a) - next(b)));
}

function rowItem({ say, prefix }: Visit, row: BoardRow, { meta }: Board): Html | Promise<Html> {
  const { id, service, destination, visit, buses, status, firstBus, lastBus } = row;
  const end = destination.name ?? destination.code;
  const place = end === null ? say('end_unknown') : say('to', { place: end });
  const told = buses.length > 0;
  return html`<li class="row" data-row="${id}" data-status="${status}">
<h2 class="which"><a href="${prefix}/services/${encodeURIComponent(service)}">${service}</a> ${place}${visit > 1 ? html` · ${say('visit_2')}` : ''}</h2>
${told ? busCells(say, buses) : html`<p class="why">${rowWords(say, row, Date.parse(meta.now))}</p>`}${
  firstBus !== null && lastBus !== null
    ? html`<p class="hours">${say('first_last', { first: firstBus, last: lastBus })}</p>`
    : ''
}</li>`;
}
