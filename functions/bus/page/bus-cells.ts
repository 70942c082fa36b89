/** One bus of a row: its minutes, and the facts about it as signs with words. `browser/board.js` counts in these elements. */
import { html } from 'hono/html';
import type { BoardBus } from '#shared/bus/board.ts';
import type { Html } from './frame.ts';
import { sign } from './icons.ts';
import type { Say } from './messages/index.ts';

const SLOTS = [0, 1, 2];

export function busCells(say: Say, buses: readonly BoardBus[]): Html | Promise<Html> {
  return html`<ol class="buses">${SLOTS.map((slot) => {
    const bus = buses[slot];
    return bus
      ? busCell(say, bus, slot === 0)
      : html`<li class="bus none"><p class="when" aria-hidden="true">–</p></li>`;
  })}</ol>`;
}

/** What a wheelchair or an upper deck needs to know is told of the first bus alone: beside three there is no room for it. */
function busCell(say: Say, bus: BoardBus, isFirst: boolean): Html | Promise<Html> {
  const { eta, monitored, state, load, wheelchair, deck } = bus;
  const basis = monitored ? fact('live', say('live')) : fact('timetable', say('timetable'));
  const words = [
    wheelchair === null ? '' : wheelchair ? fact('wheelchair', say('wheelchair')) : plain(say('no_wheelchair')),
    deck ? plain(say(deck)) : '',
  ];
  return html`<li class="bus${monitored ? '' : ' plan'}" data-eta="${Date.parse(eta)}" data-state="${state}"><p class="when"><b>${minutesText(say, bus)}</b> <span>${state === 'due' ? say('min') : ''}</span></p><p class="facts">${basis}${load ? fact(load, say(load)) : ''}${isFirst ? words : ''}</p></li>`;
}

/** The same words that `browser/board.js` puts there as time goes on. */
function minutesText(say: Say, { state, minutes, display }: BoardBus): string {
  if (state === 'arriving') return say('arr');
  if (state === 'left') return display === 'left just now' ? say('left_now') : say('left', { n: 1 });
  return String(minutes);
}

function fact(name: Parameters<typeof sign>[0], text: string): Html | Promise<Html> {
  return html`<span class="fact ${name}">${sign(name)}<span>${text}</span></span>`;
}

function plain(text: string): Html | Promise<Html> {
  return html`<span class="fact"><span>${text}</span></span>`;
}

export function signsExplained(say: Say): Html | Promise<Html> {
  const loads = (['seats', 'standing', 'limited'] as const).map(
    (load) => html`<dt class="${load}">${sign(load)}</dt><dd>${say(load)}</dd>`,
  );
  return html`<details class="signs"><summary>${say('signs')}</summary><dl>
<dt>${sign('live')} ${say('live')}</dt><dd>${say('signs_live')}</dd>
<dt>${sign('timetable')} ${say('timetable')}</dt><dd>${say('signs_timetable')}</dd>
${loads}<dt>${sign('wheelchair')}</dt><dd>${say('wheelchair')}</dd></dl></details>`;
}
