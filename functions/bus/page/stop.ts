/** The page of a stop: its board, or why there is none and what the lists know of it. */
import { html } from 'hono/html';
import type { Board, Meta } from '#shared/bus/board.ts';
import { boardRows } from '#shared/bus/board-rows.ts';
import type { Network } from '#shared/bus/lists.ts';
import { boardStop, listsOf } from '#shared/bus/make-board.ts';
import { isAppError } from '#shared/errors.ts';
import { note } from '#shared/telemetry/scope.ts';
import type { Context } from '../context.ts';
import { alertForm } from './alert-form.ts';
import { BOARD_SCRIPTS, type BoardView, boardSection, fragment, NOTICES, SAID } from './board-section.ts';
import { signsExplained } from './bus-cells.ts';
import { framed, type Html } from './frame.ts';
import { SPRITE } from './icons.ts';
import { tileMap, tileOrigin } from './map.ts';
import { demoLinks, keyNotice, notFoundPage } from './trouble.ts';
import type { Visit } from './visit.ts';

const STOP_CODE = /^\d{5}$/;

export async function stopPage(context: Context, visit: Visit, code: string, signal: AbortSignal): Promise<Response> {
  const { say } = visit;
  if (!STOP_CODE.test(code)) return notFoundPage(visit, say('no_stop_title', { code }), say('wrong_code', { code }));
  const read = await readView(context, visit, code, signal);
  if (!read) return notFoundPage(visit, say('no_stop_title', { code }), say('no_stop'));
  const { status, headers, ...view } = read;
  const map = tileMap(visit, view.board);
  const section = boardSection(visit, { ...view, map });
  if (visit.query.get('fragment') === 'board') return fragment(section, status, headers);

  const { stop, meta } = view.board;
  const name = stop.name ?? say('stop_code', { code });
  return framed(visit, {
    title: `${name} · ${say('app')}`,
    status,
    headers,
    scripts: BOARD_SCRIPTS,
    texts: ['save', 'board', 'alert'],
    accessedAt: accessed(meta),
    data: { stop: { code, name } },
    images: map ? tileOrigin(visit) : [],
    body: html`${SPRITE}
<h1>${name}</h1>
<p class="place">${stop.name === null ? '' : html`${say('stop_code', { code })}`}${stop.road ? html` · ${stop.road}` : ''}</p>
${NOTICES}
${section}
${SAID}
<div id="save" class="save" hidden><button type="button" class="quiet" aria-pressed="false">${say('save_stop')}</button> <button type="button" class="quiet" data-share hidden>${say('share')}</button></div>
${view.board.services.length > 0 && !view.final ? alertForm(visit, view.board) : ''}
${signsExplained(say)}
<p><a href="${visit.prefix}/">${say('back_home')}</a></p>`,
  });
}

interface Read extends BoardView {
  status: number;
  headers: Record<string, string>;
}

/** Undefined where there is no such stop. */
async function readView(context: Context, visit: Visit, code: string, signal: AbortSignal): Promise<Read | undefined> {
  try {
    const board = await context.boards.read(code, signal);
    return { board, status: 200, headers: {}, servicesKnown: hasRoutes(await context.lists.current()) };
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined;
    const noKey = isAppError(error, 'not_configured');
    if (!noKey && !isAppError(error, 'unavailable')) throw error;
    note({ error });
    const network = await context.lists.current().catch(() => undefined);
    const trouble = noKey ? noKeyWords(visit, network) : troubleWords(visit);
    return {
      board: listBoard(context, network, code),
      status: 503,
      headers: error.headers,
      trouble: await trouble,
      final: noKey,
      servicesKnown: hasRoutes(network),
    };
  }
}

/** Those of the sample say nothing of a real stop. */
function hasRoutes(network: Network | undefined): boolean {
  return (network?.sources.routes?.from ?? 'sample') !== 'sample';
}

/** What can be told of a stop without LTA: its services and their hours. */
function listBoard({ calendar, clock }: Context, network: Network | undefined, code: string): Board {
  const now = clock.now();
  const lists = listsOf(network);
  const meta: Meta = {
    source: 'list',
    fetchedAt: lists.fetchedAt,
    age: null,
    stale: false,
    upstream: { status: 'none' },
    now: new Date(now).toISOString(),
    lists,
  };
  return {
    stop: boardStop(code, network?.stop(code)),
    meta,
    services: boardRows({ network, code, services: [], age: 0, calendar, now }),
  };
}

function troubleWords({ say }: Visit): Html | Promise<Html> {
  return html`<div class="notice"><p><strong>${say('trouble_title')}.</strong> ${say('trouble')}</p></div>`;
}

function noKeyWords(visit: Visit, network: Network | undefined): Html | Promise<Html> {
  const { say } = visit;
  return html`<div class="notice"><p><strong>${say('no_key_title')}.</strong> ${say('no_key_stop')}</p>
<p>${keyNotice(visit)}</p><p>${say('demo_stops')}: ${demoLinks(visit, network)}</p></div>`;
}

/** When LTA's data on a stop's page was had; undefined where nothing on it is LTA's. */
function accessed(meta: Meta): number | undefined {
  if (meta.source !== 'demo' && meta.source !== 'list' && meta.fetchedAt !== null) return Date.parse(meta.fetchedAt);
  const { source, fetchedAt } = meta.lists;
  return source === 'sample' || fetchedAt === null ? undefined : Date.parse(fetchedAt);
}
