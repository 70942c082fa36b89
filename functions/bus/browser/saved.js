/** Saved stops, in the browser's own storage: on their pages as a button, on the home page as a list to rename, order and remove. */

/** @typedef {import('./app.js').Page} Page */
/** @typedef {{ code: string, name: string, own?: string }} SavedStop */

const KEY = 'bus-saved';
const MOST = 50;
const LONGEST = 60;

/**
 * What is in the storage, as far as it can be made sense of: it may be missing, full, refused, or somebody else's.
 * @returns {SavedStop[]}
 */
export function readSaved() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(found)) return [];
    const codes = new Set();
    return found.flatMap((item) => {
      const { code, name, own } = item ?? {};
      if (typeof code !== 'string' || !/^\d{5}$/.test(code) || codes.has(code)) return [];
      codes.add(code);
      const called = typeof name === 'string' ? name.slice(0, LONGEST) : code;
      return [{ code, name: called, ...(typeof own === 'string' && own && { own: own.slice(0, LONGEST) }) }];
    });
  } catch {
    return [];
  }
}

/** @param {SavedStop[]} stops @returns {boolean} Whether the browser keeps it. */
function writeSaved(stops) {
  try {
    localStorage.setItem(KEY, JSON.stringify(stops));
    return true;
  } catch {
    return false;
  }
}

function storageWorks() {
  try {
    localStorage.setItem(`${KEY}-try`, '1');
    localStorage.removeItem(`${KEY}-try`);
    return true;
  } catch {
    return false;
  }
}

/** @param {Page} page */
export function startSaveButton({ stop, say }) {
  const place = document.getElementById('save');
  const button = place?.querySelector('button');
  const said = document.getElementById('said');
  if (!place || !button || !stop) return;
  place.hidden = false;
  const label = named(place, say('own_name'));
  const show = () => {
    const saved = readSaved().find(({ code }) => code === stop.code);
    button.textContent = say(saved ? 'unsave_stop' : 'save_stop');
    button.setAttribute('aria-pressed', String(saved !== undefined));
    label.form.hidden = saved === undefined;
    label.input.value = saved?.own ?? '';
    label.input.placeholder = stop.name;
  };
  /** @param {string} text */
  const tell = (text) => {
    if (said) said.textContent = text;
    label.said.textContent = text;
  };
  label.button.textContent = say('keep');
  label.form.addEventListener('submit', (event) => {
    event.preventDefault();
    const own = label.input.value.trim();
    const stops = readSaved().map(({ own: _, ...other }) =>
      other.code === stop.code ? { ...other, ...(own && { own }) } : { ...other, ...(_ && { own: _ }) },
    );
    tell(writeSaved(stops) ? say('saved_said', { name: own || stop.name }) : say('saved_lost'));
  });
  button.addEventListener('click', () => {
    const stops = readSaved();
    const others = stops.filter(({ code }) => code !== stop.code);
    const removing = others.length < stops.length;
    if (!removing && stops.length >= MOST) return tell(say('saved_full', { n: stops.length }));
    const kept = writeSaved(removing ? others : [...stops, { code: stop.code, name: stop.name }]);
    show();
    if (!kept) tell(say('saved_lost'));
    else tell(say(removing ? 'removed_said' : 'saved_said', { name: stop.name }));
  });
  show();
  // Another tab may have saved or removed it.
  addEventListener('storage', ({ key }) => (key === KEY || key === null) && show());
}

/**
 * A field with a button, made here since only scripts use it.
 * @param {Element} place @param {string} text
 */
function named(place, text) {
  const form = document.createElement('form');
  form.className = 'find';
  const label = document.createElement('label');
  const input = document.createElement('input');
  input.maxLength = LONGEST;
  input.autocomplete = 'off';
  label.append(text, input);
  const button = document.createElement('button');
  const said = document.createElement('p');
  said.className = 'soft';
  form.append(label, button);
  place.append(form, said);
  return { form, input, button, said };
}

