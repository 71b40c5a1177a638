// The stops of the large sliders, and how their values are written; how many classes are named under bars.

export const STOPS = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 32, 64];
export const ALPHAS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1];
const WEIGHTS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];

/** A temperature between stops, to two digits. */
export function roundTemperature(value) {
  return Number(value.toPrecision(2));
}

export function formatTemperature(value) {
  return String(Number(value.toPrecision(3)));
}

export function roundAlpha(value) {
  return Number(value.toFixed(value < 0.1 ? 3 : 2));
}

export function formatAlpha(value) {
  const text = value.toFixed(value > 0 && value < 0.1 && Math.round(value * 1000) % 10 ? 3 : 2);
  return text
    .replace(/^0\./, ".")
    .replace(/^\.00$/, "0")
    .replace(/^1\.00$/, "1");
}

/** The stops of a weight around its usual value, and which of them are named. */
export function weightStops(usual) {
  const stops = WEIGHTS.map((share) => Number((usual * share).toPrecision(3)));
  return { stops, labelled: stops.filter((_, number) => number % 2 === 0) };
}

export function formatWeight(value) {
  const rounded = Number(value.toPrecision(3));
  return rounded >= 10000 ? `${rounded / 1000}k` : String(rounded).replace(/^0\./, ".");
}

/** Of more than ten classes not all can be named under bars `pitch` px apart: which are, the marked one among them, and
 * how much room a name has, px. */
export function thinned(classes, pitch, marked) {
  const each = classes > 10 ? Math.max(1, Math.ceil(16 / pitch)) : 1;
  return { room: pitch * each, named: (k) => k === marked || (k % each === 0 && Math.abs(k - marked) >= each) };
}
