// Small helpers to build and change elements. Text goes in through textContent only.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: el("button", {class: "quiet", onclick: act, "aria-label": "Step"}, "Step"). */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in the SVG namespace. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Write a text only if it differs: no layout, and no announcement, when nothing changed. */
export function say(node, text) {
  const next = text ?? "";
  if (node.textContent !== next) node.textContent = next;
}

/** Set or remove an attribute only if it differs. */
export function mark(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Does the person ask for less motion? */
export function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  step: "M3 2.5v11l7-5.5zM11 2.5h2v11h-2z",
  reset: "M8 3a5 5 0 1 1-4.6 3l1.4.6A3.5 3.5 0 1 0 8 4.5V7L4.5 3.7 8 .5z",
  seeds: "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
  live: "M3 2.5l7 5.5-7 5.5zM11 2.5h2v11h-2z",
};

/** A small drawn sign for a button; the button carries the words. */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true", class: "icon" },
    svg("path", { d: ICONS[name] }),
  );
}

const TAKES_LETTERS = ["input:not([type=range])", "textarea", "select", "[contenteditable=true]"]
  .concat(["textbox", "combobox", "listbox", "dialog", "menu"].map((role) => `[role=${role}]`))
  .join();

/** Does this element take letters, so that they are not shortcuts? */
export function typing(target) {
  return Boolean(target?.closest?.(TAKES_LETTERS));
}
