// A page of small pictures, each of them a choice: arrow keys move between them and turn the page.

import { el, mark, say, show } from "../board/dom.js";
import { Picture } from "./picture.js";

const GAP = 4;
const STACKED = 3; // lines where everything stands in one column

export class Gallery {
  /** `choose(row)`; `label(row)` names a picture for the ear, `under(row)` writes the line below it. */
  constructor({ title, side, lines, choose, label, under }) {
    Object.assign(this, { side, lines, choose, label, under });
    this.rows = [];
    this.page = 0;
    this.items = [];
    const moved = (event) => this.key(event);
    this.grid = el("div", { class: "gallery", role: "group", "aria-label": title, onkeydown: moved });
    this.count = el("span", { class: "count" });
    this.back = this.turner("‹", "Previous pictures", -1);
    this.forth = this.turner("›", "Next pictures", 1);
    this.pager = el("span", { class: "pager" }, this.back, this.count, this.forth);
    new ResizeObserver(() => this.fit()).observe(this.grid);
  }

  turner(text, name, by) {
    return el("button", { class: "quiet", type: "button", "aria-label": name, onclick: () => this.turn(by) }, text);
  }

  /** Another list of rows of this stage; `chosen` is marked, and its page is opened unless this one is to `stay`. */
  set(stage, rows, chosen, stay = false) {
    Object.assign(this, { stage, rows, chosen });
    if (!stay) this.page = Math.floor(Math.max(rows.indexOf(chosen), 0) / this.size);
    this.page = Math.min(this.page, this.pages - 1);
    this.build();
  }

  get size() {
    const stacked = getComputedStyle(this.grid).getPropertyValue("--stacked").trim() === "1";
    return (this.columns ?? 5) * (stacked ? Math.min(this.lines, STACKED) : this.lines);
  }

  get pages() {
    return Math.max(1, Math.ceil(this.rows.length / this.size));
  }

  fit() {
    const columns = Math.max(3, Math.floor((this.grid.clientWidth + GAP) / (this.cell + GAP)));
    if (columns === this.columns || !this.grid.clientWidth || !this.stage) return;
    this.columns = columns;
    this.set(this.stage, this.rows, this.chosen);
  }

  /** The width of one cell: pictures are shown in whole multiples of their pixels. */
  get cell() {
    if (!this.stage?.shape) return this.side + 6;
    const [height, width] = this.stage.shape;
    return Math.max(1, Math.round(this.side / height)) * width + 6;
  }

  build() {
    const from = this.page * this.size;
    const rows = this.rows.slice(from, from + this.size);
    while (this.items.length < rows.length) this.items.push(this.item());
    this.items.length = rows.length;
    this.items.forEach((item, at) => this.fill(item, rows[at]));
    this.grid.style.gridTemplateColumns = `repeat(${this.columns ?? 5}, minmax(0, 1fr))`;
    this.grid.replaceChildren(...this.items.map(({ button }) => button));
    const none = !this.rows.length;
    say(this.count, none ? "no picture" : `${from + 1} to ${from + rows.length} of ${this.rows.length}`);
    show(this.back, this.pages > 1);
    show(this.forth, this.pages > 1);
    this.back.disabled = this.page === 0;
    this.forth.disabled = this.page === this.pages - 1;
    this.ring(this.chosen);
  }

  item() {
    const picture = new Picture();
    const line = el("span", { class: "line" });
    const button = el("button", { class: "example", type: "button" }, picture.element, line);
    return { picture, line, button };
  }

  fill(item, row) {
    item.row = row;
    mark(item.button, "data-row", row);
    item.picture.set(this.stage, row, this.side);
    const { text, odd } = this.under(row);
    say(item.line, text);
    item.button.classList.toggle("odd", odd);
    item.button.onclick = () => this.choose(row);
    mark(item.button, "aria-label", this.label(row));
    item.button.title = this.label(row);
  }

  /** Mark the chosen picture; it is the one that Tab reaches, else the first. */
  ring(row) {
    this.chosen = row;
    const at = Math.max(this.items.findIndex((item) => item.row === row), 0);
    this.items.forEach((item, k) => {
      mark(item.button, "aria-pressed", String(item.row === row));
      mark(item.button, "tabindex", k === at ? 0 : -1);
    });
  }

  turn(by) {
    const page = Math.min(Math.max(this.page + by, 0), this.pages - 1);
    if (page === this.page) return false;
    this.page = page;
    this.build();
    return true;
  }

  key(event) {
    const columns = this.columns ?? 5;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const from = this.items.findIndex((item) => item.button === document.activeElement);
    if (!by || from < 0) return;
    event.preventDefault();
    event.stopPropagation();
    let to = from + by;
    if (to < 0 || to >= this.items.length) {
      if (!this.turn(Math.sign(by))) return;
      to = by > 0 ? 0 : this.items.length - 1;
    }
    this.items.forEach((item, k) => mark(item.button, "tabindex", k === to ? 0 : -1));
    this.items[to].button.focus();
  }
}
