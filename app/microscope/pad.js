// A pad to draw a digit on, and beside it the 8 x 8 picture that the networks see. A mouse, a pen or a finger draws on
// the pad; on the picture the arrow keys move from cell to cell and Space inks them.

import { el, mark, say, show, svg } from "../board/dom.js";
import { cellsOf, SIDE } from "./strokes.js";

const FULL = 16; // levels of ink in a cell
const PEN = 0.07; // width of the line on the pad, in its sides
const NEAR = 0.004; // points nearer than this to the last one say nothing new
const SETTLE = 500; // ms after the last key until the hand counts as having let go
const LEAPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * `changed(cells)` at every point of a stroke and every key, `committed(cells)` when the hand lets go; both also when
 * the pad is wiped, with zeros. Cells are 64 numbers in [0, 1], row by row. Put `element` anywhere; it fills the width.
 */
export class Pad {
  constructor({ changed, committed }) {
    Object.assign(this, { changed, committed });
    this.strokes = [];
    this.hand = null; // the pointer that draws
    this.cells = new Float64Array(SIDE * SIDE);
    this.cursor = 0;
    this.lines = svg("g");
    this.hint = el("span", { class: "hint", "aria-hidden": "true" }, "Draw a digit here");
    this.surface = el(
      "div",
      {
        class: "surface",
        "data-testid": "pad",
        role: "img",
        "aria-label": "Pad: draw a digit with mouse, pen or finger. With keys, use the grid that follows.",
        onpointerdown: (event) => this.down(event),
        onpointermove: (event) => this.move(event),
        onpointerup: (event) => this.up(event),
        onpointercancel: (event) => this.up(event),
        onlostpointercapture: (event) => this.up(event),
      },
      svg("svg", { viewBox: "0 0 1 1", "aria-hidden": "true", "stroke-width": PEN }, this.lines),
      this.hint,
    );
    this.grid = this.gridElement();
    this.wipe = el("button", { class: "quiet", type: "button", onclick: () => this.clear() }, "Clear");
    this.heard = el("p", { class: "unseen", role: "status" });
    this.element = el(
      "div",
      { class: "pad", onkeydown: (event) => this.key(event) },
      el("link", { rel: "stylesheet", href: new URL("pad.css", import.meta.url).href }),
      this.surface,
      el("div", { class: "seen" }, this.grid, el("p", {}, "What the networks see. Arrows move, Space inks."), this.wipe),
      this.heard,
    );
    this.draw();
  }

  gridElement() {
    this.boxes = Array.from(this.cells, (_, at) =>
      el("div", { role: "gridcell", class: "cell", "data-cell": at, onpointerdown: (event) => this.press(event, at) }),
    );
    const rows = Array.from({ length: SIDE }, (_, row) =>
      el("div", { role: "row" }, ...this.boxes.slice(row * SIDE, (row + 1) * SIDE)),
    );
    const label = "The 8 by 8 picture that the networks see; arrow keys move, Space inks a cell, Delete clears";
    return el("div", { role: "grid", class: "cells", "aria-label": label }, ...rows);
  }

  /** Wipe the pad. */
  clear() {
    this.strokes = [];
    this.hand = null;
    this.cells = new Float64Array(SIDE * SIDE);
    this.follow();
    this.settle();
  }

  /** Show other cells, as from an answer of the server; what the hand has drawn stays where they are the same. */
  set(cells) {
    const same = this.cells.every((value, at) => Math.abs(value - cells[at]) < 1e-3);
    if (same || this.hand !== null || this.timer) return;
    this.strokes = [];
    this.cells = Float64Array.from(cells);
    this.draw();
    this.tell();
  }

  down(event) {
    if (this.hand !== null || event.button !== 0) return;
    event.preventDefault();
    this.surface.setPointerCapture(event.pointerId);
    window.clearTimeout(this.timer);
    this.timer = null;
    this.hand = event.pointerId;
    this.strokes.push([]);
    this.take(event);
    this.trace();
  }

  move(event) {
    if (event.pointerId !== this.hand) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const point of passed.length ? passed : [event]) this.take(point);
    this.trace();
  }

  up(event) {
    if (event.pointerId !== this.hand) return;
    this.hand = null;
    this.settle();
  }

  /** One more point of the stroke in the hand, in sides of the pad. */
  take({ clientX, clientY }) {
    const { left, top, width, height } = this.surface.getBoundingClientRect();
    const inside = (share) => Math.min(Math.max(share, 0), 1);
    const point = [inside((clientX - left) / width), inside((clientY - top) / height)];
    const stroke = this.strokes.at(-1);
    const last = stroke.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) stroke.push(point);
  }

  trace() {
    this.cells = cellsOf(this.strokes);
    this.follow();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const leap = LEAPS[event.key];
    const wipes = event.key === "Backspace" || event.key === "Delete";
    const onGrid = this.grid.contains(event.target);
    if (!wipes && !(onGrid && (leap || event.key === " "))) return;
    event.preventDefault();
    event.stopPropagation();
    if (wipes) this.clear();
    else if (leap) this.walk(leap);
    else this.ink(this.cursor);
  }

  walk([down, right]) {
    const inside = (place) => Math.min(Math.max(place, 0), SIDE - 1);
    this.cursor = inside(Math.floor(this.cursor / SIDE) + down) * SIDE + inside((this.cursor % SIDE) + right);
    this.draw();
    this.boxes[this.cursor].focus();
  }

  press(event, at) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.cursor = at;
    this.ink(at);
    this.boxes[at].focus();
  }

  /** A cell's ink goes from none to half to full and back; the strokes no longer say what is seen, so they go. */
  ink(at) {
    const level = Math.round(this.cells[at] * FULL);
    this.strokes = [];
    this.cells = Float64Array.from(this.cells);
    this.cells[at] = level >= FULL ? 0 : level >= FULL / 2 ? 1 : 0.5;
    this.follow();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.settle(), SETTLE);
  }

  follow() {
    this.draw();
    this.changed(this.cells);
  }

  settle() {
    window.clearTimeout(this.timer);
    this.timer = null;
    this.tell();
    this.committed(this.cells);
  }

  draw() {
    while (this.lines.childElementCount > this.strokes.length) this.lines.lastChild.remove();
    while (this.lines.childElementCount < this.strokes.length) this.lines.append(svg("polyline"));
    this.strokes.forEach((stroke, at) => {
      // A line of one point would not be seen: a dot is a line to itself.
      const points = stroke.length === 1 ? [stroke[0], stroke[0]] : stroke;
      mark(this.lines.children[at], "points", points.map((point) => point.map((n) => n.toFixed(4)).join()).join(" "));
    });
    show(this.hint, !this.strokes.length);
    this.boxes.forEach((box, at) => {
      box.style.setProperty("--inked", this.cells[at].toFixed(4));
      mark(box, "tabindex", at === this.cursor ? 0 : -1);
      mark(box, "aria-label", this.describe(at));
    });
  }

  describe(at) {
    const level = Math.round(this.cells[at] * FULL);
    const ink = { 0: "empty", 8: "half inked", 16: "inked" }[level] ?? `${level} sixteenths inked`;
    return `row ${Math.floor(at / SIDE) + 1}, column ${(at % SIDE) + 1}: ${ink}`;
  }

  tell() {
    const inked = this.cells.filter((value) => value > 0).length;
    say(this.heard, inked ? `A drawing with ink in ${inked} of ${SIDE * SIDE} cells.` : "The pad is empty.");
  }

  close() {
    window.clearTimeout(this.timer);
  }
}
