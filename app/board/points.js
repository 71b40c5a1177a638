// Two-dimensional data: the transfer points in their plane, each a small pie of the teacher's opinion at temperature T.

import { el, mark, svg } from "./dom.js";
import { softmax, spoken, spread } from "./soft.js";

const RADIUS = 8;
const EDGE = 12;
const STACKED = 280; // height of the plane where panels are stacked, px

export class Points {
  constructor({ follow }) {
    this.follow = follow;
    this.items = [];
    this.temperature = 4;
    this.plane = svg("svg", { class: "plane", role: "group", "aria-label": "Points the students hear" });
    this.element = el("div", { class: "heard-body" }, this.plane);
    this.pager = el("span", { hidden: true });
    new ResizeObserver(() => this.arrange()).observe(this.element);
  }

  set(stage, seed) {
    this.stage = stage;
    const { rows, labels } = stage.heard(seed);
    this.items = rows.map((row, at) => this.item(row, labels[at]));
    this.plane.replaceChildren(...this.items.map((item) => item.group));
    this.arrange();
    this.describe();
    this.ring(this.followed);
  }

  item(row, label) {
    const slices = this.stage.classes.map((_, k) => svg("path", { class: "slice", fill: `var(--class-${k % 10})` }));
    const rim = svg("circle", {
      r: RADIUS,
      class: label === this.stage.labels[row] || label < 0 ? "rim" : "rim wrong",
    });
    const group = svg(
      "g",
      {
        class: "point",
        tabindex: 0,
        role: "button",
        onclick: () => this.follow(row),
        onkeydown: (event) => this.press(event, row),
      },
      ...slices,
      rim,
    );
    return { row, label, logits: this.stage.teacher_logits[row], slices, group };
  }

  press(event, row) {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    this.follow(row);
  }

  arrange() {
    const { width, height } = this.element.getBoundingClientRect();
    if (!this.items.length || width < 50) return;
    const tall = height > 60 ? height : STACKED;
    mark(this.plane, "width", width);
    mark(this.plane, "height", tall);
    const places = this.items.map((item) => this.stage.points[item.row]);
    const [lowX, highX] = range(places.map((place) => place[0]));
    const [lowY, highY] = range(places.map((place) => place[1]));
    const zoom = Math.min((width - 2 * EDGE) / (highX - lowX), (tall - 2 * EDGE) / (highY - lowY));
    this.items.forEach((item, at) => {
      const x = width / 2 + (places[at][0] - (lowX + highX) / 2) * zoom;
      const y = tall / 2 - (places[at][1] - (lowY + highY) / 2) * zoom;
      mark(item.group, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    });
    this.draw();
  }

  heat(temperature) {
    this.temperature = temperature;
    this.draw();
  }

  draw() {
    for (const item of this.items) {
      const shares = softmax(item.logits, this.temperature);
      let from = 0;
      item.slices.forEach((slice, k) => {
        slice.setAttribute("d", wedge(from, from + shares[k]));
        from += shares[k];
      });
    }
  }

  describe() {
    const { classes, labels } = this.stage;
    for (const item of this.items) {
      const told = item.label < 0 ? "label withheld" : `told ${classes[item.label]}`;
      const shares = softmax(item.logits, this.temperature);
      mark(
        item.group,
        "aria-label",
        `Point of ${classes[labels[item.row]]}, ${told}; the teacher says ${spoken(shares, classes)}`,
      );
    }
  }

  sentence() {
    return spread(
      this.items.map((item) => item.logits),
      this.temperature,
    );
  }

  ring(row) {
    this.followed = row;
    for (const item of this.items) mark(item.group, "aria-pressed", item.row === row ? "true" : "false");
  }

  batch(rows) {
    const inside = new Set(this.items.every((item) => rows.includes(item.row)) ? [] : rows);
    for (const item of this.items) item.group.classList.toggle("in-batch", inside.has(item.row));
  }

  table() {
    const { classes, points } = this.stage;
    const head = ["x", "y", "label heard", ...classes.map((name) => `teacher: ${name}`)];
    return [
      head,
      ...this.items.map((item) => [
        ...points[item.row].map((value) => value.toFixed(2)),
        item.label < 0 ? "withheld" : classes[item.label],
        ...Array.from(softmax(item.logits, this.temperature), (share) => share.toFixed(3)),
      ]),
    ];
  }
}

function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** A slice of a pie between two shares of the circle. */
function wedge(from, to) {
  if (to - from < 0.002) return "";
  const end = Math.min(to, from + 0.9999);
  const at = (share) =>
    `${(RADIUS * Math.sin(2 * Math.PI * share)).toFixed(2)} ${(-RADIUS * Math.cos(2 * Math.PI * share)).toFixed(2)}`;
  return `M0 0L${at(from)}A${RADIUS} ${RADIUS} 0 ${end - from > 0.5 ? 1 : 0} 1 ${at(end)}z`;
}
