// Elements without innerHTML, and boxes that change in place: what stays the same stays the same
// node, so that a selection, the focus and the place it was scrolled to outlive the next sample.

// Styles are set as properties: the policy of the page takes no style attribute.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'style') Object.assign(made.style, value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...nodes(children));
  return made;
}

// A name or a sentence that others wrote: it may run from right to left.
export function foreign(text) {
  return element('bdi', {}, text);
}

// A section with a heading. What is in it may be wider than the screen: then it scrolls by itself,
// and can be scrolled by keyboard.
export function section(id, title, ...children) {
  return element(
    'section',
    {'aria-labelledby': `${id}-title`},
    element('h2', {id: `${id}-title`}, title),
    ...children,
  );
}

export function scrolling(id, ...children) {
  return element(
    'div',
    {class: 'scrolls', tabindex: 0, role: 'group', 'aria-labelledby': `${id}-title`},
    ...children,
  );
}

// Makes the children of `box` be like these. One with a data-key is the node that had it before.
export function show(box, ...children) {
  const fresh = nodes(children).map((child) =>
    child instanceof Node ? child : document.createTextNode(child),
  );
  const keys = new Set(fresh.map(keyOf));
  const kept = new Map();
  for (const child of [...box.childNodes]) {
    const key = keyOf(child);
    if (key === undefined) continue;
    if (keys.has(key)) kept.set(key, child);
    else child.remove();
  }
  let at = box.firstChild;
  for (const child of fresh) {
    const key = keyOf(child);
    const old = key === undefined ? at : kept.get(key);
    if (old && keyOf(old) === key) {
      if (old === at) at = at.nextSibling;
      else box.insertBefore(old, at);
      if (old !== child) become(old, child);
    } else {
      box.insertBefore(child, at);
    }
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function nodes(children) {
  return children
    .flat()
    .filter((child) => child !== null && child !== undefined && child !== '')
    .map((child) => (child instanceof Node ? child : String(child)));
}

function keyOf(node) {
  return node.dataset?.key;
}

function become(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return undefined;
  }
  for (const {name} of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const {name, value} of fresh.attributes) {
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  return show(old, ...fresh.childNodes);
}
