// What the student is told: how this one example pulls at each of its logits, the label's part and the target's.

import { el, mark, say } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { explain } from "../board/terms.js";
import { ranked } from "../board/soft.js";
import { SignedChart } from "./bars.js";
import { listed, quoted, signed } from "./wording.js";

const HEIGHT = 132;
const PARTS = { hard: "from the label", soft: "from the target", both: "together" };

export class Told {
  /** `square(on)`: multiply the soft part by T squared, or not. */
  constructor({ square }) {
    this.charts = Object.fromEntries(Object.keys(PARTS).map((part) => [part, new SignedChart(part, { writes: 2 })]));
    this.titles = Object.fromEntries(Object.keys(PARTS).map((part) => [part, el("figcaption", {})]));
    const figures = Object.keys(PARTS).map((part) =>
      el("figure", { class: part }, this.titles[part], el("div", { class: "chart-box" }, this.charts[part].element)),
    );
    this.element = el("div", { class: "told-parts" }, ...figures);
    this.check = el("input", { type: "checkbox", checked: true, onchange: () => square(this.check.checked) });
    const title = "Without T squared the target’s part shrinks as 1 / T²; with it, it keeps its size";
    this.panel = new Panel({
      area: "area-told",
      tools: [el("label", { class: "check", title }, this.check, explain(el("span", {}, "multiply by T²"), "T²"))],
      views: [{ name: "told", title: "What the student is told", body: this.element, rows: () => this.table() }],
    });
  }

  fit(classes, label) {
    this.classes = classes;
    for (const chart of Object.values(this.charts))
      chart.fit(chart.element.parentNode.clientWidth, HEIGHT, classes, label);
  }

  /** Bars point where the logit is pushed, against the gradient; `most` is the longest of them. */
  draw(reading, most) {
    this.reading = reading;
    const { pull, squared } = reading;
    this.check.checked = squared;
    mark(this.element, "data-silent", pull ? null : "true");
    const factor = squared ? "alpha · T" : "alpha / T";
    say(this.titles.hard, `${PARTS.hard}: (1 − alpha) · (label − student)`);
    say(this.titles.soft, `${PARTS.soft}: ${factor} · (target − student)`);
    say(this.titles.both, `${PARTS.both}: the push on each logit`);
    if (!pull) return;
    for (const part of Object.keys(PARTS)) {
      const ghost = part === "soft" && pull.limit ? pull.limit.map((value) => -value) : null;
      this.charts[part].draw(pull[part].map((value) => -value), { most, ghost });
    }
  }

  sentence() {
    const { pull, voices, squared, alpha, temperature } = this.reading;
    if (!pull) return "No student can be asked about this example, so none is told anything.";
    const { hardLength: hard, softLength: soft, both, cosine } = pull;
    const push = both.map((value) => -value);
    const [up] = ranked(push, 1);
    const down = ranked(both, 2).filter((k) => both[k] > 0.1 * Math.max(...both));
    const moved = `It raises ${quoted(this.classes[up])} and lowers ${listed(down.map((k) => this.classes[k]))}.`;
    const ratio = hard > 0 && soft > 0 ? ` (${ratioOf(soft, hard)})` : "";
    const limit = Number.isFinite(cosine)
      ? ` Cosine to the limit of high T, matching centred logits (outlines): ${signed(cosine, 3)}.`
      : "";
    const without = squared ? "" : `, T² left out (with it ${signed(soft * temperature ** 2)})`;
    const pulls = `the label pulls with ${signed(hard)}, the target with ${signed(soft, soft < 0.095 ? 4 : 2)}`;
    return `To the student with ${voices[0].label}, at alpha ${alpha}: ${pulls}${ratio}${without}. ${moved}${limit}`;
  }

  table() {
    const { pull } = this.reading;
    if (!pull) return null;
    const limit = (k) => (pull.limit ? pull.limit[k].toFixed(4) : "none");
    return [
      ["class", "gradient, hard part", "gradient, soft part", "together", "limit of high T"],
      ...this.classes.map((name, k) => [
        name,
        ...["hard", "soft", "both"].map((part) => pull[part][k].toFixed(4)),
        limit(k),
      ]),
    ];
  }
}

/** "12 : 1" or "1 : 12" */
function ratioOf(one, two) {
  const write = (value) => (value < 9.5 ? value.toFixed(1) : value.toFixed(0));
  return one >= two ? `${write(one / two)} : 1` : `1 : ${write(two / one)}`;
}
