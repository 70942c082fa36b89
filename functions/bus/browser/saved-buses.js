/** The next buses at saved stops, in the list of them: asked for once a minute while somebody looks, counted down in between, and left out where they are old. */
import { countdown } from '#shared/bus/countdown.js';

/** @typedef {import('./app.js').Page} Page */
/** @typedef {{ service: string, buses: { eta: string, monitored: boolean }[] }} Row */
/** @typedef {{ rows: Row[], fetchedAt: number, isDemo: boolean, skew: number }} Told By the server's clock, from which this device's differs by `skew`. */

/** Each costs LTA a call a minute. */
const MOST_STOPS = 6;
const MOST_BUSES = 4;
const REFRESH_MS = 60_000;
const OLD_MS = 120_000;
const GIVE_UP_MS = 10_000;

/** @param {Page} page @param {HTMLElement} list Its items name their stop in `data-code`. @returns {() => void} Shows what is known in items that are new. */
export function startSavedBuses({ prefix, say }, list) {
  /** @type {Map<string, Told>} */
  const told = new Map();
  let asking = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  const items = () => /** @type {HTMLElement[]} */ ([...list.children]);

  const paint = () => {
    for (const item of items()) {
      const line = item.querySelector('.next') ?? document.createElement('p');
      line.className = 'next';
      if (!line.parentElement) item.querySelector('a')?.after(line);
      const parts = partsOf(told.get(item.dataset['code'] ?? ''));
      if (line.textContent !== parts.map((part) => part.textContent).join('')) line.replaceChildren(...parts);
    }
  };

  /** @param {Told | undefined} stop */
  const partsOf = (stop) => {
    if (!stop) return [];
    const now = Date.now() - stop.skew;
    if (now - stop.fetchedAt > OLD_MS) return [];
    const soonest = stop.rows
      .flatMap(({ service, buses }) => {
        const bus = buses.find(({ eta }) => /^(?:due|arriving)$/.test(countdown(Date.parse(eta), now).state));
        return bus ? [{ service, bus, ...countdown(Date.parse(bus.eta), now) }] : [];
      })
      .sort((a, b) => Date.parse(a.bus.eta) - Date.parse(b.bus.eta))
      .slice(0, MOST_BUSES);
    const parts = soonest.map(({ service, bus, state, minutes }) => {
      const part = document.createElement('span');
      const number = document.createElement('strong');
      number.textContent = service;
      const when = state === 'arriving' ? say('arr') : `${minutes} ${say('min')}`;
      part.append(number, ` ${bus.monitored ? '' : '~'}${when} `);
      if (!bus.monitored) part.title = say('timetable');
      return part;
    });
    if (stop.isDemo && parts.length > 0) {
      const demo = document.createElement('span');
      demo.textContent = say('from_demo');
      parts.push(demo);
    }
    return parts;
  };

  /** @param {string} code */
  const ask = async (code) => {
    try {
      const signal = AbortSignal.timeout(GIVE_UP_MS);
      const answer = await fetch(`${prefix}/v2/stops/${code}/arrivals`, { signal });
      const receivedAt = Date.now();
      if (!answer.ok) return;
      const { meta, services } = await answer.json();
      const isDemo = meta.source === 'demo';
      const skew = receivedAt - Date.parse(meta.now);
      told.set(code, { rows: services, fetchedAt: Date.parse(meta.fetchedAt), isDemo, skew });
    } catch {
      // What was told is shown until it is old.
    }
  };

  const refresh = async () => {
    if (asking || document.hidden || performance.now() - askedAt < REFRESH_MS) return;
    asking = true;
    askedAt = performance.now();
    const codes = items().map(({ dataset }) => dataset['code'] ?? '');
    await Promise.all(codes.slice(0, MOST_STOPS).map(ask));
    asking = false;
    paint();
  };

  const look = () => {
    if (document.hidden) return;
    paint();
    void refresh();
  };
  setInterval(look, 1000);
  document.addEventListener('visibilitychange', look);
  look();
  return paint;
}
