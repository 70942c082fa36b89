/**
 * Keeps a stop's board true while somebody looks at it: counts down each second, asks for a new one every 20 seconds, says how old it is, and says aloud only
 * what matters.
 *
 * Times are counted by the server's clock: each board says when it was made, and how far this device's clock is from that is what all counting is corrected by. A board
 * out of the offline copy says nothing about now, so the difference that was seen last is kept for it.
 */
import { countdown } from '#shared/bus/countdown.js';
import { morph } from './morph.js';

/** @typedef {import('./app.js').Page} Page */

const REFRESH_MS = 20_000;
const FIRST_RETRY_MS = 3_000;
const MOST_RETRY_MS = 30_000;
const GIVE_UP_MS = 10_000;
const OLD_MS = 120_000;
const SKEW_KEY = 'bus-skew';

/** @param {Page} page */
export function startBoard({ say }) {
  const root = document.documentElement;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | undefined} */
  let asking;
  let failures = 0;
  let skew = 0;

  const board = () => /** @type {HTMLElement} */ (document.getElementById('board'));
  const now = () => Date.now() - skew;
  const fetchedAt = () => Number(board().dataset['fetched'] || Number.NaN);

  /** @param {number} receivedAt By this device's clock. */
  const learnSkew = (receivedAt) => {
    const made = Number(board().dataset['now']);
    if (!made) return;
    skew = receivedAt - made;
    keep(SKEW_KEY, String(skew));
  };

  const tick = () => {
    for (const bus of board().querySelectorAll('[data-eta]')) countBus(/** @type {HTMLElement} */ (bus));
    showAge();
  };

  /** @param {HTMLElement} bus */
  const countBus = (bus) => {
    const { state, minutes, leftSeconds } = countdown(Number(bus.dataset['eta']), now());
    const row = /** @type {HTMLElement | null} */ (bus.closest('.row'));
    if (state === 'gone') {
      const none = document.createElement('li');
      none.className = 'bus none';
      none.append(document.createElement('p'));
      bus.parentElement?.append(none);
      bus.remove();
      if (row && !row.querySelector('[data-eta]')) sayWhy(row);
      return;
    }
    const was = bus.dataset['state'];
    const [number, unit] = bus.querySelectorAll('.when b, .when span');
    if (!number || !unit) return;
    const words =
      state === 'arriving'
        ? say('arr')
        : state === 'left'
          ? say((leftSeconds ?? 0) < 60 ? 'left_now' : 'left', { n: 1 })
          : String(minutes);
    put(number, words);
    put(unit, state === 'due' ? say('min') : '');
    if (was === state) return;
    bus.dataset['state'] = state;
    if (state === 'arriving' && row) speak(about(row, say('arr_long')));
  };

  /** @param {HTMLElement} row */
  const sayWhy = (row) => {
    const why = row.querySelector('.why') ?? document.createElement('p');
    why.className = 'why';
    why.textContent = say('no_estimate_plain');
    if (!why.parentElement) row.querySelector('.buses')?.after(why);
  };

  const showAge = () => {
    const age = now() - fetchedAt();
    const element = document.getElementById('age');
    if (!element || Number.isNaN(age)) return;
    const seconds = Math.max(0, Math.floor(age / 1000));
    const text =
      seconds < 60 ? say('age_seconds', { n: seconds }) : say('age_minutes', { n: Math.floor(seconds / 60) });
    put(element, text);
    board().classList.toggle('old', age > OLD_MS);
    put(document.getElementById('old'), age > OLD_MS ? say('old') : '');
  };

  /** @param {'fine' | 'failing' | 'offline'} state @param {string} [words] */
  const showLink = (state, words = '') => {
    const offline = document.getElementById('offline');
    const link = document.getElementById('link');
    if (!offline || !link) return;
    const fetched = fetchedAt();
    const from = Number.isNaN(fetched) ? undefined : new Date(fetched + 8 * 3_600_000).toISOString().slice(11, 16);
    const isOffline = state === 'offline' && from !== undefined;
    offline.hidden = !isOffline;
    put(offline, isOffline ? say('offline', { time: from }) : '');
    link.hidden = state !== 'failing';
    put(link, state === 'failing' ? words : '');
  };

  /** @param {Element} row @param {string} words */
  const about = (row, words) => say('said_changed', { row: row.querySelector('h2')?.textContent.trim() ?? '', words });

  /** @param {string} text */
  const speak = (text) => {
    const said = document.getElementById('said');
    if (said) said.textContent = text;
  };

  const refresh = async () => {
    clearTimeout(timer);
    if (asking || document.hidden || 'final' in board().dataset) return;
    const here = new AbortController();
    asking = here;
    const late = setTimeout(() => here.abort(), GIVE_UP_MS);
    let wait = REFRESH_MS;
    try {
      const address = new URL(location.href);
      address.searchParams.set('fragment', 'board');
      address.hash = '';
      const answer = await fetch(address, { signal: here.signal, cache: 'no-store', headers: { Accept: 'text/html' } });
      const receivedAt = Date.now();
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      replaceBoard(text);
      learnSkew(receivedAt);
      if (failures > 0 || 'offline' in root.dataset) speak(say('online_again'));
      failures = 0;
      delete root.dataset['offline'];
      showLink('fine');
      tick();
    } catch (error) {
      wait = Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      failures += 1;
      const answered = error instanceof Error && /^\d{3}$/.test(error.message);
      if (answered) showLink('failing', say(fetchedAt() ? 'stale' : 'retrying'));
      else showLink(fetchedAt() ? 'offline' : 'failing', say('connecting'));
      tick();
    } finally {
      clearTimeout(late);
      asking = undefined;
      if (!document.hidden) timer = setTimeout(refresh, wait);
    }
  };

  /** @param {string} text */
  const replaceBoard = (text) => {
    const next = new DOMParser().parseFromString(text, 'text/html').getElementById('board');
    if (!next) throw new Error('no board came');
    const before = new Map([...board().querySelectorAll('.row')].map((row) => [rowId(row), statusOf(row)]));
    morph(board(), next);
    const changed = [...board().querySelectorAll('.row')].filter((row) => {
      const was = before.get(rowId(row));
      return was !== undefined && was !== statusOf(row);
    });
    const words = changed.map((row) =>
      about(row, row.querySelector('.why, .bus:first-child .facts .fact')?.textContent ?? ''),
    );
    if (words.length > 0) speak(words.join(' '));
  };

  /** @param {Element} row */
  const rowId = (row) => /** @type {HTMLElement} */ (row).dataset['row'];
  /** @param {Element} row */
  const statusOf = (row) => /** @type {HTMLElement} */ (row).dataset['status'];

  const resume = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    tick();
    void refresh();
  };

  if ('offline' in root.dataset) {
    skew = Number(kept(SKEW_KEY)) || 0;
    showLink('offline');
  } else learnSkew(loadedAt());
  tick();
  setInterval(() => document.hidden || tick(), 1000);
  document.addEventListener('visibilitychange', resume);
  addEventListener('online', resume);
  addEventListener('pageshow', ({ persisted }) => persisted && resume());
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('#refresh');
    if (!link || 'final' in board().dataset) return;
    event.preventDefault();
    void refresh();
  });
  const isTrouble = !fetchedAt() && !('final' in board().dataset);
  if (isTrouble) showLink('failing', say('retrying'));
  if ('offline' in root.dataset) void refresh();
  else if (!document.hidden) timer = setTimeout(refresh, isTrouble ? FIRST_RETRY_MS : REFRESH_MS);
}

/** When this page's first byte came, by this device's clock: a slow line makes the page no younger. */
function loadedAt() {
  const [entry] = performance.getEntriesByType('navigation');
  const start = entry instanceof PerformanceNavigationTiming ? entry.responseStart : 0;
  const since = performance.now() - start;
  return Date.now() - (since > 0 && since < 60_000 ? since : 0);
}

/** Leaves alone what is so already, so that nothing is laid out anew. @param {Element | null} element @param {string} text */
function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {string} key @param {string} value */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then an offline copy counts by this device's own clock.
  }
}

/** @param {string} key */
function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
