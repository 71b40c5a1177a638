// The strip says how knowledge flows, with the two large sliders where they act: T on the arrow, alpha at the student.
// A method that has no alpha, since its weights do not add up to one, has the weight of its own part there.

import { el, mark, say, show } from "./dom.js";
import { alphaSlider, aroundUsual, temperatureSlider, weightSlider } from "./sliders.js";
import { explain } from "./terms.js";
import { Transport } from "./transport.js";

export class Strip {
  /** `heat(T)` follows the hand; the server hears of it once, on release. */
  constructor({ acts, heat, settled }) {
    this.temperature = temperatureSlider({
      help: "How softly the teacher speaks. Drag: the bars below follow. Arrow keys move between stops.",
      input: heat,
      commit: (value) => {
        acts.do("set", { knob: "temperature", value });
        settled();
      },
    });
    this.alpha = alphaSlider({
      against: "opinions against labels",
      help: "0: only the labels count. 1: only the teacher's opinions count. Fine near 0, where it matters.",
      input: (value) => this.preview(1 - value, value),
      commit: (value) => acts.do("set", { knob: "alpha", value }),
    });
    this.weight = weightSlider({
      help: "How much the method's own part of the loss counts. In the middle: as its paper has it.",
      input: (value) => this.preview(this.hard, value),
      commit: (value) => acts.do("set", { knob: "weight", value }),
    });
    this.temperature.readout = el("output", {}, "4");
    this.alpha.readout = el("output", {}, ".90");
    this.weight.readout = el("output", { hidden: true }, "1");
    this.teacher = el("b", {});
    this.accuracy = el("span", { class: "number" });
    this.student = el("b", {});
    this.weights = el("span", { class: "weights" });
    this.formula = el("p", { class: "formula", id: "dk-formula", hidden: true });
    this.hard = 1;
    this.more = el(
      "button",
      {
        class: "quiet",
        type: "button",
        "aria-expanded": "false",
        "aria-controls": "dk-formula",
        onclick: () => this.toggle(),
      },
      "formula",
    );
    const [temperature, alpha, weight] = ["temperature", "alpha", "weight"].map((name) => explain(el("span", {}, name)));
    this.names = { alpha, weight };
    this.element = el(
      "div",
      { class: "strip" },
      el("div", { class: "who" }, explain(el("span", { class: "role" }, "teacher")), this.teacher, this.accuracy),
      el(
        "div",
        { class: "voice" },
        el("label", {}, el("span", {}, "what it says at ", temperature), this.temperature.readout),
        this.temperature.element,
      ),
      el("div", { class: "who student" }, explain(el("span", { class: "role" }, "student")), this.student),
      el(
        "div",
        { class: "mix" },
        el(
          "label",
          {},
          el("span", {}, "hears ", this.weights, " ", alpha, weight),
          this.alpha.readout,
          this.weight.readout,
          this.more,
        ),
        this.alpha.element,
        this.weight.element,
      ),
      this.formula,
    );
  }

  /** Only one of the sliders may be wanted; the networks' names stay. */
  hide(hidden) {
    for (const name of ["temperature", "alpha"]) {
      show(this[name].element.parentElement, !hidden.has(name));
      this.element.classList.toggle(`without-${name}`, hidden.has(name));
    }
  }

  toggle() {
    show(this.formula, this.formula.hidden);
    mark(this.more, "aria-expanded", String(!this.formula.hidden));
  }

  /** The weights under the hand; the server says them again, with their ratio, once they act. */
  preview(hard, soft) {
    this.previewed ??= this.said;
    const digits = Math.max(hard, soft) < 10 ? (value) => value.toFixed(2) : (value) => String(Number(value.toPrecision(3)));
    say(this.weights, `${digits(hard)} hard + ${digits(soft)} soft`);
  }

  /** Alpha, or the weight of a method that has none. */
  weigh({ alpha, weight }) {
    for (const [name, there] of Object.entries({ alpha: !weight, weight: Boolean(weight) })) {
      for (const part of [this.names[name], this[name].readout, this[name].element]) show(part, there);
    }
    this.alpha.set(alpha);
    if (!weight) return;
    this.hard = weight.hard;
    if (weight.usual !== this.usual) this.weight.lay(aroundUsual((this.usual = weight.usual)));
    this.weight.set(weight.value);
  }

  /** Returns true when the temperature was moved by the server, so that the bars must follow. */
  update(snapshot) {
    const { teacher, student, knobs, weights, formula } = snapshot;
    const watching = Transport.watching(snapshot);
    say(this.teacher, teacher?.name ?? "none yet");
    say(
      this.accuracy,
      teacher?.accuracy === undefined || teacher?.accuracy === null ? "" : `${(100 * teacher.accuracy).toFixed(1)} %`,
    );
    say(this.student, student?.name ?? "");
    if (weights !== this.previewed) {
      this.previewed = undefined;
      say(this.weights, weights);
    }
    this.said = weights;
    say(this.formula, formula);
    show(this.more, Boolean(formula));
    this.temperature.disable(watching || knobs.temperature === null);
    this.alpha.disable(watching || knobs.alpha === null);
    this.weight.disable(watching);
    this.weigh(knobs);
    // A method without a temperature hears the teacher as it learnt to speak.
    return this.temperature.set(knobs.temperature ?? 1);
  }
}
