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

/** One path for a whole row of bars: cheap to redraw thirty times per input event. */
export function barsPath(shares, width, height, gap = 1) {
  const pitch = width / shares.length;
  const bar = Math.max(pitch - gap, 0.8).toFixed(2);
  let path = "";
  for (let i = 0; i < shares.length; i++) {
    const tall = Math.max(shares[i] * height, 0.6);
    path += `M${(i * pitch).toFixed(2)} ${height}v${-tall.toFixed(2)}h${bar}V${height}z`;
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

/** The effective number of classes: exp(entropy), from 1 (certain) to all of them. */
export function classesSpokenOf(shares) {
  let entropy = 0;
  for (const share of shares) if (share > 0) entropy -= share * Math.log(share);
  return Math.exp(entropy);
}

/** "9 71 %, 4 12 %" */
export function spoken(shares, classes, count = 2) {
  return ranked(shares, count).map((k) => `${classes[k]} ${percent(shares[k])}`).join(", ");
}
