// Who is seen on the board and where everybody stands: what is hidden gives its room to the others.

import { calm, mark, show } from "./dom.js";

const NARROW = 1000; // px: beside a lesson's text the board has two thirds of the page
const atLeast = (height, share) => `minmax(calc(${height} * var(--v)), ${share}fr)`;
const PICTURES = [atLeast(189, 1), atLeast(128, 0.6)]; // wide, narrow
const CHART = [atLeast(230, 1), atLeast(185, 1)];
const LOWER = [atLeast(149, 0.785), atLeast(150, 0.7)];

/**
 * The rows of the grid and the place of every part in it, as CSS writes them. `seen(name)` tells who is there.
 * With everything there it is the Lab: pictures and an example left, curves right, two networks' views below.
 */
export function arrange(seen, narrow) {
  const rows = [];
  const places = {};
  const [pictures, chart, lower] = [PICTURES, CHART, LOWER].map((heights) => heights[Number(Boolean(narrow))]);
  const row = (height, ...cells) => {
    rows.push(height);
    let column = 1;
    for (const [name, span, lines = 1] of cells) {
      places[name] = `${rows.length} / ${column} / span ${lines} / span ${span}`;
      column += span;
    }
  };
  for (const bar of ["head", "transport", "strip"]) if (seen(bar)) row("auto", [bar, 12]);

  const left = ["heard", "example"].filter(seen);
  const [curves, views, classes] = ["accuracy", "embedding", "similarity"].map(seen);
  const beside = narrow || !left.length ? null : curves && (views || !classes) ? "accuracy" : null;
  left.forEach((name, k) => {
    const height = name === "heard" ? pictures : "max-content";
    if (!beside) row(height, [name, 12]);
    else if (k > 0) row(height, [name, 7]);
    else row(left.length === 1 ? chart : height, [name, 7], [beside, 5, left.length]);
  });
  if (curves && !beside) row(chart, ...(classes ? [["accuracy", 7], ["similarity", 5]] : [["accuracy", 12]]));
  const apart = classes && (beside || !curves);
  const below = curves ? lower : chart;
  if (views) row(below, ...(apart && !narrow ? [["embedding", 8], ["similarity", 4]] : [["embedding", 12]]));
  if (apart && (narrow || !views)) row(below, ["similarity", 12]);

  if (views || (classes && apart)) places.walk = `${rows.length} / 1 / span 1 / span 12`;
  else row("auto", ["walk", 12]);
  if (seen("timeline")) row("auto", ["timeline", 12]);
  return { rows: rows.join(" "), places };
}

export class Room {
  /** `parts`: the elements by name; besides the parts of an address also head, strip, walk. */
  constructor(root, parts, { strip, head }) {
    Object.assign(this, { root, parts, strip, head });
    this.hidden = new Set();
    this.sized = new ResizeObserver(() => this.widen());
    this.onResize = () => this.fit();
    window.addEventListener("resize", this.onResize);
  }

  /** A lesson's text is brought to where one reads: its top at another step, its result once that is there. */
  turn(page, revealed) {
    const known = this.page !== undefined;
    const other = page !== this.page;
    const part = other ? "bar" : revealed && !this.revealed ? "result" : null;
    Object.assign(this, { page, revealed });
    if (!known || !part) return;
    const behavior = calm() || other ? "auto" : "smooth";
    document.querySelector(`.st-key-lesson-${part}`)?.scrollIntoView({ block: "nearest", behavior });
  }

  /** What is hidden and how large the type is; both seldom change. */
  update({ hidden = [], present = false, page = null, revealed = false }) {
    this.turn(page, revealed);
    const key = JSON.stringify([hidden, present]);
    if (key === this.key) return;
    this.key = key;
    this.hidden = new Set(hidden);
    this.root.classList.toggle("present", present);
    this.strip.hide(this.hidden);
    this.head.hide(this.hidden);
    const { strip, head, walk, ...others } = this.parts;
    for (const [name, element] of Object.entries(others)) show(element, this.seen(name));
    show(strip, this.seen("strip"));
    this.place();
    this.fit();
  }

  seen(name) {
    if (name === "head") return true;
    if (name === "strip") return !(this.hidden.has("temperature") && this.hidden.has("alpha"));
    return !this.hidden.has(name);
  }

  place() {
    const { rows, places } = arrange((name) => this.seen(name), this.narrow);
    this.root.style.setProperty("--rows", rows);
    for (const [name, element] of Object.entries(this.parts)) {
      const area = places[name] ?? "";
      if (element.style.gridArea !== area) element.style.gridArea = area;
    }
  }

  /** The board fills what the window leaves below the page's own line of controls. */
  fit() {
    if (!this.root.isConnected) return;
    this.sized.observe(this.root.parentElement);
    let above = this.root.getBoundingClientRect().top;
    for (let node = this.root.parentElement; node; node = node.parentElement) above += node.scrollTop;
    this.root.style.setProperty("--above", `${Math.round(above)}px`);
    this.widen();
  }

  widen() {
    const width = this.root.parentElement?.clientWidth ?? 0;
    const narrow = width > 0 && width < NARROW * (this.root.classList.contains("present") ? 1.4 : 1);
    if (narrow === this.narrow) return;
    this.narrow = narrow;
    mark(this.root, "data-narrow", narrow);
    this.place();
  }

  close() {
    this.sized.disconnect();
    window.removeEventListener("resize", this.onResize);
  }
}
