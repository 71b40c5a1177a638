// Everything the students ever hear: the transfer pictures, each with the teacher's opinion at temperature T. Where
// examples are numbers alone and there is no picture of them, their class stands in its place.
// The bars are worked out here, from the teacher's logits, so they follow the hand.

import { el, mark, say, show, svg } from "./dom.js";
import { barsPath, softmax, spoken, spread } from "./soft.js";

const PAGE = 30;
const GAP = 6; // between cells, px
const FOOT = 5; // below the bars, where the mark of the label stands, px

export class Heard {
  /** `follow(row)` is called when a picture is chosen. */
  constructor({ follow }) {
    this.follow = follow;
    this.items = [];
    this.page = 0;
    this.temperature = 4;
    this.grid = el("div", {
      class: "thumbs",
      role: "group",
      onkeydown: (event) => this.walk(event),
    });
    this.count = el("span", { class: "count" });
    this.back = el(
      "button",
      { class: "quiet", type: "button", "aria-label": "Previous page", onclick: () => this.turn(-1) },
      "‹",
    );
    this.forth = el(
      "button",
      { class: "quiet", type: "button", "aria-label": "Next page", onclick: () => this.turn(1) },
      "›",
    );
    this.pager = el("span", { class: "pager" }, this.back, this.count, this.forth);
    this.element = el("div", { class: "heard-body" }, this.grid);
    new ResizeObserver(() => this.arrange()).observe(this.element);
  }

  /** A new run, or another seed: other pictures. */
  set(stage, seed) {
    this.stage = stage;
    const { rows, labels } = stage.heard(seed);
    this.rows = rows;
    this.labels = labels;
    this.page = 0;
    this.thing = stage.sheet ? "Picture" : "Example";
    mark(this.grid, "aria-label", `${this.thing}s the students hear; arrow keys move between them`);
    this.build();
  }

  turn(by) {
    this.page = Math.min(Math.max(this.page + by, 0), this.pages - 1);
    this.build();
  }

  get pages() {
    return Math.max(1, Math.ceil(this.rows.length / PAGE));
  }

  build() {
    const from = this.page * PAGE;
    const rows = this.rows.slice(from, from + PAGE);
    this.items = rows.map((row, at) => this.item(row, this.labels[from + at]));
    this.grid.replaceChildren(...this.items.map((item) => item.button));
    show(this.pager, this.rows.length > PAGE);
    const whole = this.stage.transfer_size > this.rows.length ? ` (${this.stage.transfer_size} are heard)` : "";
    say(this.count, `${from + 1} to ${from + rows.length} of ${this.rows.length}${whole}`);
    this.back.disabled = this.page === 0;
    this.forth.disabled = this.page === this.pages - 1;
    this.arrange(true);
    this.ring(this.followed);
  }

  item(row, label) {
    const { sheet, classes, labels } = this.stage;
    const picture = sheet
      ? el("span", { class: "picture" })
      : el("span", { class: "named", "aria-hidden": "true" }, classes[labels[row]]);
    const bars = svg("path", { class: "bars" });
    const same = svg("path", { class: "same" });
    const told = svg("path", { class: label === labels[row] ? "told" : "told wrong" });
    const drawing = svg("svg", { "aria-hidden": "true" }, same, bars, told);
    const button = el("button", { class: "thumb", type: "button", onclick: () => this.follow(row) }, picture, drawing);
    return { row, label, logits: this.stage.teacher_logits[row], button, picture, drawing, bars, same, told };
  }

  /** Fit the cells into the room there is: pictures as large as possible, in whole multiples of their pixels. */
  arrange(force = false) {
    if (!this.items.length) return;
    const room = this.element.getBoundingClientRect();
    if (!force && room.width === this.roomWidth && room.height === this.roomHeight) return;
    [this.roomWidth, this.roomHeight] = [room.width, room.height];
    const stacked = getComputedStyle(this.element).getPropertyValue("--stacked").trim() === "1";
    const layout = fit(room.width, stacked ? Infinity : room.height, this.items.length, this.stage);
    this.barWidth = layout.bar;
    this.side = layout.side;
    this.columns = layout.columns;
    this.grid.style.gridTemplateColumns = `repeat(${layout.columns}, minmax(0, 1fr))`;
    for (const item of this.items) {
      if (this.stage.sheet) this.stage.picture(item.picture, item.row, this.side);
      mark(item.drawing, "width", this.barWidth);
      mark(item.drawing, "height", this.side);
      mark(item.told, "d", this.told(item));
    }
    this.draw();
    this.describe();
  }

