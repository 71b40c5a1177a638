// The two sliders of the page: the temperature of what is said, and alpha, how much of it the student hears.

import { el } from "../board/dom.js";
import { alphaSlider, temperatureSlider } from "../board/sliders.js";
import { explain } from "../board/terms.js";

export class Knobs {
  /** `input()` follows the hand, `commit(name, value)` comes once, on release. */
  constructor({ input, commit }) {
    this.temperature = temperatureSlider({
      help: "Everything on this page is said at this temperature. Arrow keys move between stops.",
      input,
      commit: (value) => commit("temperature", value),
    });
    this.alpha = alphaSlider({
      against: "the target against the label",
      help: "0: the student is told the label only. 1: the target only. It changes what the student is told, below.",
      input,
      commit: (value) => commit("alpha", value),
    });
    const labelled = (slider, className, text, name) => {
      slider.readout = el("output", {});
      slider.describe();
      const said = el("span", {}, text, explain(el("span", {}, name)));
      return el("div", { class: className }, el("label", {}, said, slider.readout), slider.element);
    };
    this.element = el(
      "div",
      { class: "knobs" },
      labelled(this.temperature, "voice", "what it says at ", "temperature"),
      labelled(this.alpha, "mix", "the student hears it with ", "alpha"),
    );
  }
}
