// Everything that can be read off one example at one temperature, worked out once for all views. No page.

import * as numbers from "./numbers.js";
import { target } from "./targets.js";
import { STOPS } from "../board/scales.js";

/**
 * `teacher` logits; `label` of the example; `students` as `{name, label, role, logits}` (null: cannot say);
 * `kind` of target and the `seed` of its draw; the knobs `temperature`, `alpha`, `squared`.
 */
export function read({ teacher, label, students, kind, seed, temperature, alpha, squared }) {
  const own = said({ name: "teacher", logits: teacher, temperature, label });
  const told = target(kind, { logits: teacher, label, temperature, seed });
  const heard = kind === "teacher" ? own : { ...summary(told.logs, label), ...told, logs: told.logs };
  heard.agreement = told.logits && kind !== "teacher" ? numbers.wrongClassAgreement(told.logits, teacher, label) : null;
  const voices = students.map((student) => {
    if (!student?.logits || !Number.isFinite(student.logits[0])) return { ...student, logits: null };
    return {
      ...student,
      ...said({ ...student, temperature, label }),
      divergence: numbers.divergence(heard.logs, numbers.logSoftmax(student.logits, temperature)),
      agreement: numbers.wrongClassAgreement(student.logits, teacher, label),
    };
  });
  return { teacher: own, heard, kind, label, voices, temperature, alpha, squared, pull: pull(heard, voices[0]) };

  /** What this example tells the first student: the gradient and what it tends to. */
  function pull(target, student) {
    if (!student?.logits) return null;
    const given = { logits: student.logits, target: target.logs, label, temperature, alpha, squared };
    const parts = numbers.gradient(given);
    const tends = target.logits ? numbers.limit({ logits: student.logits, target: target.logits, alpha }) : null;
    return {
      ...parts,
      limit: tends,
      cosine: tends ? numbers.cosine(parts.soft, tends) : NaN,
      hardLength: numbers.length(parts.hard),
      softLength: numbers.length(parts.soft),
    };
  }
}

function said({ name, logits, temperature, label }) {
  const logs = numbers.logSoftmax(logits, temperature);
  return { name, logits, logs, plain: numbers.logSoftmax(logits, 1), ...summary(logs, label) };
}

function summary(logs, label) {
  const entropy = numbers.entropy(logs);
  return {
    entropy,
    count: Math.exp(entropy),
    right: label < 0 ? NaN : Math.exp(logs[label]),
    wrong: numbers.onWrong(logs, label),
    shares: logs.map(Math.exp),
  };
}

/**
 * The longest push on any logit at any alpha and any stop: the scale of the bars, which so stays while one drags.
 * Only a hard label pulls the harder the higher T is, without bound, so its scale goes with T.
 */
export function furthest({ teacher, label, student, kind, seed, temperature: now }) {
  let most = 0;
  for (const temperature of kind === "hard" ? [now] : STOPS) {
    const { logs } = target(kind, { logits: teacher, label, temperature, seed });
    for (const alpha of [0, 1]) {
      const { both } = numbers.gradient({ logits: student, target: logs, label, temperature, alpha });
      for (const value of both) most = Math.max(most, Math.abs(value));
    }
  }
  return most;
}
