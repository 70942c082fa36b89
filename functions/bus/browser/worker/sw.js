/**
 * The service worker: keeps the last view of each page for when there is no connection, and shows what is pushed.
 *
 * The server puts `self.HAWKER` before it: a version, made of the contents of all files, and the addresses that every page needs. Caches of another version are removed.
 * A page comes from the network if that answers within 3 seconds, else from the cache, marked as offline so that the page itself says how old it is.
 */

/** @typedef {{ version: string, shell: string[] }} Setup */

const worker = /** @type {ServiceWorkerGlobalScope & { HAWKER: Setup }} */ (/** @type {unknown} */ (self));
const { version, shell } = worker.HAWKER;
const SCOPE = new URL(worker.registration.scope);
const OURS = `bus ${SCOPE.pathname} `;
const SHELL = `${OURS}shell ${version}`;
const PAGES = `${OURS}pages ${version}`;
const WAIT_MS = 3_000;
const MOST_PAGES = 30;
const BOARD = /<!--board-->[\s\S]*<!--\/board-->/;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll(shell.map((address) => new Request(address, { cache: 'reload' }))))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener('activate', (event) => {
  const clean = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(OURS) && name !== SHELL && name !== PAGES);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clean());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = url.pathname.slice(SCOPE.pathname.length);
  if (path.startsWith('assets/')) event.respondWith(file(request));
  else if (url.searchParams.get('fragment') === 'board') event.respondWith(board(event, url));
  else if (request.mode === 'navigate' && isKept(path)) event.respondWith(page(event, url));
});

/** The page that was there before this worker asks to be kept as well: its first view did not come this way. */
worker.addEventListener('message', (event) => {
  const url = new URL(String(event.data?.keep ?? ''), SCOPE);
  if (url.origin !== SCOPE.origin || !isKept(url.pathname.slice(SCOPE.pathname.length))) return;
  event.waitUntil(
    fetch(url)
      .then((answer) => keepPage(keyOf(url), answer))
      .catch(() => undefined),
  );
});

/** @param {string} path Below the scope. */
function isKept(path) {
  return path === '' || path === 'direct' || /^(?:stops|services)\/[^/]+$/.test(path);
}

/** One view of a page is kept, whatever its order and its language. @param {URL} url */
function keyOf(url) {
  const key = new URL(url.pathname, url.origin);
  // A search is another page than the empty form.
  for (const name of ['q', 'near', 'from', 'to']) {
    const value = url.searchParams.get(name);
    if (value !== null) key.searchParams.set(name, value);
  }
  return key.href;
}

/** @param {Request} request */
async function file(request) {
  return (await caches.match(request, { cacheName: SHELL, ignoreVary: true })) ?? fetch(request);
}

/** @param {FetchEvent} event @param {URL} url */
async function page(event, url) {
  const key = keyOf(url);
  const answer = fetch(event.request);
  event.waitUntil(answer.then((fresh) => keepPage(key, fresh.clone())).catch(() => undefined));
  const inTime = await Promise.race([answer.catch(() => undefined), later(WAIT_MS)]);
  if (inTime) return inTime;
  const kept = await caches.match(key, { cacheName: PAGES, ignoreVary: true });
  if (kept) return marked(kept);
  return answer.catch(
    async () => (await caches.match(offline(), { cacheName: SHELL, ignoreVary: true })) ?? Response.error(),
  );
}

/** The page's own request for a new board, which also goes into the copy. @param {FetchEvent} event @param {URL} url */
async function board(event, url) {
  const answer = await fetch(event.request);
  if (answer.ok) event.waitUntil(keepBoard(keyOf(url), answer.clone()).catch(() => undefined));
  return answer;
}

/** @param {string} key @param {Response} answer */
async function keepPage(key, answer) {
  if (answer.status !== 200 || answer.redirected || answer.type !== 'basic') return;
  const cache = await caches.open(PAGES);
  // Anew, so that the last in the list is the page that was looked at last.
  await cache.delete(key);
  await cache.put(key, answer);
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_PAGES)).map((old) => cache.delete(old)));
}

/** @param {string} key @param {Response} answer */
async function keepBoard(key, answer) {
  const cache = await caches.open(PAGES);
  const kept = await cache.match(key);
  if (!kept) return;
  const [text, fresh] = await Promise.all([kept.text(), answer.text()]);
  if (BOARD.test(fresh))
    await cache.put(
      key,
      like(
        kept,
        text.replace(BOARD, () => fresh),
      ),
    );
}

/** @param {Response} kept */
async function marked(kept) {
  return like(kept, (await kept.text()).replace('<html ', '<html data-offline '));
}

/** With the same headers, the policy among them. @param {Response} model @param {string} text */
function like(model, text) {
  const headers = new Headers(model.headers);
  headers.delete('Content-Encoding');
  headers.delete('Content-Length');
  return new Response(text, { status: model.status, headers });
}

function offline() {
  return new URL('offline', SCOPE).href;
}

/** @param {number} ms @returns {Promise<undefined>} */
function later(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

worker.addEventListener('push', (event) => {
  /** @type {{ title?: string, body?: string, tag?: string, url?: string, lang?: string }} */
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {
    // A browser that shows nothing for a push shows a message of its own.
  }
  const { title, body, tag, url, lang } = told;
  event.waitUntil(
    worker.registration.showNotification(String(title ?? 'Hawker'), {
      ...(body && { body: String(body) }),
      ...(tag && { tag: String(tag) }),
      ...(lang && { lang: String(lang) }),
      icon: new URL('icon-192.png', SCOPE).href,
      badge: new URL('icon-192.png', SCOPE).href,
      data: { url: String(url ?? '') },
    }),
  );
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const wanted = new URL(String(event.notification.data?.url ?? ''), SCOPE);
  // A notification leads to our pages alone.
  const target =
    wanted.origin === SCOPE.origin && wanted.pathname.startsWith(SCOPE.pathname) ? wanted.href : SCOPE.href;
  const open = async () => {
    const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const there = windows.find((client) => client.url.split(/[?#]/)[0] === target.split(/[?#]/)[0]);
    return there ? there.focus() : worker.clients.openWindow(target);
  };
  event.waitUntil(open());
});
