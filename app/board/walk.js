// At the slowest pace the board walks through a step: the batch, the teacher's answers, two losses, the move.

import { calm, el, mark, say, show, svg } from "./dom.js";
import { barsPath, softmax, spoken } from "./soft.js";

const PHASES = 4;
const QUICK = 230; // ms a phase at one step a second
const SLOW = 700; // ms a phase when a single step was asked for
const MOST = 12; // pictures of the batch that are drawn
const BARS = [150, 64];

export class Walk {
  constructor() {
    this.batch = el("div", { class: "batch" });
    this.picture = el("span", { class: "picture" });
    this.soft = bars("teacher");
    this.answer = el("p", { class: "reading" });
    this.hard = scale("hard loss", "control");
    this.kind = scale("soft loss", "student");
    this.sum = el("p", { class: "reading" });
    this.before = svg("path", { class: "bars before" });
    this.after = bars("student", this.before);
    this.move = el("p", { class: "reading" });
    this.phases = [
      phase("1", "the batch", this.batch),
      phase("2", "the teacher answers", el("div", { class: "pair" }, this.picture, this.soft.drawing), this.answer),
      phase("3", "two losses, weighed", this.hard.element, this.kind.element, this.sum),
      phase("4", "the student moves", this.after.drawing, this.move),
    ];
    this.element = el("div", { class: "walk" }, ...this.phases);
    this.closed = false;
  }

  /** The pace asks for it and there is a step to show. */
  static wanted(snapshot, live) {
    return (
      live && snapshot.knobs.pace === "step" && Boolean(snapshot.walk) && ["running", "paused"].includes(snapshot.state)
    );
  }

  update(snapshot, stage, temperature) {
    const key = `${snapshot.run}|${snapshot.step}|${snapshot.example?.row}`;
    if (!stage || key === this.key) return;
    const another = this.stepKey !== `${snapshot.run}|${snapshot.step}`;
    this.stepKey = `${snapshot.run}|${snapshot.step}`;
    this.key = key;
    this.fill(snapshot, stage, temperature);
    if (another) this.march(snapshot.state === "paused" ? SLOW : QUICK);
  }

  fill({ walk, example }, stage, temperature) {
    const side = stage.shape ? Math.max(1, Math.floor(32 / stage.shape[0])) * stage.shape[0] : 0;
    const rows = walk.rows.slice(0, MOST);
    this.batch.replaceChildren(...rows.map((row) => this.member(stage, row, side)));
    const more = walk.rows.length - rows.length;
    if (more > 0) this.batch.append(el("span", { class: "more" }, `and ${more} more`));
    const at = Math.max(walk.rows.indexOf(example?.row), 0);
    const row = walk.rows[at];
    const { classes } = stage;
    if (row !== undefined) {
      if (stage.sheet) stage.picture(this.picture, row, 2 * side);
      const shares = softmax(stage.teacher_logits[row], temperature ?? 1);
      this.soft.bars.setAttribute("d", barsPath(shares, ...BARS, 2));
      const label = walk.labels[at];
      const told = label < 0 ? "label withheld" : `label “${classes[label]}”`;
      say(this.answer, `${told}; at T = ${temperature ?? 1} it says ${spoken(shares, classes, 1)}`);
    }
    this.losses(walk);
    this.moved(example, classes);
  }

  member(stage, row, side) {
    if (!stage.sheet) return el("span", { class: "dot", style: `background:var(--class-${stage.labels[row] % 10})` });
    const picture = el("span", { class: "picture" });
    stage.picture(picture, row, side);
    return picture;
  }

  losses({ hard, soft, hard_weight, weight }) {
    const [h, s] = [mean(hard), mean(soft)];
    const most = Math.max(h, s, 1e-9);
    this.hard.show(h, most, hard_weight);
    this.kind.show(s, most, weight);
    say(
      this.sum,
      `${[hard_weight, h].map(two).join(" × ")} + ${[weight, s].map(two).join(" × ")} = ${two(hard_weight * h + weight * s)}`,
    );
  }

  /** The student's opinion of the example followed: an outline before the step, solid after it. */
  moved(example, classes) {
    const now = example?.opinions.find(({ role }) => role === "distilled");
    if (!now) return;
    const shares = softmax(now.logits, 1);
    const before = this.last?.row === example.row ? this.last.shares : shares;
    this.before.setAttribute("d", barsPath(before, ...BARS, 2));
    this.after.bars.setAttribute("d", barsPath(shares, ...BARS, 2));
    const k = example.true;
    say(this.move, `true class “${classes[k]}”: ${tenths(before[k])} → ${tenths(shares[k])}`);
    this.last = { row: example.row, shares };
  }

  /** Light one phase after the other; all at once for those who ask for less motion. */
  march(pause) {
    window.clearTimeout(this.timer);
    const light = (current) => {
      this.phases.forEach((node, k) => node.classList.toggle("on", current >= PHASES || k === current));
      if (current < PHASES) this.timer = window.setTimeout(() => light(current + 1), pause);
    };
    light(calm() ? PHASES : 0);
  }

  set visible(visible) {
    show(this.element, visible);
    if (!visible) window.clearTimeout(this.timer);
  }

  close() {
    window.clearTimeout(this.timer);
  }
}

function phase(number, title, ...content) {
  return el("div", { class: "phase" }, el("h4", {}, el("span", {}, number), title), ...content);
}

function bars(role, ...under) {
  const path = svg("path", { class: "bars" });
  const [width, height] = BARS;
  const drawing = svg(
    "svg",
    { class: role, width, height: height + 1, "aria-hidden": "true" },
    ...under,
    path,
    svg("path", { class: "base", d: `M0 ${height + 0.5}h${width}` }),
  );
  return { drawing, bars: path };
}

/** A loss as a length, its weighed part filled. */
function scale(title, role) {
  const whole = el("span", { class: "whole" });
  const part = el("span", { class: "part" });
  const value = el("span", { class: "value" });
  const element = el(
    "div",
    { class: `loss ${role}` },
    el("span", { class: "name" }, title),
    el("span", { class: "track" }, whole, part),
    value,
  );
  return {
    element,
    show(loss, most, weight) {
      whole.style.width = `${(100 * loss) / most}%`;
      part.style.width = `${(100 * Math.min(weight, 1) * loss) / most}%`;
      say(value, loss.toFixed(2));
      mark(element, "title", `${title} ${loss.toFixed(3)}, weight ${weight}`);
    },
  };
}

/** A share of a moving student: one step is often less than a point. */
function tenths(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function two(value) {
  return value.toFixed(2);
}

function mean(values) {
  const known = values.filter((value) => Number.isFinite(value));
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : 0;
}
