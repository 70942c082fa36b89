/** Times and figures as people read them. */
import { html } from 'hono/html';
import { relativeTime } from './browser/relative-time.js';
import type { Html } from './table.ts';

/** `at` is RFC 3339, `now` when the page is made; the script in the page goes on counting. */
export function timeTag(at: string, now: string): Html {
  return html`<time datetime="${at}" title="${at}">${relativeTime(Date.parse(at) - Date.parse(now))}</time>`;
}

/** What is to come is at most `now` for the moment until it is known what came of it. */
export function aheadTag(at: string, now: string): Html {
  const text = relativeTime(Math.max(0, Date.parse(at) - Date.parse(now)));
  return html`<time datetime="${at}" title="${at}" data-ahead>${text}</time>`;
}

/** `0.4 ms`, `12 ms`, `1.24 s` */
export function msText(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toPrecision(3)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** `12,345` */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** `1 event`, `2 events` */
export function counted(count: number, one: string): string {
  return `${countText(count)} ${one}${count === 1 ? '' : 's'}`;
}