  /** A small wedge under the class that the label names; none where the label is withheld. */
  told({ label }) {
    if (label === null || label < 0) return "";
    const pitch = this.barWidth / this.stage.classes.length;
    const centre = (label + 0.5) * pitch - 0.5;
    const half = Math.min(pitch / 2 + 0.6, 3.2);
    return `M${centre} ${this.side - FOOT + 1}l${half} ${FOOT - 1}h${-2 * half}z`;
  }

  /** Redraw every bar at this temperature; called on each movement of the slider. */
  heat(temperature) {
    this.temperature = temperature;
    this.draw();
  }

  /** The bar that only repeats the label is pale; second thoughts, what no label could tell, are in full ink. */
  draw() {
    if (!this.barWidth) return;
    const height = this.side - FOOT;
    for (const item of this.items) {
      const shares = softmax(item.logits, this.temperature);
      item.bars.setAttribute(
        "d",
        barsPath(shares, this.barWidth, height, 1, (k) => k !== item.label),
      );
      item.same.setAttribute(
        "d",
        barsPath(shares, this.barWidth, height, 1, (k) => k === item.label),
      );
    }
  }

  /** The names of the buttons, brought up to date when the hand has let go. */
  describe() {
    const { classes, labels } = this.stage;
    for (const item of this.items) {
      const told = item.label < 0 ? "label withheld" : `told ${classes[item.label]}`;
      const wrong =
        item.label >= 0 && item.label !== labels[item.row] ? `, wrongly: it is ${classes[labels[item.row]]}` : "";
      const soft = softmax(item.logits, this.temperature);
      mark(
        item.button,
        "aria-label",
        `${this.thing} of ${classes[labels[item.row]]}, ${told}${wrong}; the teacher says ${spoken(soft, classes)}`,
      );
      item.button.title = `${told}${wrong}; the teacher at T: ${spoken(soft, classes, 3)}`;
    }
  }

  /** Mark the picture that is followed. */
  ring(row) {
    this.followed = row;
    for (const item of this.items) mark(item.button, "aria-pressed", item.row === row ? "true" : "false");
    this.reach(
      Math.max(
        this.items.findIndex((item) => item.row === row),
        0,
      ),
    );
  }

  /** One picture is reached by Tab, the others from it by the arrow keys. */
  reach(at) {
    this.items.forEach((item, k) => mark(item.button, "tabindex", k === at ? 0 : -1));
  }

  walk(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[event.key];
    const from = this.items.findIndex((item) => item.button === document.activeElement);
    if (!by || from < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const to = Math.min(Math.max(from + by, 0), this.items.length - 1);
    this.reach(to);
    this.items[to].button.focus();
  }

  /** Ring the pictures of the batch that is walked through; nothing to point out when all are in it. */
  batch(rows) {
    const inside = new Set(this.items.every((item) => rows.includes(item.row)) ? [] : rows);
    for (const item of this.items) item.button.classList.toggle("in-batch", inside.has(item.row));
  }

  /** What the sheet says while the temperature is in the hand. */
  sentence() {
    return spread(
      this.rows.map((row) => this.stage.teacher_logits[row]),
      this.temperature,
    );
  }

  /** The numbers behind the bars, for the data table. */
  table() {
    const { classes, labels } = this.stage;
    const head = [`${this.thing.toLowerCase()} of`, "label heard", ...classes.map((name) => `teacher: ${name}`)];
    const body = this.items.map((item) => [
      classes[labels[item.row]],
      item.label < 0 ? "withheld" : classes[item.label],
      ...Array.from(softmax(item.logits, this.temperature), (share) => share.toFixed(3)),
    ]);
    return [head, ...body];
  }
}

/** Columns, picture side and bar width that make the best use of the room. */
function fit(width, height, count, stage) {
  const pixel = stage.shape?.[0] ?? 8;
  const sides = [6, 5, 4, 3, 2, 1].map((zoom) => zoom * pixel).filter((side) => side >= 16 && side <= 64);
  if (!sides.length) sides.push(32);
  let best = null;
  for (let columns = 2; columns <= 12; columns++) {
    for (const side of sides) {
      const bar = Math.floor((width - (columns - 1) * GAP) / columns - side - 10);
      const tall = Math.ceil(count / columns) * (side + 4);
      if (bar < 3 * stage.classes.length || tall > height + 4 || (height === Infinity && side > 32)) continue;
      const score =
        Math.min(side, 32) / 32 +
        0.5 * Math.min(bar / (5 * stage.classes.length), 1) +
        (side - Math.ceil(count / columns)) / 1000;
      if (!best || score > best.score) best = { columns, side, bar: Math.min(bar, 9 * stage.classes.length), score };
    }
  }
  const side = sides.at(-1);
  return best ?? { columns: Math.max(2, Math.floor(width / 100)), side, bar: 3 * stage.classes.length };
}
