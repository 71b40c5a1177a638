// The map: colours, outline, hatching, and a cursor that the pointer and the arrow keys move from cell to cell.

import { el, mark, say, show } from "../board/dom.js";
import { Panel } from "../board/panel.js";

const SETTLE = 300; // ms after the last arrow key until the cell is chosen
const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class PlaneMap {
  constructor({ plots, choose, train, colour }) {
    Object.assign(this, { plots, choose, train });
    this.cell = null;
    this.frame = el("div", { class: "cell-cursor", hidden: true });
    const canvas = plots.slot("map", 0);
    canvas.append(this.frame);
    this.spoken = el("p", { class: "unseen", "aria-live": "polite" });
    this.keys = el(
      "div",
      {
        class: "map-keys",
        tabindex: 0,
        role: "application",
        "aria-label": "The plane. Arrow keys go from cell to cell, Enter trains the cell in the Lab.",
        onkeydown: (event) => this.key(event),
      },
      canvas,
    );
    this.body = el("div", { class: "map-body" }, this.keys, this.spoken);
    this.measure = el("select", { "aria-label": "Colour by", onchange: () => colour(this.measure.value) });
    const help = el("button", { class: "quiet help", type: "button", onclick: () => this.explain() }, "what is hatched?");
    this.help = help;
    this.helpText = el("p", { class: "map-help", hidden: true });
    this.body.prepend(this.helpText);
    this.panel = new Panel({
      area: "area-map",
      views: [{ name: "map", title: "The plane", body: this.body, rows: () => this.rows() }],
      tools: [this.measure, help],
    });
  }

  set(snapshot) {
    const { map, shape, cell, measures, measure, describes, heard, help } = snapshot;
    this.shape = shape;
    this.fill(measures, measure);
    say(this.helpText, help);
    this.panel.tell({ map: heard });
    this.plots.describe("map", describes);
    this.plots.offer("map", map);
    this.figure = map;
    if (!this.moving) this.point(cell);
    this.panel.refreshTable();
  }

  fill(measures, chosen) {
    const key = JSON.stringify(measures);
    if (key !== this.filled) {
      this.filled = key;
      this.measure.replaceChildren(...measures.map(({ name, label }) => el("option", { value: name }, label)));
    }
    if (document.activeElement !== this.measure || this.measure.value === chosen) this.measure.value = chosen;
  }

  explain() {
    show(this.helpText, this.helpText.hidden);
    mark(this.help, "aria-expanded", String(!this.helpText.hidden));
  }

  /** The cursor stands on this cell. */
  point({ column, row }) {
    this.cell = { column, row };
    this.follow();
  }

  /** Lay the cursor where the chart has drawn its cell. */
  follow() {
    const layout = this.plots.slots.get("map").canvas._fullLayout;
    const { xaxis, yaxis } = layout ?? {};
    show(this.frame, Boolean(this.cell && xaxis?.d2p && yaxis?.d2p));
    if (this.frame.hidden) return;
    const width = xaxis.d2p(1) - xaxis.d2p(0);
    const height = yaxis.d2p(0) - yaxis.d2p(1);
    const left = xaxis._offset + xaxis.d2p(this.cell.column) - width / 2;
    const top = yaxis._offset + yaxis.d2p(this.cell.row) - height / 2;
    Object.assign(this.frame.style, {
      transform: `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`,
      width: `${width.toFixed(1)}px`,
      height: `${height.toFixed(1)}px`,
    });
  }

  key(event) {
    if (!this.cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (event.key === "Enter") {
      event.preventDefault();
      this.settle();
      this.train(this.cell);
    }
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const [rows, columns] = this.shape;
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    this.point({
      column: within(this.cell.column + step[0], columns),
      row: within(this.cell.row + step[1], rows),
    });
    this.moving = true;
    say(this.spoken, this.text(this.cell));
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.settle(), SETTLE);
  }

  settle() {
    window.clearTimeout(this.timer);
    if (this.moving) this.choose(this.cell);
    this.moving = false;
  }

  text({ column, row }) {
    return (this.figure?.data[0].text[row][column] ?? "").replaceAll(/<\/?b>/g, "").replaceAll("<br>", ", ");
  }

  /** The numbers as a table, as they lie on the map: the highest row first. */
  rows() {
    if (!this.figure) return null;
    const { xaxis, yaxis } = this.figure.layout;
    const { text } = this.figure.data[0];
    const names = (axis, count) => Array.from({ length: count }, (_, k) => axis.ticktext[axis.tickvals.indexOf(k)] ?? "");
    const across = names(xaxis, text[0].length);
    const up = names(yaxis, text.length);
    const written = (cell) => cell.split("<br>").slice(1, 3).join(", ").replace(/, n = [^,]*/, "");
    const body = text.map((line, row) => [up[row], ...line.map(written)]).reverse();
    return [[`${yaxis.title.text} / ${xaxis.title.text}`, ...across], ...body];
  }
}
