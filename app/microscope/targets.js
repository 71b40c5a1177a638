// What a student could be told instead of the teacher's opinion: as hard as a label, as soft as the teacher without
// an opinion, or the teacher's own numbers in the wrong places.

import { entropy, firstChoice, logSoftmax } from "./numbers.js";

export const TARGETS = ["teacher", "hard", "smoothed", "shuffled"];

/**
 * A target at T: `logs`, its log-probabilities, and `logits`, null where it has none of its own.
 * `seed` (the example's number) draws the wrong places once for every example.
 */
export function target(kind, { logits, label, temperature, seed }) {
  if (kind === "hard") return { logs: certain(logits.length, label), logits: null };
  if (kind === "smoothed") return { logs: uniformRest(logits, temperature), logits: null };
  const own = kind === "shuffled" ? wrongPlaces(logits, seed) : Float64Array.from(logits);
  return { logs: logSoftmax(own, temperature), logits: own };
}

function certain(count, label) {
  return Float64Array.from({ length: count }, (_, k) => (k === label ? 0 : -Infinity));
}

/** The teacher's first choice and entropy at T, all other classes alike. */
export function uniformRest(logits, temperature) {
  const wanted = entropy(logSoftmax(logits, temperature));
  const first = firstChoice(logits);
  const law = (height) => logSoftmax(Float64Array.from(logits, (_, k) => (k === first ? height : 0)), 1);
  let [low, high] = [0, 800]; // entropy falls with the height
  for (let halving = 0; halving < 64; halving++) {
    const middle = (low + high) / 2;
    if (entropy(law(middle)) > wanted) low = middle;
    else high = middle;
  }
  return law((low + high) / 2);
}

/** The teacher's logits, its first choice in place, every wrong class with the number of another one. */
export function wrongPlaces(logits, seed) {
  const first = firstChoice(logits);
  const places = [...logits.keys()].filter((k) => k !== first);
  const order = [...places];
  const random = numbersFrom(seed);
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * at); // never itself: one single cycle, so that nobody keeps its number
    [order[at], order[other]] = [order[other], order[at]];
  }
  const exchanged = Float64Array.from(logits);
  places.forEach((place, at) => (exchanged[place] = logits[order[at]]));
  return exchanged;
}

/** The same numbers in [0, 1) for the same seed (a 32-bit mixing generator). */
function numbersFrom(seed) {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
