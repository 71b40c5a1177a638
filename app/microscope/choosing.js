// Which examples there are to choose from, and in what order. No page, only numbers.

import { entropy, firstChoice, logSoftmax } from "./numbers.js";

export const ORDERS = {
  ambiguous: "most ambiguous first",
  unsure: "teacher’s entropy, highest first",
  certain: "teacher’s entropy, lowest first",
  wrong: "where the teacher is wrong",
  given: "as they stand in the data",
};

/** What orders examples: the lead of the teacher's first choice over its second, its entropy at T = 1, being right. */
export function judged(logits, labels) {
  return logits.map((row, at) => {
    const logs = logSoftmax(row, 1);
    const [first, second] = [...row].sort((a, b) => b - a);
    return { at, lead: first - second, entropy: entropy(logs), right: firstChoice(row) === labels[at] };
  });
}

/** The places of the examples of one class (null: of all), in one of the ORDERS. */
export function arranged(examples, labels, { order, only = null }) {
  const wanted = ({ at, right }) => (only === null || labels[at] === only) && !(order === "wrong" && right);
  const by = {
    ambiguous: (one, two) => one.lead - two.lead,
    wrong: (one, two) => one.lead - two.lead,
    unsure: (one, two) => two.entropy - one.entropy,
    certain: (one, two) => one.entropy - two.entropy,
    given: () => 0,
  }[order];
  return examples.filter(wanted).sort((one, two) => by(one, two) || one.at - two.at).map(({ at }) => at);
}

/** What lies under the lens before anyone has chosen: the teacher is right about it, and nearly was not. */
export function mostAmbiguous(examples) {
  const right = examples.filter((example) => example.right);
  if (!right.length) return 0;
  return right.reduce((best, example) => (example.lead < best.lead ? example : best)).at;
}
