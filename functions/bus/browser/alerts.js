/** The form of a leave-now alert: asks for permission, subscribes, and lets the server tell this browser once. */

/** @typedef {import('./app.js').Page} Page */
/** @typedef {{ id: string, service: string, until: string }} Waiting */

const GIVE_UP_MS = 10_000;

/** @param {Page} page @param {HTMLElement} details */
export function startAlertForm(page, details) {
  const { say, prefix, lang, stop } = page;
  const form = details.querySelector('form');
  const said = details.querySelector('[role=status]');
  const cancel = /** @type {HTMLButtonElement | null} */ (details.querySelector('button[type=button]'));
  if (!form || !said || !cancel || !stop) return;
  const key = `bus-alert ${stop.code}`;
  let waiting = readWaiting(key);

  /** @param {string} [words] */
  const show = (words) => {
    form.hidden = waiting !== undefined;
    cancel.hidden = waiting === undefined;
    said.textContent =
      words ?? (waiting ? say('alert_waiting', { service: waiting.service, time: clock(waiting.until) }) : '');
  };

  /** @param {Waiting | undefined} next */
  const change = (next) => {
    waiting = next;
    keepWaiting(key, next);
  };

  const make = async () => {
    said.textContent = say('alert_ask');
    if ((await Notification.requestPermission()) !== 'granted') return show(say('alert_denied'));
    const fields = new FormData(form);
    const row = String(fields.get('row'));
    const { endpoint, keys } = (await subscription(prefix)).toJSON();
    const wish = {
      target: { endpoint, keys },
      stop: stop.code,
      // A row's id begins with its service.
      service: row.split('~')[0],
      row,
      walk: Number(fields.get('walk')),
      lead: Number(fields.get('lead')),
      lang,
    };
    const made = await ask('POST', `${prefix}/v2/alerts`, wish);
    const { id, service, until, leave } = /** @type {Waiting & { leave: { decision: string } | null }} */ (made);
    change({ id, service, until });
    show(leave?.decision === 'leave_now' ? say('alert_now', { service }) : undefined);
    cancel.focus();
  };

  const unmake = async () => {
    if (waiting) await ask('DELETE', `${prefix}/v2/alerts/${encodeURIComponent(waiting.id)}`);
    change(undefined);
    show(say('alert_cancelled'));
  };

  /** One at a time. @param {() => Promise<void>} act */
  const once = (act) => {
    const buttons = [cancel, ...form.querySelectorAll('button')];
    for (const button of buttons) button.disabled = true;
    void act()
      .catch(() => show(say('alert_failed')))
      .finally(() => {
        for (const button of buttons) button.disabled = false;
      });
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    once(make);
  });
  cancel.addEventListener('click', () => once(unmake));
  show();
  void isOver(waiting, prefix).then((over) => {
    if (!over) return;
    change(undefined);
    show();
  });
}

/** Whether it was told, cancelled elsewhere, or its time has passed, which the server's clock says better than this device's. @param {Waiting | undefined} waiting @param {string} prefix */
async function isOver(waiting, prefix) {
  if (!waiting) return false;
  try {
    const answer = await fetch(`${prefix}/v2/alerts/${encodeURIComponent(waiting.id)}`);
    return answer.status === 404 || (answer.ok && (await answer.json()).state !== 'waiting');
  } catch {
    return Date.parse(waiting.until) <= Date.now();
  }
}

/** Undefined also for what somebody else left there. @param {string} key @returns {Waiting | undefined} */
function readWaiting(key) {
  try {
    const { id, service, until } = JSON.parse(localStorage.getItem(key) ?? '{}');
    return [id, service, until].every((text) => typeof text === 'string') && Date.parse(until) > 0
      ? { id, service, until }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} key @param {Waiting | undefined} waiting */
function keepWaiting(key, waiting) {
  try {
    if (waiting) localStorage.setItem(key, JSON.stringify(waiting));
    else localStorage.removeItem(key);
  } catch {
    // Then it can be cancelled as long as this page is open.
  }
}

/** A subscription under the server's key, made anew where there is one under another. @param {string} prefix */
async function subscription(prefix) {
  const { publicKey } = /** @type {{ publicKey: string }} */ (await ask('GET', `${prefix}/v2/push`));
  const { pushManager } = await Promise.race([navigator.serviceWorker.ready, tooLate()]);
  const options = { userVisibleOnly: true, applicationServerKey: publicKey };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    const old = await pushManager.getSubscription();
    if (!old) throw error;
    await old.unsubscribe();
    return pushManager.subscribe(options);
  }
}

/** Where the worker was refused it is never ready. @returns {Promise<never>} */
function tooLate() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('there is no worker')), GIVE_UP_MS));
}

/** @param {string} method @param {string} address @param {object} [body] */
async function ask(method, address, body) {
  const answer = await fetch(address, {
    method,
    signal: AbortSignal.timeout(GIVE_UP_MS),
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} was answered with ${answer.status}`);
  return answer.status === 204 ? {} : answer.json();
}

/** `HH:MM` in Singapore. @param {string} time */
function clock(time) {
  return new Date(Date.parse(time) + 8 * 3_600_000).toISOString().slice(11, 16);
}
