// Soft labels in the browser: softmax at a temperature, and bars drawn from them.

/** Probabilities at temperature T. The maximum is subtracted first, so no logit is too large. */
export function softmax(logits, temperature) {
  let top = -Infinity;
  for (const logit of logits) if (logit > top) top = logit;
  const soft = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < soft.length; i++) sum += soft[i] = Math.exp((logits[i] - top) / temperature);
  for (let i = 0; i < soft.length; i++) soft[i] /= sum;
  return soft;
}

const LEAST = 0.6; // px: a class with no share at all still has its place

/** One path for a whole row of bars, or for those that `takes(k)`: cheap to redraw thirty times per input event. */
export function barsPath(shares, width, height, gap = 1, takes = () => true) {
  const pitch = width / shares.length;
  const bar = Math.max(pitch - gap, 0.8).toFixed(2);
  let path = "";
  for (let i = 0; i < shares.length; i++) {
    if (!takes(i)) continue;
    const tall = LEAST + shares[i] * (height - LEAST);
    path += `M${(i * pitch).toFixed(2)} ${height}v${-tall.toFixed(3)}h${bar}V${height}z`;
  }
  return path;
}

/** "71 %"; small shares keep a digit, because dark knowledge lives there. */
export function percent(share) {
  const value = 100 * share;
  return `${value >= 9.95 || value < 0.05 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** The classes with the largest shares, best first. */
export function ranked(shares, count = 2) {
  return [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, count);
}

/** In words: of how many classes soft labels speak at T, as exp of the mean entropy. */
export function spread(logits, temperature) {
  let entropy = 0;
  for (const row of logits) {
    for (const share of softmax(row, temperature)) if (share > 0) entropy -= share * Math.log(share);
  }
  const classes = Math.exp(entropy / Math.max(logits.length, 1));
  return `At T = ${temperature} the teacher speaks of ${classes.toFixed(1)} classes on average.`;
}

/** “9” 71 %, “4” 12 % */
export function spoken(shares, classes, count = 2) {
  return ranked(shares, count)
    .map((k) => `“${classes[k]}” ${percent(shares[k])}`)
    .join(", ");
}
