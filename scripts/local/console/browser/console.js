/**
 * Keeps the console's panels as they are on the server: one connection brings the text of those that changed, once a second at most. Without it, or without scripts at all,
 * the page is as it was when it was loaded, and says so.
 */
import { relativeTime } from './relative-time.js';

/** Nothing heard for this long: the server says something every ten seconds. */
const SILENT_MS = 25_000;
const AGAIN_MS = 5_000;

const live = /** @type {HTMLElement} */ (document.getElementById('live'));
const state = /** @type {HTMLElement} */ (document.getElementById('link'));
const button = /** @type {HTMLButtonElement} */ (document.getElementById('pause'));
/** By what the server's clock is ahead of this one. */
let ahead = Number(live.dataset['now']) - Date.now();
/** @type {EventSource | undefined} */
let source;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;
let heardAt = Date.now();
/** @type {number | undefined} */
let lostAt;
let paused = false;
/** Texts of panels in which somebody marks something just now. @type {Map<string, string>} */
const waiting = new Map();

/** Assistive technology reads it when it changes, so it must not change for nothing. @param {string} text @param {string} kind */
function say(text, kind) {
  if (state.textContent !== text) state.textContent = text;
  state.dataset['state'] = kind;
}

/** Connected; and what the panel of readiness says of the process. */
function sayHow() {
  if (live.querySelector('.unready')) say('Live, not ready', 'unready');
  else say('Live', 'live');
}

/** @param {number} ms */
function clockTime(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

/** @param {string} id @param {string} text HTML, escaped where it was made. */
function put(id, text) {
  const panel = document.getElementById(id);
  if (!panel) return;
  const marked = getSelection();
  if (marked && !marked.isCollapsed && marked.containsNode(panel, true)) {
    waiting.set(id, text);
    return;
  }
  waiting.delete(id);
  const focused = document.activeElement;
  const inside = focused instanceof HTMLElement && panel !== focused && panel.contains(focused);
  const key = inside ? focused.dataset['key'] : undefined;
  panel.innerHTML = text;
  if (!inside) return;
  const same = key === undefined ? null : panel.querySelector(`[data-key="${CSS.escape(key)}"]`);
  /** @type {HTMLElement} */ (same ?? panel).focus({ preventScroll: true });
}

function tellTimes() {
  const now = Date.now() + ahead;
  for (const time of live.querySelectorAll('time')) {
    const ms = Date.parse(time.dateTime) - now;
    const text = relativeTime('ahead' in time.dataset ? Math.max(0, ms) : ms);
    if (time.textContent !== text) time.textContent = text;
  }
}

function lost() {
  lostAt ??= heardAt;
  say(`Not connected since ${clockTime(lostAt)}`, 'lost');
  live.dataset['stale'] = '';
}

function close() {
  clearTimeout(again);
  again = undefined;
  source?.close();
  source = undefined;
}

function connect() {
  close();
  if (paused || document.hidden) return;
  const opened = new EventSource(live.dataset['stream'] ?? '');
  source = opened;
  heardAt = Date.now();
  /** @param {(data: { now: string, panels?: Record<string, string> }) => void} take */
  const heard = (take) => /** @param {MessageEvent<string>} event */ (event) => {
    const data = JSON.parse(event.data);
    heardAt = Date.now();
    lostAt = undefined;
    delete live.dataset['stale'];
    ahead = Date.parse(data.now) - heardAt;
    take(data);
    sayHow();
    tellTimes();
  };
  opened.addEventListener(
    'panels',
    heard(({ panels = {} }) => {
      for (const [id, text] of Object.entries(panels)) put(id, text);
    }),
  );
  opened.addEventListener(
    'beat',
    heard(() => undefined),
  );
  // The key is not good any more: the page that loads asks for another.
  opened.addEventListener('signed-out', () => location.reload());
  opened.addEventListener('error', () => {
    lost();
    // A connection that broke is made again by the browser; one that was refused is not.
    if (opened.readyState === EventSource.CLOSED) void retry();
  });
}

async function retry() {
  close();
  try {
    const answer = await fetch(live.dataset['overview'] ?? '', { signal: AbortSignal.timeout(AGAIN_MS) });
    if (answer.status === 401 || answer.status === 403) return location.reload();
  } catch {
    // Nobody answers; the next attempt tells.
  }
  again = setTimeout(connect, AGAIN_MS);
}

function pauseOrGoOn() {
  paused = !paused;
  button.textContent = paused ? 'Go on' : 'Pause';
  if (!paused) return connect();
  close();
  lostAt = undefined;
  say(`Paused at ${clockTime(Date.now())}`, 'paused');
}

button.hidden = false;
button.addEventListener('click', pauseOrGoOn);
document.addEventListener('visibilitychange', () => (document.hidden ? close() : connect()));
addEventListener('pagehide', close);
addEventListener('pageshow', ({ persisted }) => persisted && connect());
setInterval(() => {
  if (document.hidden) return;
  if (source && Date.now() - heardAt > SILENT_MS) {
    lost();
    connect();
  }
  for (const [id, text] of waiting) put(id, text);
  if (!paused) tellTimes();
}, 1_000);
connect();
