// Bars that follow the hand: soft labels on a linear or a logarithmic axis, and signed numbers about a zero line.

import { mark, say, svg } from "../board/dom.js";
import { thinned } from "../board/scales.js";
import { fraction, signed } from "./wording.js";

const FOOT = 15; // below the bars, where the classes are named
const HEAD = 13; // above them, where the numbers stand
const LEAST = 0.7; // px: what is nearly nothing still has its place
const DECADES = 6; // of the logarithmic axis, from 1 down to 10⁻⁶

/** What all charts share: room for every class, its name below, one number over each bar. */
class Chart {
  constructor(role, { writes }) {
    this.writes = writes;
    this.rules = svg("path", { class: "rules" });
    this.scale = svg("g", { class: "scale" });
    this.bars = svg("path", { class: "bars" });
    this.ghost = svg("path", { class: "ghost" });
    this.base = svg("path", { class: "base" });
    this.names = svg("g", { class: "names" });
    this.values = svg("g", { class: "values" });
    const parts = [this.rules, this.scale, this.bars, this.ghost, this.base, this.names, this.values];
    this.element = svg("svg", { class: `bar-chart ${role}`, "aria-hidden": "true" }, ...parts);
    this.width = 0;
  }

  /** The room there is, and the classes; true if anything changed. */
  fit(width, height, classes, label) {
    const key = `${width}|${height}|${classes.join()}|${label}`;
    if (this.key === key || width < 40) return false;
    Object.assign(this, { key, width, height, classes, label });
    this.left = this.margin;
    this.pitch = (width - this.left) / classes.length;
    this.bar = Math.max(this.pitch - Math.min(4, this.pitch * 0.2), 1);
    mark(this.element, "width", width);
    mark(this.element, "height", height);
    mark(this.element, "viewBox", `0 0 ${width} ${height}`);
    const { room, named } = thinned(classes.length, this.pitch, label);
    const letters = Math.max(1, Math.floor(room / 6.6));
    const text = (name, k) => (named(k) ? name.slice(0, letters) : "");
    this.names.replaceChildren(
      ...classes.map((name, k) =>
        svg("text", { x: this.middle(k), y: height - 3, class: k === label ? "true" : "" }, text(name, k)),
      ),
    );
    this.numbers = classes.map((_, k) => svg("text", { x: this.middle(k) }));
    this.values.replaceChildren(...(this.pitch >= 21 ? this.numbers : []));
    return true;
  }

  middle(k) {
    return (this.left + k * this.pitch + this.bar / 2).toFixed(1);
  }

  /** A bar from the height `from` up to the height `to`, both in px above the foot of the chart. */
  rectangle(k, from, to) {
    const x = (this.left + k * this.pitch).toFixed(2);
    const [y, rise] = [this.height - FOOT - from, to - from].map((value) => value.toFixed(2));
    return `M${x} ${y}v${-rise}h${this.bar.toFixed(2)}v${rise}z`;
  }

  write(k, text, above) {
    say(this.numbers[k], text);
    mark(this.numbers[k], "y", (this.height - FOOT - above).toFixed(1));
  }
}

/** Soft labels from their logarithms. */
export class ShareChart extends Chart {
  margin = 30;
  logarithmic = false;

  /** `ghost`: log-probabilities drawn as an outline behind, or null. */
  draw(logs, ghost = null) {
    if (!this.width) return;
    const room = this.height - FOOT - HEAD;
    this.axis(room);
    const tall = (log) => {
      const part = this.logarithmic ? 1 + log / Math.LN10 / DECADES : Math.exp(log);
      return LEAST + Math.max(part, 0) * (room - LEAST);
    };
    let [bars, outline] = ["", ""];
    for (let k = 0; k < logs.length; k++) {
      const height = tall(logs[k]);
      bars += this.rectangle(k, 0, height);
      if (ghost) outline += this.rectangle(k, 0, tall(ghost[k]));
      this.write(k, fraction(Math.exp(logs[k])), height + 3);
    }
    mark(this.bars, "d", bars);
    mark(this.ghost, "d", outline);
  }

  axis(room) {
    const key = `${this.key}|${this.logarithmic}`;
    if (this.drawn === key) return;
    this.drawn = key;
    const marks = this.logarithmic
      ? ["1", "10⁻²", "10⁻⁴", "10⁻⁶"].map((text, at) => [1 - (2 * at) / DECADES, text])
      : [0, 0.5, 1].map((part) => [part, part === 0.5 ? ".5" : String(part)]);
    const y = (part) => (this.height - FOOT - part * room).toFixed(1);
    mark(this.rules, "d", marks.map(([part]) => `M${this.left - 4} ${y(part)}H${this.width}`).join(""));
    this.scale.replaceChildren(
      ...marks.map(([part, text]) => svg("text", { x: this.left - 7, y: Number(y(part)) + 4 }, text)),
    );
  }
}

/** Signed numbers about zero; `most` is the largest that fits, upwards and downwards. */
export class SignedChart extends Chart {
  margin = 0;

  draw(values, { most, ghost = null }) {
    if (!this.width) return;
    const half = (this.height - FOOT) / 2;
    const unit = (half - HEAD) / (most || 1);
    let [bars, outline] = ["", ""];
    for (let k = 0; k < values.length; k++) {
      const height = bounded(values[k] * unit, half);
      bars += this.rectangle(k, half, half + height);
      if (ghost) outline += this.rectangle(k, half, half + bounded(ghost[k] * unit, half));
      this.write(k, signed(values[k], this.writes), half + (height >= 0 ? height + 3 : height - 10));
    }
    mark(this.bars, "d", bars);
    mark(this.ghost, "d", outline);
    mark(this.base, "d", `M${this.left} ${(this.height - FOOT - half).toFixed(1)}H${this.width}`);
  }
}

function bounded(height, half) {
  const sized = Math.abs(height) < LEAST ? LEAST * (height < 0 ? -1 : 1) : height;
  return Math.max(-half + 4, Math.min(half - 4, sized));
}
