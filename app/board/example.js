// One example, three opinions: what was told, and what each network says of it, at a view temperature of its own.

import { el, mark, say, show, svg } from "./dom.js";
import { Slider, logScale } from "./slider.js";
import { barsPath, percent, ranked, softmax } from "./soft.js";
import { explain } from "./terms.js";
import { STOPS, formatTemperature, roundTemperature, thinned } from "./scales.js";

const HEIGHT = 42;
const MOST = 5; // voices side by side, the label among them

export class Example {
  constructor() {
    this.columns = new Map();
    this.view = new Slider({
      name: "view",
      label: "View at temperature",
      scale: logScale([0.25, 64]),
      stops: STOPS,
      labelled: [],
      help: "Only for looking: the temperature at which these bars are drawn. Training is not changed.",
      format: formatTemperature,
      round: roundTemperature,
      input: () => this.draw(),
      commit: () => this.describe(),
    });
    this.view.value = 4;
    this.view.place();
    this.readout = el("output", {}, "4");
    this.view.readout = this.readout;
    this.control = el("label", { class: "view" }, explain(el("span", {}, "view at T")), this.view.element, this.readout);
    this.picture = el("span", { class: "picture" });
    this.what = el("span", { class: "what" });
    this.whether = el("span", { class: "whether" });
    this.opinions = el("div", { class: "opinions" });
    this.element = el(
      "div",
      { class: "example-body", role: "img" },
      el("div", { class: "specimen" }, this.picture, el("div", {}, this.what, this.whether)),
      this.opinions,
    );
    this.room = 400;
    new ResizeObserver(([entry]) => this.resize(entry.contentRect.width)).observe(this.opinions);
  }

  resize(room) {
    if (room < 60) return;
    this.room = room;
    this.draw();
  }

  set(stage) {
    this.stage = stage;
    this.shown = null;
  }

  update(example, says) {
    this.example = example;
    this.says = says;
    if (!example || !this.stage) return;
    const classes = this.stage.classes;
    if (this.shown !== example.row) {
      this.shown = example.row;
      if (this.stage.sheet)
        this.stage.picture(
          this.picture,
          example.row,
          this.stage.shape[0] * Math.max(1, Math.round(64 / this.stage.shape[0])),
        );
      show(this.picture, Boolean(this.stage.sheet));
    }
    say(this.what, classes[example.true]);
    say(this.whether, example.heard ? "heard" : "never heard");
    this.whether.classList.toggle("heard", Boolean(example.heard));
    this.draw();
    this.describe();
  }

  /** Redraw for new paper: pictures are inked for the theme. */
  reink() {
    this.shown = null;
    this.update(this.example, this.says);
  }

  draw() {
    if (!this.example || !this.stage) return;
    const { label } = this.example;
    const opinions = this.example.opinions.slice(0, MOST - 1);
    const count = this.stage.classes.length;
    const certain =
      label === null || label < 0 ? null : Float64Array.from({ length: count }, (_, k) => (k === label ? 1 : 0));
    this.column("label", "label", "label", certain);
    for (const { role, name, logits } of opinions) {
      this.column(`${role}:${name}`, title(role, name), role, softmax(logits, this.view.value));
    }
    const wanted = ["label", ...opinions.map(({ role, name }) => `${role}:${name}`)];
    for (const [key, { element }] of this.columns) show(element, wanted.includes(key));
    // A run with another method brings a column of another name; it stands where the one before stood.
    const shown = wanted.map((key) => this.columns.get(key).element);
    const stand = [...this.opinions.children].filter((child) => !child.hidden);
    if (shown.some((element, place) => element !== stand[place])) this.opinions.append(...shown);
  }

  column(key, title, role, shares) {
    if (!this.columns.has(key)) this.columns.set(key, this.makeColumn(key, title, role));
    const column = this.columns.get(key);
    const width = this.width();
    column.element.style.width = `${width}px`;
    mark(column.drawing, "width", width);
    mark(column.drawing, "viewBox", `0 0 ${width} ${HEIGHT + 15}`);
    mark(column.bars, "d", shares ? barsPath(shares, width, HEIGHT - 2, 2) : "");
    this.axis(column, width);
    say(column.reading, shares ? this.reading(shares, role) : "not told");
    column.shares = shares;
  }

  makeColumn(key, title, role) {
    const bars = svg("path", { class: "bars", transform: "translate(0 2)" });
    const base = svg("path", { class: "base" });
    const names = svg("g", { class: "names" });
    const drawing = svg("svg", { height: HEIGHT + 15 }, bars, base, names);
    const reading = el("span", { class: "reading" });
    const name = key.slice(key.indexOf(":") + 1);
    const element = el(
      "figure",
      { class: `opinion ${role}`, "data-key": key },
      el("figcaption", {}, explain(el("b", {}, title), name), reading),
      drawing,
    );
    this.opinions.append(element);
    return { element, drawing, bars, base, names, reading, title };
  }

  axis(column, width) {
    const classes = this.stage.classes;
    const key = `${width}|${classes.join()}|${this.example.true}`;
    if (column.axis === key) return;
    column.axis = key;
    const pitch = width / classes.length;
    const names = withoutPrefix(classes);
    const { room, named } = thinned(classes.length, pitch, this.example.true);
    mark(column.base, "d", `M0 ${HEIGHT + 0.5}h${width - 2}`);
    column.names.replaceChildren(
      ...names.map((name, k) =>
        svg(
          "text",
          {
            x: (k + 0.5) * pitch - 1,
            y: HEIGHT + 13,
            class: k === this.example.true ? "true" : "",
          },
          !named(k) ? "" : name.length * 7 > room ? name.slice(0, room > 14 ? 2 : 1) : name,
        ),
      ),
    );
  }

  width() {
    const voices = Math.min(1 + this.example.opinions.length, MOST);
    const across = this.room < 400 ? 2 : voices;
    return Math.max(60, Math.floor((this.room - (across - 1) * 16) / across));
  }

  /** The share of the first choice, which is named where it is not the true class. */
  reading(shares, role) {
    const [first] = ranked(shares, 1);
    const name = this.stage.classes[first];
    if (role === "label") return name;
    return first === this.example.true ? percent(shares[first]) : `✗ ${name}: ${percent(shares[first])}`;
  }

  describe() {
    const parts = [...this.columns.values()]
      .filter((column) => !column.element.hidden)
      .map((column) => `${column.title}: ${column.reading.textContent}`);
    mark(this.element, "aria-label", `${this.says ?? ""} ${parts.join("; ")}`.trim());
  }

  /** The same as a table: classes down, voices across. */
  table() {
    const voices = [...this.columns.values()].filter((column) => !column.element.hidden && column.shares);
    const head = ["class", ...voices.map((voice) => voice.title)];
    return [head, ...this.stage.classes.map((name, k) => [name, ...voices.map((voice) => voice.shares[k].toFixed(3))])];
  }
}

/** "arm 1", "arm 2" fit under bars as "1", "2". */
function withoutPrefix(names) {
  const shared = names[0]?.match(/^.* /)?.[0];
  return shared && names.every((name) => name.startsWith(shared))
    ? names.map((name) => name.slice(shared.length))
    : names;
}

/** What a voice is called, in the words of the headline. */
function title(role, name) {
  if (role === "distilled" || role === "control") return `got ${name.replace(/ only$/, "")}`;
  return name;
}
