// The two sliders of the page: the temperature of what is said, and alpha, how much of it the student hears.

import { ALPHAS, STOPS, formatAlpha, formatTemperature, roundAlpha, roundTemperature } from "../board/scales.js";
import { el } from "../board/dom.js";
import { explain } from "../board/terms.js";
import { Slider, logScale, stopScale } from "../board/slider.js";

export class Knobs {
  /** `input()` follows the hand, `commit(name, value)` comes once, on release. */
  constructor({ input, commit }) {
    this.temperature = new Slider({
      name: "temperature",
      label: "Temperature",
      scale: logScale([0.25, 64]),
      stops: STOPS,
      labelled: [0.25, 1, 2, 4, 8, 20, 64],
      help: "Everything on this page is said at this temperature. Arrow keys move between stops.",
      format: formatTemperature,
      round: roundTemperature,
      input,
      commit: (value) => commit("temperature", value),
    });
    this.alpha = new Slider({
      name: "alpha",
      label: "Alpha: the weight of the target against the label",
      scale: stopScale(ALPHAS),
      stops: ALPHAS,
      labelled: [0, 0.05, 0.3, 0.6, 0.9, 1],
      help: "0: the student is told the label only. 1: the target only. It changes what the student is told, below.",
      format: formatAlpha,
      round: roundAlpha,
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
