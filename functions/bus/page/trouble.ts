/** Pages that say no, in plain words and with a way on; and what is said where no key is set. */
import { html } from 'hono/html';
import type { Network } from '#shared/bus/lists.ts';
import { demoStops } from '#shared/bus/sample.ts';
import { framed, type Html } from './frame.ts';
import type { Visit } from './visit.ts';

const DATAMALL = 'https://datamall.lta.gov.sg';

export function notFoundPage(visit: Visit, title: string, words: string): Promise<Response> {
  return plainPage(visit, 404, title, html`<p>${words}</p>${searchForm(visit)}`);
}

/** What LTA does not answer is no such trouble: pages tell of that themselves. */
export function brokenPage(visit: Visit, headers: Record<string, string> = {}, status = 500): Promise<Response> {
  const { say } = visit;
  const body = html`<p>${say('broken')}</p><p><a href="">${say('try_again')}</a></p>`;
  return plainPage(visit, status, say('broken_title'), body, headers);
}

/** Kept by the service worker for what it has not kept. */
export function offlinePage(visit: Visit): Promise<Response> {
  const { say } = visit;
  return plainPage(visit, 200, say('offline_title'), html`<p>${say('offline_page')}</p>${savedList(visit)}`);
}

function plainPage(
  visit: Visit,
  status: number,
  title: string,
  body: Html | Promise<Html>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { say, prefix } = visit;
  return framed(visit, {
    texts: ['list'],
    title: `${title} · ${say('app')}`,
    status,
    headers,
    body: html`<h1>${title}</h1>${body}<p><a href="${prefix}/">${say('back_home')}</a></p>`,
  });
}

export function searchForm({ say, prefix, query }: Visit): Html | Promise<Html> {
  return html`<form class="find" role="search" action="${prefix}/" method="get"><label for="q">${say('search_label')}</label><input id="q" name="q" type="search" value="${query.get('q') ?? ''}" maxlength="100" required autocomplete="off" enterkeyhint="search"><button>${say('search')}</button></form>`;
}

/** Filled by `browser/saved.js`. */
export function savedList({ say }: Visit): Html | Promise<Html> {
  return html`<section id="saved" hidden><h2>${say('saved_stops')}</h2><p class="soft"></p><ul class="plain stops"></ul><p class="hush" role="status"></p></section>`;
}

/** What a key adds and where it is free. */
export function keyNotice({ say }: Visit): Html | Promise<Html> {
  const [before = '', after = ''] = say('key_adds').split('{link}');
  return html`${before}<a href="${DATAMALL}">${DATAMALL.slice(8)}</a>${after}`;
}

/** To those that can be shown beside the lists of now. */
export function demoLinks({ prefix }: Visit, network: Network | undefined): Html | Promise<Html> {
  const codes = [...demoStops(network)];
  return html`${codes.map((code, at) => html`${at > 0 ? ', ' : ''}<a href="${prefix}/stops/${code}">${code}</a>`)}`;
}
