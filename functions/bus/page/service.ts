/** The page of a service: its stops in each direction, with first and last buses. */
import { html } from 'hono/html';
import { clockTime } from '#shared/bus/clock-time.ts';
import type { Network, Route, RouteStop, Span } from '#shared/bus/lists.ts';
import type { Context } from '../context.ts';
import { framed, type Html } from './frame.ts';
import type { Say } from './messages/index.ts';
import { notFoundPage } from './trouble.ts';
import type { Visit } from './visit.ts';

const KINDS = ['weekday', 'saturday', 'sunday'] as const;

export async function servicePage(context: Context, visit: Visit, number: string): Promise<Response> {
  const { say, prefix } = visit;
  const network = await context.lists.current();
  const routes = network.routesOf(number);
  const [first] = routes;
  if (!first) return notFoundPage(visit, say('no_service_title', { service: number.slice(0, 20) }), say('no_service'));
  const list = network.sources.routes ?? network.sources.services;
  return framed(visit, {
    title: `${say('service', { service: first.service })} · ${say('app')}`,
    accessedAt: list && list.from !== 'sample' ? Date.parse(list.at) : undefined,
    body: html`<h1>${say('service', { service: first.service })}</h1>
${first.operator ? html`<p class="place">${say('operator', { operator: first.operator })}</p>` : ''}
${routes.map((route) => routeSection(visit, network, route))}
<p><a href="${prefix}/">${say('back_home')}</a></p>`,
  });
}

function routeSection({ say, prefix }: Visit, network: Network, route: Route): Html | Promise<Html> {
  const nameOf = (code: string) => network.stop(code)?.name ?? code;
  return html`<h2>${say('direction', { n: route.direction })}: ${say('to', { place: nameOf(route.destination) })}</h2>
${route.loop ? html`<p>${say('loop', { place: route.loop })}</p>` : ''}
${
  route.stops.length === 0
    ? html`<p>${say('stops_unknown')}</p>`
    : html`<ol class="plain stops">${route.stops.map(
        (stop) =>
          html`<li><a href="${prefix}/stops/${stop.code}">${nameOf(stop.code)}</a><p>${stop.code}</p><p class="numbers">${hours(say, stop)}</p></li>`,
      )}</ol>`
}`;
}

/** `Weekdays, Saturdays 05:30–00:00 · Sundays 06:00–23:45`: days with the same hours together. */
function hours(say: Say, { times }: RouteStop): string {
  const days = Map.groupBy(KINDS, (kind) => spanText(times[kind]));
  return [...days].map(([span, kinds]) => `${kinds.map((kind) => say(kind)).join(', ')} ${span}`).join(' · ');
}

function spanText(span: Span | undefined): string {
  return span ? `${clockTime(span.first)}–${clockTime(span.last)}` : '–';
}
