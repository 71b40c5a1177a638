// The numbers of one example, from logits: no page, no rounding. They are compared with the engine's.

/** Natural logarithms of the soft labels at T. The maximum is subtracted first, so no logit is too large. */
export function logSoftmax(logits, temperature) {
  let top = -Infinity;
  for (const logit of logits) if (logit > top) top = logit;
  const logs = new Float64Array(logits.length);
  let sum = 0;
  for (let k = 0; k < logs.length; k++) {
    logs[k] = (logits[k] - top) / temperature;
    sum += Math.exp(logs[k]);
  }
  const norm = Math.log(sum);
  for (let k = 0; k < logs.length; k++) logs[k] -= norm;
  return logs;
}

/** The first choice: of equal ones that of the lower class, as in the engine. */
export function firstChoice(logits) {
  let first = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k] > logits[first]) first = k;
  return first;
}

/** Entropy in nats of log-probabilities; its exp is the effective number of classes. */
export function entropy(logs) {
  let sum = 0;
  for (const log of logs) if (log > -Infinity) sum -= Math.exp(log) * log;
  return sum;
}

/** KL(teacher || student) in nats of two rows of log-probabilities. */
export function divergence(teacher, student) {
  let sum = 0;
  for (let k = 0; k < teacher.length; k++) {
    if (teacher[k] > -Infinity) sum += Math.exp(teacher[k]) * (teacher[k] - student[k]);
  }
  return sum;
}

/** The mass on all classes but the true one, and each one's share of that mass (that of the true class is 0). */
export function onWrong(logs, label) {
  const shares = new Float64Array(logs.length);
  let mass = 0;
  let top = -Infinity;
  for (let k = 0; k < logs.length; k++) if (k !== label && logs[k] > top) top = logs[k];
  let sum = 0;
  for (let k = 0; k < logs.length; k++) {
    if (k === label || top === -Infinity) continue;
    mass += Math.exp(logs[k]);
    sum += shares[k] = Math.exp(logs[k] - top); // to the largest: the mass itself may be too small to divide by
  }
  if (sum > 0) for (let k = 0; k < logs.length; k++) shares[k] /= sum;
  return { mass, shares };
}

/** Spearman's rank correlation of two networks over the classes that are not the true one; NaN below two of them. */
export function wrongClassAgreement(logits, others, label) {
  const classes = [...logits.keys()].filter((k) => k !== label);
  const count = classes.length;
  if (count < 2) return NaN;
  const [one, two] = [ranks(logits, classes), ranks(others, classes)];
  let sum = 0;
  for (let at = 0; at < count; at++) sum += (one[at] - two[at]) ** 2;
  return 1 - (6 * sum) / (count * (count ** 2 - 1));
}

/** Ranks; equal logits are ranked in the order of the classes. */
function ranks(logits, classes) {
  const order = [...classes.keys()].sort((a, b) => logits[classes[a]] - logits[classes[b]] || a - b);
  const rank = new Float64Array(classes.length);
  order.forEach((at, place) => (rank[at] = place));
  return rank;
}

/**
 * The gradient that one example sends to each of the student's logits, for the loss
 * (1 - alpha) cross-entropy(label) + alpha T^2 KL(target_T || student_T); without T^2 where `squared` is false.
 * `target` are log-probabilities at T. A label of -1 says nothing.
 */
export function gradient({ logits, target, label, temperature, alpha, squared = true }) {
  const now = logSoftmax(logits, 1);
  const soft = logSoftmax(logits, temperature);
  const factor = alpha * (squared ? temperature : 1 / temperature);
  const parts = { hard: new Float64Array(now.length), soft: new Float64Array(now.length) };
  for (let k = 0; k < now.length; k++) {
    if (label >= 0) parts.hard[k] = (1 - alpha) * (Math.exp(now[k]) - (k === label ? 1 : 0));
    parts.soft[k] = factor * (Math.exp(soft[k]) - Math.exp(target[k]));
  }
  return { ...parts, both: parts.hard.map((value, k) => value + parts.soft[k]) };
}

/** What the soft part tends to when T grows, T^2 included: centred logits are matched, (alpha / C)(z - v). */
export function limit({ logits, target, alpha }) {
  const count = logits.length;
  const [z, v] = [mean(logits), mean(target)];
  return Float64Array.from({ length: count }, (_, k) => (alpha / count) * (logits[k] - z - (target[k] - v)));
}

/** The cosine between two rows; NaN where one of them is zero. */
export function cosine(one, two) {
  return dot(one, two) / (length(one) * length(two));
}

/** The Euclidean length of a row. */
export function length(row) {
  return Math.sqrt(dot(row, row));
}

export function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function dot(one, two) {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += one[k] * two[k];
  return sum;
}
