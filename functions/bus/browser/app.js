/** What every page starts: the texts, the offline copy, nearest and saved stops, and where there is a board, its life. */
import { showSaved, startSaveButton } from './saved.js';

/**
 * What the server put into the page.
 * @typedef {object} PageData
 * @property {string} prefix
 * @property {string} lang
 * @property {Record<string, string>} texts
 * @property {{ code: string, name: string }} [stop]
 */

/** @typedef {(key: string, values?: Record<string, string | number>) => string} Say */

/** @typedef {PageData & { say: Say }} Page */

/** @returns {Page} */
function readPage() {
  const element = document.getElementById('page-data');
  const data = /** @type {PageData} */ (JSON.parse(element?.textContent || '{}'));
  return {
    ...data,
    say: (key, values = {}) =>
      (data.texts[key] ?? '').replaceAll(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)),
  };
}

/** @param {Page} page */
function startNearest({ prefix, say }) {
  const near = document.getElementById('near');
  const button = near?.querySelector('button');
  const said = near?.querySelector('span');
  if (!near || !button || !said || !('geolocation' in navigator)) return;
  near.hidden = false;
  button.addEventListener('click', () => {
    said.textContent = say('nearest_wait');
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => location.assign(`${prefix}/?near=${coords.latitude.toFixed(5)},${coords.longitude.toFixed(5)}`),
      () => {
        said.textContent = say('nearest_denied');
      },
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
    );
  });
}

/** The address is the whole of what is shared. @param {Page} page */
function startShare({ say, stop }) {
  const button = document.querySelector('button[data-share]');
  if (!(button instanceof HTMLButtonElement) || !stop || !(navigator.share ?? navigator.clipboard)) return;
  button.hidden = false;
  const share = async () => {
    const url = new URL(location.pathname, location.href).href;
    if (navigator.share) return navigator.share({ title: stop.name, url });
    await navigator.clipboard.writeText(url);
    button.textContent = say('copied');
  };
  // Whoever closes the sheet, or forbids the clipboard, still has the address bar.
  button.addEventListener('click', () => void share().catch(() => undefined));
}

/** The form is in the page; what it does is loaded when somebody opens it. @param {Page} page */
function startAlerts(page) {
  const details = document.getElementById('alert');
  if (!(details instanceof HTMLDetailsElement) || !('PushManager' in window) || !('serviceWorker' in navigator)) return;
  details.hidden = false;
  const start = async () => {
    const { startAlertForm } = await import(details.dataset['script'] ?? '');
    startAlertForm(page, details);
  };
  // Without a connection the form does nothing; opened once more it tries again.
  const open = () =>
    void start()
      .then(() => details.removeEventListener('toggle', open))
      .catch(() => undefined);
  details.addEventListener('toggle', open);
}

const page = readPage();
if ('serviceWorker' in navigator) {
  const { serviceWorker } = navigator;
  if (!serviceWorker.controller)
    serviceWorker.addEventListener(
      'controllerchange',
      () => serviceWorker.controller?.postMessage({ keep: location.href }),
      { once: true },
    );
  addEventListener('load', () => {
    // Refused in private windows of some browsers; then there is no offline copy.
    serviceWorker.register(`${page.prefix}/sw.js`, { scope: `${page.prefix}/` }).catch(() => undefined);
  });
}
startNearest(page);
showSaved(page);
startSaveButton(page);
startShare(page);
startAlerts(page);
if (document.getElementById('board')) {
  const { startBoard } = await import('./board.js');
  startBoard(page);
}
