// How a network sees the classes: from its opinions of many examples to one matrix. No page, only numbers.

import { divergence, logSoftmax, wrongClassAgreement } from "./numbers.js";

/** The mean soft label at T of each class's examples, as rows `[true class][class]`; NaN without examples. */
export function similarity(logits, labels, classes, temperature) {
  const rows = Array.from({ length: classes }, () => new Float64Array(classes));
  const counts = new Float64Array(classes);
  logits.forEach((row, at) => {
    const sums = rows[labels[at]];
    counts[labels[at]] += 1;
    const logs = logSoftmax(row, temperature);
    for (let k = 0; k < classes; k++) sums[k] += Math.exp(logs[k]);
  });
  rows.forEach((row, k) => row.forEach((sum, other) => (row[other] = sum / counts[k])));
  return rows;
}

/** Classes in an order in which those that look alike stand together, and the merges of the clustering behind it. */
export function clustered(matrix) {
  const far = distances(matrix);
  let groups = matrix.map((_, k) => [k]);
  const merges = [];
  while (groups.length > 1) {
    let best = null;
    for (let a = 0; a < groups.length; a++) {
      for (let b = a + 1; b < groups.length; b++) {
        const height = between(groups[a], groups[b], far);
        if (!best || height < best.height) best = { a, b, height };
      }
    }
    const [one, two] = [groups[best.a], groups[best.b]];
    merges.push({ members: [...one, ...two].sort((x, y) => x - y), height: best.height });
    groups = groups.filter((group) => group !== one && group !== two).concat([joined(one, two, far)]);
  }
  return { order: groups[0] ?? [], merges };
}

/** How far apart two classes are: 1 less the mean of what each one's examples give to the other. */
export function distances(matrix) {
  return matrix.map((row, a) => row.map((share, b) => (a === b ? 0 : 1 - ((share || 0) + (matrix[b][a] || 0)) / 2)));
}

/** Average linkage. */
function between(one, two, far) {
  let sum = 0;
  for (const a of one) for (const b of two) sum += far[a][b];
  return sum / (one.length * two.length);
}

/** Two groups side by side, each turned so that the ends that meet are the most alike. */
function joined(one, two, far) {
  const turns = [one, [...one].reverse()].flatMap((left) => [two, [...two].reverse()].map((right) => [left, right]));
  const gap = ([left, right]) => far[left.at(-1)][right[0]];
  const [left, right] = turns.reduce((best, turn) => (gap(turn) < gap(best) ? turn : best));
  return [...left, ...right];
}

/** The pair of different classes `[a, b]` with the largest share of b in a. */
export function mostAlike(matrix) {
  let best = [0, Math.min(1, matrix.length - 1)];
  matrix.forEach((row, a) =>
    row.forEach((share, b) => {
      if (a !== b && share > (matrix[best[0]][best[1]] || 0)) best = [a, b];
    }),
  );
  return best;
}

/** How far a student's world is from the teacher's: mean KL and mean agreement about the wrong classes. */
export function apart(teacher, student, labels, temperature) {
  let [kl, agreement] = [0, 0];
  teacher.forEach((logits, at) => {
    kl += divergence(logSoftmax(logits, temperature), logSoftmax(student[at], temperature));
    agreement += wrongClassAgreement(logits, student[at], labels[at]);
  });
  return { kl: kl / teacher.length, agreement: agreement / teacher.length };
}

/** The mean absolute difference between the cells of two matrices, the diagonal left out. */
export function cellDifference(one, two) {
  let [sum, count] = [0, 0];
  one.forEach((row, a) =>
    row.forEach((share, b) => {
      if (a === b || Number.isNaN(share)) return;
      sum += Math.abs(share - two[a][b]);
      count += 1;
    }),
  );
  return sum / count;
}

/** The examples behind a cell: those of class a, by the share that b gets of them at T, largest first. */
export function behind(logits, labels, [a, b], temperature) {
  const found = [];
  labels.forEach((label, at) => {
    if (label === a) found.push({ at, share: Math.exp(logSoftmax(logits[at], temperature)[b]) });
  });
  return found.sort((one, two) => two.share - one.share || one.at - two.at);
}
