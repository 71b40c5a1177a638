// The two large sliders, alike wherever they stand: the temperature, and alpha.

import { ALPHAS, STOPS, formatAlpha, formatTemperature, roundAlpha, roundTemperature } from "./scales.js";
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
