// What other targets would say of the same example, side by side: the difference between softness and knowledge.

import { el, mark, say } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { ShareChart } from "./bars.js";
import { TARGETS, target } from "./targets.js";
import { entropy, wrongClassAgreement } from "./numbers.js";
import { NAMES } from "./voices.js";
import { signed } from "./wording.js";

const HEIGHT = 120;

export class Alternatives {
  /** `aim(kind)`: put this target in the teacher's place. */
  constructor({ aim }) {
    this.items = TARGETS.map((kind) => {
      const chart = new ShareChart(kind === "teacher" ? "soft teacher" : "soft other", { writes: 0 });
      const says = el("span", { class: "says" });
      const box = el("span", { class: "chart-box" }, chart.element);
      const button = el(
        "button",
        { class: "alternative", type: "button", "data-target": kind, onclick: () => aim(kind) },
        el("b", {}, NAMES[kind]),
        says,
        box,
      );
      return { kind, chart, says, box, button };
    });
    this.element = el("div", { class: "alternatives" }, ...this.items.map(({ button }) => button));
    this.panel = new Panel({
      area: "area-targets",
      views: [{ name: "targets", title: "What other targets would say", body: this.element, rows: () => this.table() }],
    });
    new IntersectionObserver(([entry]) => this.see(entry.isIntersecting)).observe(this.element);
  }

  /** Out of sight nothing is drawn. */
  see(visible) {
    this.visible = visible;
    if (visible && this.said) this.paint();
  }

  fit(classes, label) {
    this.classes = classes;
    for (const { chart, box } of this.items) chart.fit(box.clientWidth, HEIGHT, classes, label);
  }

  draw(reading, { logarithmic, seed }) {
    this.said = { ...reading, logarithmic, seed };
    if (this.visible) this.paint();
  }

  paint() {
    const { teacher, label, kind: chosen, temperature, logarithmic, seed } = this.said;
    for (const item of this.items) {
      const { logs, logits } = target(item.kind, { logits: teacher.logits, label, temperature, seed });
      item.logs = logs;
      item.chart.logarithmic = logarithmic;
      item.chart.draw(logs, item.kind === "teacher" ? null : teacher.logs);
      mark(item.button, "aria-pressed", String(item.kind === chosen));
      const ranks = logits ? `ranks ${signed(wrongClassAgreement(logits, teacher.logits, label))}` : "no ranks";
      say(item.says, `${entropy(logs).toFixed(2)} nats, ${ranks}`);
    }
  }

  sentence() {
    const { teacher, temperature } = this.said;
    const nats = `${teacher.entropy.toFixed(2)} nats`;
    const same = `Softness only has the teacher’s ${nats}, shuffled opinions have its numbers too`;
    const none = "neither knows which wrong class is near";
    const press = "Press one to put it in the teacher’s place";
    return `At T = ${temperature}, outlines: the teacher. ${same}; ${none}. ${press}.`;
  }

  table() {
    this.paint();
    return [
      ["class", ...this.items.map(({ kind }) => NAMES[kind])],
      ...this.classes.map((name, k) => [name, ...this.items.map(({ logs }) => Math.exp(logs[k]).toPrecision(4))]),
    ];
  }
}
