// Test examples that one entry gets right and the other wrong: the picture, and both soft labels at a temperature.

import { el, mark, say, show, svg } from "../board/dom.js";
import { temperatureSlider } from "../board/sliders.js";
import { barsPath, softmax, spoken } from "../board/soft.js";

const SIDE = 48;
const BARS = { width: 86, height: 30 };

export class Examples {
  constructor() {
    this.says = el("span", { class: "says" });
    this.temperature = temperatureSlider({
      help: "Soft labels are shown at this temperature",
      input: () => this.heat(),
      commit: () => {},
    });
    this.reading = this.temperature.readout = el("output", {});
    this.temperature.set(1);
    this.list = el("div", { class: "cases" });
    this.element = el(
      "section",
      { class: "panel area-cases" },
      el(
        "header",
        {},
        el("div", { class: "caption" }, el("h3", {}, "Where one is right and the other wrong"), " ", this.says),
        el(
          "div",
          { class: "tools" },
          el("label", { class: "view" }, "shown at T = ", this.reading),
          this.temperature.element,
        ),
      ),
      this.list,
    );
    this.items = [];
  }

  /** `colours`: of the entries, by letter. */
  set(answer, stage, colours) {
    show(this.element, Boolean(answer));
    if (!answer) return;
    Object.assign(this, { answer, colours });
    say(this.says, answer.says);
    this.items = answer.examples.map((example) => this.item(example));
    const none = `There is no such example: ${answer.letters[0]} is right on none that ${answer.letters[1]} gets wrong.`;
    this.list.replaceChildren(
      ...(this.items.length ? this.items.map((item) => item.figure) : [el("p", { class: "says" }, none)]),
    );
    if (stage) this.picture(stage);
    this.heat();
    mark(this.element, "data-cases", this.items.length);
  }

  item(example) {
    const { classes, letters } = this.answer;
    const picture = el("span", { class: "picture" });
    const voices = ["left", "right"].map((side, at) => {
      const path = svg("path", { fill: this.colours[letters[at]] });
      const right = svg("path", { class: "true-class", d: wedge(example.label, classes.length) });
      const drawing = svg(
        "svg",
        { ...BARS, viewBox: `0 0 ${BARS.width} ${BARS.height + 5}`, height: BARS.height + 5, role: "img" },
        path,
        right,
      );
      const words = el("span", { class: "line" });
      return { side, letter: letters[at], path, drawing, words };
    });
    const rows = voices.map(({ letter, drawing, words }) =>
      el("div", { class: "voice" }, el("b", { style: `color:${this.colours[letter]}` }, letter), drawing, words),
    );
    const figure = el(
      "figure",
      { class: "case" },
      el("div", { class: "specimen" }, picture, el("figcaption", {}, classes[example.label])),
      el("div", {}, ...rows),
    );
    return { example, picture, voices, figure };
  }

  picture(stage) {
    for (const { picture, example } of this.items) stage?.picture(picture, example.row, SIDE);
  }

  heat() {
    const temperature = this.temperature.value;
    for (const { example, voices } of this.items) {
      for (const { side, letter, path, drawing, words } of voices) {
        const shares = softmax(example[side], temperature);
        path.setAttribute("d", barsPath(shares, BARS.width, BARS.height));
        const said = spoken(shares, this.answer.classes, 1);
        say(words, said);
        mark(drawing, "aria-label", `${letter} says ${said}`);
      }
    }
  }
}

/** A small wedge under the true class. */
function wedge(label, classes) {
  return `M${((label + 0.5) * BARS.width) / classes} ${BARS.height + 1}l2.5 4h-5z`;
}
