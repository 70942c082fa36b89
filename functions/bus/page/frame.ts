/** What all bus pages have around them: the name, the languages, the scripts, and who the data is from. */
import { html, raw } from 'hono/html';
import { page, pageResponse } from '#shared/http/page.ts';
import { assets } from './assets.ts';
import { ICON_ADDRESS } from './drawing.ts';
import { LANGUAGE_NAMES, type MessageKey, textsFor } from './messages/index.ts';
import { dateText } from './singapore-time.ts';
import { BUS_STYLE } from './style.ts';
import type { Visit } from './visit.ts';

export type Html = ReturnType<typeof html>;
export type Part = Html | Promise<Html> | string;

export interface FrameOptions {
  title: string;
  body: Html | Promise<Html>;
  status?: number;
  /** Milliseconds since the epoch of when LTA's data on the page was had; nothing on it is LTA's where absent. */
  accessedAt?: number | undefined;
  /** Scripts that the page loads beside app.js, all at once. */
  scripts?: readonly string[];
  /** What its scripts do. */
  texts?: readonly (keyof typeof SCRIPT_TEXTS)[];
  /** More for the scripts to know. */
  data?: Record<string, unknown>;
  images?: readonly string[];
  headers?: Record<string, string>;
}

/** The texts that scripts put in, by what they are for, so that no page carries those of another. */
const SCRIPT_TEXTS = {
  nearest: ['nearest_wait', 'nearest_denied'],
  list: [
    ...(['saved_none', 'saved_lost', 'own_name', 'keep', 'rename', 'remove', 'move_up', 'move_down'] as const),
    ...(['saved_said', 'removed_said', 'moved_said', 'arr', 'min', 'timetable', 'from_demo'] as const),
  ],
  save: [
    ...(['saved_lost', 'saved_full', 'save_stop', 'unsave_stop', 'own_name', 'keep'] as const),
    ...(['saved_said', 'removed_said', 'copied'] as const),
  ],
  board: [
    ...(['arr', 'arr_long', 'min', 'left', 'left_now', 'no_estimate_plain', 'age_seconds', 'age_minutes'] as const),
    ...(['stale', 'old', 'connecting', 'retrying', 'offline', 'online_again', 'said_changed'] as const),
  ],
  alert: ['alert_waiting', 'alert_now', 'alert_cancelled', 'alert_denied', 'alert_failed', 'alert_ask'],
} as const satisfies Record<string, readonly MessageKey[]>;
const LICENCE = 'https://data.gov.sg/open-data-licence';

export function framed(visit: Visit, options: FrameOptions): Promise<Response> {
  const { lang, say, prefix } = visit;
  const { scripts = ['saved.js'], texts = [], data = {}, headers, accessedAt, images = [] } = options;
  const keys = texts.flatMap((name): readonly MessageKey[] => SCRIPT_TEXTS[name]);
  const json = JSON.stringify({ prefix, lang, texts: textsFor(lang, keys), ...data }).replaceAll('<', '\\u003c');
  const content = page({
    lang,
    name: say('app'),
    title: options.title,
    home: `${prefix}/`,
    style: BUS_STYLE,
    head: html`<meta name="theme-color" content="#fdfcfa" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#181716" media="(prefers-color-scheme: dark)">
<link rel="icon" href="${ICON_ADDRESS}">
<link rel="apple-touch-icon" href="${prefix}/icon-192.png">
<link rel="manifest" href="${prefix}/manifest.webmanifest?lang=${lang}">
<script type="module" src="${address(visit, 'app.js')}"></script>
${scripts.map((name) => html`<link rel="modulepreload" href="${address(visit, name)}">`)}`,
    navigation: languages(visit),
    body: html`${options.body}
<script type="application/json" id="page-data">${raw(json)}</script>`,
    ...(accessedAt !== undefined && { footer: attribution(visit, accessedAt) }),
  });
  return pageResponse(content, options.status ?? 200, {
    style: BUS_STYLE,
    scripts: true,
    images,
    headers: {
      'Content-Language': lang,
      Vary: 'Cookie, Accept-Language',
      ...(visit.cookie !== undefined && { 'Set-Cookie': visit.cookie }),
      ...headers,
    },
  });
}

export function address({ prefix }: Visit, name: string): string {
  return `${prefix}/assets/${name}?v=${assets().files.get(name)?.hash}`;
}

/** The same page with other parameters; `undefined` leaves one out. */
export function sameWith(visit: Visit, change: Record<string, string | undefined>): string {
  const query = new URLSearchParams(visit.query);
  query.delete('fragment');
  if (!('lang' in change)) query.delete('lang');
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) query.delete(name);
    else query.set(name, value);
  }
  return query.size > 0 ? `?${query}` : visit.prefix + visit.path;
}

function languages(visit: Visit): Html | Promise<Html> {
  const names = Object.entries(LANGUAGE_NAMES).map(([lang, [short, full]]) =>
    lang === visit.lang
      ? html`<li><span lang="${lang}" title="${full}" aria-current="true">${short}</span></li>`
      : html`<li><a href="${sameWith(visit, { lang })}" lang="${lang}" hreflang="${lang}" title="${full}">${short}</a></li>`,
  );
  return html`<nav class="languages" aria-label="${visit.say('language')}"><ul>${names}</ul></nav>`;
}

function attribution({ say }: Visit, at: number): Html | Promise<Html> {
  const [before = '', after = ''] = say('attribution', { date: dateText(at) }).split('{licence}');
  return html`<small>${before}<a href="${LICENCE}">${say('licence')}</a>${after}</small>`;
}