/** @param {Page} page */
export function showSaved(page) {
  const { prefix, say } = page;
  const section = document.getElementById('saved');
  const list = section?.querySelector('ul');
  const [hint, said] = section?.querySelectorAll('p') ?? [];
  if (!section || !list || !hint || !said) return;
  section.hidden = false;
  /** @type {(() => void) | undefined} */
  let paintBuses;

  /**
   * @param {(stops: SavedStop[]) => SavedStop[]} change @param {string} text What is said of it.
   * @param {string} [focus] Selects what has the focus afterwards.
   */
  const apply = (change, text, focus) => {
    const kept = writeSaved(change(readSaved()));
    show();
    said.textContent = kept ? text : say('saved_lost');
    const next = focus === undefined ? null : list.querySelector(focus);
    if (next instanceof HTMLElement && !(next instanceof HTMLButtonElement && next.disabled)) next.focus();
    else list.querySelector('a')?.focus();
  };

  const show = () => {
    const stops = readSaved();
    hint.textContent = storageWorks() ? say('saved_none') : say('saved_lost');
    hint.hidden = stops.length > 0;
    list.replaceChildren(...stops.map((stop, at) => item(stop, at, stops.length)));
    paintBuses?.();
  };

  /** @param {SavedStop} stop @param {number} at @param {number} count */
  const item = (stop, at, count) => {
    const name = stop.own ?? stop.name;
    const li = document.createElement('li');
    li.dataset['code'] = stop.code;
    const link = document.createElement('a');
    link.href = `${prefix}/stops/${stop.code}`;
    link.textContent = name;
    const about = document.createElement('p');
    about.textContent = stop.own ? `${stop.code} · ${stop.name}` : stop.code;
    const tools = document.createElement('div');
    tools.className = 'tools';
    /** @param {string} sign @param {string} key @param {boolean} usable @param {() => void} act */
    const tool = (sign, key, usable, act) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.textContent = sign;
      button.disabled = !usable;
      button.dataset['tool'] = `${key} ${stop.code}`;
      button.setAttribute('aria-label', say(key, { name }));
      button.addEventListener('click', act);
      tools.append(button);
    };
    /** @param {number} by @param {string} key */
    const move = (by, key) => () =>
      apply(
        (stops) => moved(stops, stop.code, by),
        say('moved_said', { name, n: at + by + 1 }),
        `[data-tool="${key} ${stop.code}"]`,
      );
    tool('↑', 'move_up', at > 0, move(-1, 'move_up'));
    tool('↓', 'move_down', at < count - 1, move(1, 'move_down'));
    tool('✎', 'rename', true, () => rename(li, stop));
    tool('✕', 'remove', true, () =>
      apply((stops) => stops.filter(({ code }) => code !== stop.code), say('removed_said', { name })),
    );
    li.append(link, about, tools);
    return li;
  };

  /** @param {HTMLElement} li @param {SavedStop} stop */
  const rename = (li, stop) => {
    if (li.querySelector('form')) return;
    const { form, input, button } = named(li, say('own_name'));
    button.textContent = say('keep');
    input.value = stop.own ?? '';
    input.placeholder = stop.name;
    input.focus();
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const own = input.value.trim();
      const renamed = { code: stop.code, name: stop.name, ...(own && { own }) };
      apply(
        (stops) => stops.map((other) => (other.code === stop.code ? renamed : other)),
        say('saved_said', { name: own || stop.name }),
        `[data-tool="rename ${stop.code}"]`,
      );
    });
  };

  show();
  const startBuses = async () => {
    const { startSavedBuses } = await import('./saved-buses.js');
    paintBuses = startSavedBuses(page, list);
  };
  // The list itself waits for nothing.
  if (list.children.length > 0) void startBuses().catch(() => undefined);
  // Another tab may have changed it, or this page may come back from the browser's memory.
  addEventListener('storage', show);
  addEventListener('pageshow', show);
}

/**
 * @param {SavedStop[]} stops @param {string} code @param {number} by
 * @returns {SavedStop[]}
 */
function moved(stops, code, by) {
  const from = stops.findIndex((stop) => stop.code === code);
  const stop = stops[from];
  if (!stop) return stops;
  const others = stops.filter((other) => other !== stop);
  others.splice(from + by, 0, stop);
  return others;
}
