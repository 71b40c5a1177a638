// The large sliders, alike wherever they stand: the temperature, alpha, and the weight of a method that has no alpha.

import {
  ALPHAS,
  STOPS,
  formatAlpha,
  formatTemperature,
  formatWeight,
  roundAlpha,
  roundTemperature,
  weightStops,
} from "./scales.js";
import { Slider, logScale, stopScale } from "./slider.js";

/** `input(value)` follows the hand, `commit(value)` comes once, on release. */
export function temperatureSlider({ help, input, commit }) {
  return new Slider({
    name: "temperature",
    label: "Temperature",
    scale: logScale([0.25, 64]),
    stops: STOPS,
    labelled: [0.25, 1, 2, 4, 8, 20, 64],
    help,
    format: formatTemperature,
    round: roundTemperature,
    input,
    commit,
  });
}

/** `against` says in words what is weighed against what. */
export function alphaSlider({ against, help, input, commit }) {
  return new Slider({
    name: "alpha",
    label: `Alpha: the weight of ${against}`,
    scale: stopScale(ALPHAS),
    stops: ALPHAS,
    labelled: [0, 0.05, 0.3, 0.6, 0.9, 1],
    help,
    format: formatAlpha,
    round: roundAlpha,
    input,
    commit,
  });
}

/** The scale and the stops of a weight: logarithmic around its usual value. */
export function aroundUsual(usual) {
  const { stops, labelled } = weightStops(usual);
  return { scale: logScale([stops[0], stops.at(-1)]), stops, labelled };
}

/** The weight of a method's own part of the loss, where labels keep a weight of their own. */
export function weightSlider({ help, input, commit }) {
  return new Slider({
    name: "weight",
    label: "Weight of the method's own part of the loss",
    ...aroundUsual(1),
    help,
    format: formatWeight,
    round: roundTemperature,
    input,
    commit,
  });
}
