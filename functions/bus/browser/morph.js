/** Makes one element like another with as few changes as can be, so that the focus and what a screen reader reads stay where they are. */

/** @param {Element} old @param {Element} next */
export function morph(old, next) {
  const focused = document.activeElement;
  alike(old, next);
  // Moving an element takes the focus from it.
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected)
    focused.focus({ preventScroll: true });
}

/** @param {Element} old @param {Element} next */
function alike(old, next) {
  // What somebody opened stays open.
  for (const { name } of [...old.attributes])
    if (!next.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const keyed = new Map([...old.children].flatMap((child) => (keyOf(child) ? [[keyOf(child), child]] : [])));
  /** @type {ChildNode | null} */
  let at = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = wanted instanceof Element ? keyOf(wanted) : undefined;
    const known = key === undefined ? undefined : keyed.get(key);
    if (known) {
      if (known !== at) old.insertBefore(known, at);
      alike(known, /** @type {Element} */ (wanted));
      at = known.nextSibling;
    } else if (at && key === undefined && isLike(at, wanted)) {
      if (at instanceof Element) alike(at, /** @type {Element} */ (wanted));
      else if (at.nodeValue !== wanted.nodeValue) at.nodeValue = wanted.nodeValue;
      at = at.nextSibling;
    } else old.insertBefore(document.importNode(wanted, true), at);
  }
  while (at) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
}

/** @param {Element} element @returns {string | undefined} */
function keyOf(element) {
  return element.getAttribute('data-row') ?? (element.id || undefined);
}

/** @param {ChildNode} one @param {Node} other */
function isLike(one, other) {
  if (one.nodeType !== other.nodeType || one.nodeName !== other.nodeName) return false;
  return !(one instanceof Element) || keyOf(one) === undefined;
}
