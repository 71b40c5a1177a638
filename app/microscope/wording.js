// Numbers and sentences as people read them. No page.

import { ranked } from "../board/soft.js";

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A share of one: "32 %", "3.1 %", "0.02 %", and powers of ten below, where dark knowledge lives at T = 1. */
export function share(value) {
  if (!Number.isFinite(value)) return "–";
  const percent = 100 * value;
  if (percent >= 9.95) return `${percent.toFixed(0)} %`;
  if (percent >= 0.095) return `${percent.toFixed(1)} %`;
  if (percent >= 0.0095) return `${percent.toFixed(2)} %`;
  return value > 0 ? power(value) : "0 %";
}

/** The same over a narrow bar, as a fraction: ".32", ".003", "10⁻⁵". */
export function fraction(value) {
  if (value >= 0.995) return "1";
  if (value >= 0.0995) return value.toFixed(2).slice(1);
  if (value >= 0.00095) return value.toFixed(3).slice(1);
  return value > 0 ? tens(Math.round(Math.log10(value))) : "0";
}

function power(value) {
  const exponent = Math.floor(Math.log10(value));
  return `${(value / 10 ** exponent).toFixed(0)}·${tens(exponent)}`;
}

function tens(exponent) {
  return `10⁻${[...String(-exponent)].map((digit) => RAISED[digit]).join("")}`;
}

/** A signed number with a sign that cannot be taken for a hyphen. */
export function signed(value, digits = 2) {
  if (!Number.isFinite(value)) return "–"; // also what is not there
  const text = value.toFixed(digits);
  return Number(text) < 0 ? text.replace("-", "−") : text.replace("-", "");
}

/** “9” */
export function quoted(name) {
  return `“${name}”`;
}

/** “1” and “9”; “1”, “9” and “4” */
export function listed(names) {
  const all = names.map(quoted);
  return all.length < 2 ? (all[0] ?? "none") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

/** The headline: what the teacher sees, and of how many classes it speaks. */
export function headline({ classes, label, shares, temperature, count, whose }) {
  const [first, ...others] = ranked(shares, 3);
  const also = others.filter((k) => shares[k] >= 0.05);
  const [truth, said] = [label, first].map((k) => quoted(classes[k]));
  const seen = first === label ? `sees ${truth}` : `takes this ${truth} for ${said}`;
  const besides = also.length ? `, but also ${listed(also.map((k) => classes[k]))}` : "";
  const spoken = `it speaks of ${count.toFixed(1)} of ${classes.length} classes`;
  return `${whose} ${seen}${besides}: at T = ${temperature} ${spoken}`;
}

/** What the wrong classes have: "68 % for the wrong classes: “1” has 47 % of it". */
export function sharedOut({ mass, shares }, classes) {
  if (!(mass > 0)) return "nothing for the wrong classes";
  const [most] = ranked(shares, 1);
  return `${share(mass)} for the wrong classes: ${quoted(classes[most])} has ${share(shares[most])} of it`;
}

/** "arm 1", "arm 2" fit under small things as "1", "2". */
export function short(names) {
  const shared = names[0]?.match(/^.* /)?.[0];
  const alike = shared && names.every((name) => name.startsWith(shared));
  return alike ? names.map((name) => name.slice(shared.length)) : names;
}
