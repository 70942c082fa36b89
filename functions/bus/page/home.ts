/** The first page: search, what it found, what is saved, and what a key would add. */
import { html } from 'hono/html';
import type { Network } from '#shared/bus/lists.ts';
import { demoStops } from '#shared/bus/sample.ts';
import type { Context } from '../context.ts';
import { DEFAULT_RADIUS, type FoundStop, findStops } from '../stops/find-stops.ts';
import { directForm } from './direct-page.ts';
import { framed, type Html } from './frame.ts';
import { demoLinks, keyNotice, savedList, searchForm } from './trouble.ts';
import type { Visit } from './visit.ts';

const MOST_FOUND = 30;
const MOST_NEAR = 15;
const MOST_RADIUS = 5_000;
/** Where a phone is in doubt by some hundred metres, the next stops are further than the API's own default; in a park they are further still. */
const NEAR_RADIUS = 2 * DEFAULT_RADIUS;
const POSITION = /^\s*(-?\d{1,3}(?:\.\d{1,15})?)\s*,\s*(-?\d{1,3}(?:\.\d{1,15})?)\s*$/;

export async function homePage(context: Context, visit: Visit): Promise<Response> {
  const { say, query, prefix } = visit;
  const network = await context.lists.current();
  const q = query.get('q')?.trim().slice(0, 100) ?? '';
  if (/^\d{5}$/.test(q) && (network.stop(q) || demoStops(network).has(q)))
    return new Response(null, {
      status: 303,
      headers: { Location: `${prefix}/stops/${q}`, ...(visit.cookie !== undefined && { 'Set-Cookie': visit.cookie }) },
    });
  const lists = network.sources.stops;
  return framed(visit, {
    title: q ? `${q} · ${say('app')}` : say('app'),
    texts: ['nearest', 'list'],
    accessedAt: lists && lists.from !== 'sample' ? Date.parse(lists.at) : undefined,
    body: html`<h1>${say('home_title')}</h1>
${searchForm(visit)}
<p id="near" hidden><button type="button" class="quiet">${say('nearest')}</button> <span role="status"></span></p>
${await found(visit, network, q)}
${savedList(visit)}
${notice(context, visit, network)}
<h2>${say('direct')}</h2>${directForm(visit)}`,
  });
}

async function found({ say, query, prefix }: Visit, network: Network, q: string): Promise<Html | string> {
  const near = query.get('near');
  if (near === null && q === '') return '';
  if (near === null) {
    const stops = await findStops(network, { q, limit: MOST_FOUND });
    return html`<section><h2>${say('results_for', { q })}</h2>${stops.length > 0 ? await stopList(say, prefix, stops) : html`<p>${say('no_results', { q })}</p>`}</section>`;
  }
  const [, lat, lon] = POSITION.exec(near) ?? [];
  const position = { lat: Number(lat), lon: Number(lon) };
  if (!(Math.abs(position.lat) <= 90 && Math.abs(position.lon) <= 180))
    return html`<p class="notice">${say('near_wrong', { near: near.slice(0, 50) })}</p>`;
  const asked = Number(query.get('radius') ?? Number.NaN);
  const radii = asked >= 1 && asked <= MOST_RADIUS ? [Math.round(asked)] : [NEAR_RADIUS, MOST_RADIUS];
  let radius = 0;
  let stops: FoundStop[] = [];
  for (radius of radii) {
    stops = await findStops(network, { near: position, radius, limit: MOST_NEAR, ...(q && { q }) });
    if (stops.length > 0) break;
  }
  return html`<section><h2>${say('results_near')}</h2>${stops.length > 0 ? await stopList(say, prefix, stops) : html`<p>${say('no_near', { m: radius })}</p>`}</section>`;
}

function stopList(say: Visit['say'], prefix: string, stops: readonly FoundStop[]): Html | Promise<Html> {
  return html`<ul class="plain stops">${stops.map(
    ({ code, name, road, distance, services }) =>
      html`<li><a href="${prefix}/stops/${code}">${name}</a><p>${code} · ${road}${distance === undefined ? '' : html` · ${say('metres', { m: distance })}`}</p>${services.length > 0 ? html`<p class="numbers">${services.join(' · ')}</p>` : ''}</li>`,
  )}</ul>`;
}

function notice({ config }: Context, visit: Visit, network: Network): Html | Promise<Html> | string {
  const { say } = visit;
  const noKey = config.LTA_ACCOUNT_KEY === undefined;
  const { stops } = network.sources;
  const sample = stops === undefined || stops.from === 'sample';
  if (!noKey && !sample) return '';
  const [before = '', after = ''] = say('lists_add').split('{command}');
  const command = noKey ? 'npm run bus -- sync --file bus-stops.json' : 'npm run bus -- sync';
  return html`<div class="notice">${noKey ? html`<p>${say('no_key')} ${keyNotice(visit)}</p>` : ''}${
    sample ? html`<p>${say('sample')} ${before}<code>${command}</code>${after}</p>` : ''
  }<p>${say('demo_stops')}: ${demoLinks(visit, network)}</p></div>`;
}
