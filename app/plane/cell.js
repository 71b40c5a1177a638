// The chosen cell in numbers, and the curve of the cell under the pointer.

import { el, mark, say, show } from "../board/dom.js";
import { figureTable } from "../board/tables.js";
import { Panel } from "../board/panel.js";

const REST = 70; // ms the pointer rests on a cell until its curve is fetched
const AGAIN = 900; // ms between two fetches of the same cell while it learns
const KEPT = 200;

export class CellPanel {
  constructor({ plots, acts, trouble }) {
    Object.assign(this, { plots, trouble, glanced: null, known: new Map() });
    this.name = el("h3", {});
    this.verdict = el("p", { class: "verdict" });
    this.numbers = el("dl", { class: "cell-numbers" });
    this.lab = el(
      "button",
      { class: "button", type: "button", onclick: () => acts.do("lab", this.cell) },
      "Train this cell in the Lab",
    );
    this.compare = el(
      "button",
      {
        class: "button",
        type: "button",
        title: "Train it anew and put it beside the cells sent before",
        onclick: () => acts.do("compare", this.cell),
      },
      "Compare",
    );
    this.curve = new Panel({
      area: "area-curve",
      views: [{ name: "curve", title: "How it learns", body: plots.slot("curve", 150), rows: () => this.rows() }],
    });
    this.element = el(
      "section",
      { class: "area-cell", "aria-label": "The chosen cell" },
      el("header", {}, this.name, this.lab, this.compare),
      this.verdict,
      this.numbers,
      this.curve.element,
    );
  }

  set({ cell, curves_url: url, live, map }) {
    const { column, row } = cell;
    this.cell = { column, row };
    this.names = map.data[0].text;
    say(this.name, cell.name);
    say(this.verdict, cell.verdict);
    const lines = cell.numbers.map(([name, value, between]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value, " ", el("span", { class: "between" }, between))),
    );
    this.numbers.replaceChildren(...lines);
    this.title = cell.name;
    if (url !== this.url) {
      const moved = this.url?.split("?")[0] !== url.split("?")[0];
      this.url = url;
      if (moved) this.known.clear();
    }
    this.live = live;
    this.draw();
  }

  /** The pointer rests on a cell, or has left the map. */
  glance(cell) {
    this.glanced = cell;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.draw(), REST);
  }

  draw() {
    const cell = this.glanced ?? this.cell;
    if (!cell) return;
    const key = `${cell.column},${cell.row}`;
    const held = this.known.get(key);
    if (held?.figure) this.offer(cell, held.figure);
    const now = performance.now();
    if (held && (held.url === this.url || (this.live && now - held.asked < AGAIN))) return;
    const entry = { url: this.url, asked: now, figure: held?.figure };
    this.known.delete(key);
    this.known.set(key, entry);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    fetch(`${this.url}&column=${cell.column}&row=${cell.row}`)
      .then((answer) => answer.json())
      .then(({ figure, error }) => {
        if (error) throw new Error(error);
        entry.figure = figure;
        const current = this.glanced ?? this.cell;
        if (current.column === cell.column && current.row === cell.row) this.offer(cell, figure);
      })
      .catch((error) => {
        entry.url = null;
        if (!this.live) this.trouble(`The curve of this cell could not be loaded. ${error.message}`);
      });
  }

  offer({ column, row }, figure) {
    const name = this.nameOf(column, row);
    this.curve.tell({ curve: `${name}, validation accuracy` });
    this.plots.describe("curve", `Validation accuracy of ${name} over the steps`);
    this.plots.offer("curve", figure);
    mark(this.element, "data-curve", `${column},${row}`);
    show(this.curve.element, true);
    this.curve.refreshTable();
  }

  nameOf(column, row) {
    return this.names?.[row]?.[column]?.split("<br>")[0].replaceAll(/<\/?b>/g, "") ?? this.title;
  }

  rows() {
    const figure = this.plots.figure("curve");
    return figure ? figureTable(figure) : null;
  }

  close() {
    window.clearTimeout(this.timer);
  }
}
