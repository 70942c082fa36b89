/** The page of direct buses between two stops, with the next ones, kept true like a stop's board. Without JavaScript it is as good. */
import { html } from 'hono/html';
import type { Board, RowStatus } from '#shared/bus/board.ts';
import type { Network } from '#shared/bus/lists.ts';
import { isAppError } from '#shared/errors.ts';
import type { Context } from '../context.ts';
import { findRides, nextBuses } from '../stops/direct.ts';
import { ageLine, BOARD_SCRIPTS, changingPart, fragment, NOTICES, refreshLink, SAID } from './board-section.ts';
import { busCells } from './bus-cells.ts';
import { framed, type Html } from './frame.ts';
import { SPRITE } from './icons.ts';
import type { MessageKey } from './messages/index.ts';
import type { Visit } from './visit.ts';

const STOP_CODE = /^\d{5}$/;
/** Of a ride without a bus that is told. */
const WORDS: Partial<Record<RowStatus, MessageKey>> = { not_operating: 'not_operating' };

export async function directPage(context: Context, visit: Visit, signal: AbortSignal): Promise<Response> {
  const { say, prefix, query } = visit;
  const network = await context.lists.current();
  const [from = '', to = ''] = ['from', 'to'].map((name) => query.get(name)?.trim() ?? '');
  const wrong = [from, to].find((code) => code !== '' && !STOP_CODE.test(code));
  const unknown = [from, to].find((code) => code !== '' && wrong === undefined && !network.stop(code));
  const list = network.sources.routes;
  const asked = from !== '' && to !== '' && wrong === undefined && unknown === undefined;
  const rides = asked ? await ridesPart(context, visit, network, { from, to }, signal) : undefined;
  if (rides && query.get('fragment') === 'board') return fragment(rides);
  const refusal = () => {
    if (wrong !== undefined) return html`<p class="notice">${say('wrong_code', { code: wrong.slice(0, 20) })}</p>`;
    if (unknown !== undefined)
      return html`<p class="notice">${say('no_stop_title', { code: unknown })}. ${say('no_stop')}</p>`;
    if (!asked) return '';
    const [start, end] = [from, to].map((code) => network.stop(code)?.name ?? code) as [string, string];
    return html`<p class="notice">${say('direct_none', { from: start, to: end })}</p>`;
  };
  return framed(visit, {
    title: `${say('direct')} · ${say('app')}`,
    status: wrong !== undefined ? 400 : unknown !== undefined ? 404 : 200,
    accessedAt: list && list.from !== 'sample' ? visit.now : undefined,
    ...(rides && { scripts: BOARD_SCRIPTS, texts: ['board'] }),
    body: html`${SPRITE}<h1>${say('direct')}</h1>${directForm(visit)}${rides ? html`${NOTICES}${rides}${SAID}` : refusal()}<p><a href="${prefix}/">${say('back_home')}</a></p>`,
  });
}

/** Undefined where there are none. */
async function ridesPart(
  context: Context,
  visit: Visit,
  network: Network,
  { from, to }: { from: string; to: string },
  signal: AbortSignal,
): Promise<Html | undefined> {
  const { say, prefix } = visit;
  const rides = findRides(network, from, to);
  if (rides.length === 0) return undefined;
  const board = await boardOrTrouble(context, from, signal);
  const known = typeof board === 'string' ? undefined : board;
  const rows = rides.map((ride) => {
    const { service, direction } = ride.route;
    const { buses, status } = nextBuses(ride, known?.services ?? []);
    return html`<li class="row" data-row="${service}~${direction}~${ride.board}" data-status="${known ? status : 'unknown'}"><h2 class="which"><a href="${prefix}/services/${encodeURIComponent(service)}">${service}</a> ${say('direct_stops', { n: ride.alight - ride.board })}</h2>${buses.length > 0 ? busCells(say, buses) : known ? html`<p class="why">${say(WORDS[status] ?? 'no_estimate_plain')}</p>` : ''}</li>`;
  });
  const stop = (code: string) => html`<a href="${prefix}/stops/${code}">${network.stop(code)?.name ?? code}</a>`;
  const final = board === 'no_key_title';
  const fetched = known?.meta.fetchedAt;
  return changingPart(
    { now: known ? Date.parse(known.meta.now) : visit.now, fetched: fetched ? Date.parse(fetched) : undefined, final },
    html`<h2>${stop(from)} → ${stop(to)}</h2>
<div class="bar">${typeof board === 'string' ? html`<p class="notice">${say(board)}.</p>` : ageLine(visit, board)}${final ? '' : refreshLink(visit)}</div>
<ul class="rows">${rows}</ul>`,
  );
}

/** What is said instead where LTA cannot be asked: the rides themselves are known from the lists. */
async function boardOrTrouble(
  { boards }: Context,
  code: string,
  signal: AbortSignal,
): Promise<Board | 'no_key_title' | 'trouble_title'> {
  try {
    return await boards.read(code, signal);
  } catch (error) {
    if (isAppError(error, 'not_configured')) return 'no_key_title';
    if (isAppError(error, 'unavailable')) return 'trouble_title';
    throw error;
  }
}

export function directForm({ say, prefix, query }: Visit): Html | Promise<Html> {
  const field = (name: 'from' | 'to') =>
    html`<label>${say(name === 'from' ? 'direct_from' : 'direct_to')}<input name="${name}" value="${query.get(name) ?? ''}" inputmode="numeric" pattern="[0-9]{5}" maxlength="5" size="5" required autocomplete="off"></label>`;
  return html`<form class="find two" action="${prefix}/direct" method="get">${field('from')}${field('to')}<button>${say('direct_find')}</button></form>`;
}
