// One time line for two runs: every step that either of them has a picture of.

import { el, icon, mark, say } from "../board/dom.js";
import { stride } from "../board/strides.js";

const RESOLUTION = 1000;
const BEND = 10; // steps: logarithmic, because most of the story is over early
const PLAY = 6000; // ms for all of it
const APART = 70; // ms between two pictures while it plays

export class CommonTime {
  /** `visit(step)`: the step that is to be shown. */
  constructor({ visit }) {
    this.visit = visit;
    this.steps = [0];
    this.step = null;
    this.range = el("input", {
      type: "range",
      min: 0,
      max: RESOLUTION,
      step: 1,
      "aria-label": "Common time line of both",
      "data-testid": "common-time",
      oninput: () => this.go(this.nearest(this.stepAt(Number(this.range.value) / RESOLUTION))),
      onkeydown: (event) => this.key(event),
    });
    this.play = el(
      "button",
      { class: "quiet", type: "button", title: "Play both from the beginning", onclick: () => this.run() },
      icon("play"),
      el("span", {}, "play"),
    );
    this.reading = el("output", {});
    this.element = el("div", { class: "timeline" }, this.play, el("div", { class: "line" }, this.range), this.reading);
  }

  /** The steps there are; the newest is shown until a hand goes elsewhere. */
  set(steps) {
    this.steps = steps.length ? steps : [0];
    if (this.step !== null && !this.steps.includes(this.step)) this.step = this.nearest(this.step);
    this.put();
  }

  get last() {
    return Math.max(this.steps.at(-1), 1);
  }

  get shown() {
    return this.step ?? this.steps.at(-1);
  }

  position(step) {
    return Math.log(1 + step / BEND) / Math.log(1 + this.last / BEND);
  }

  stepAt(position) {
    return BEND * (Math.exp(position * Math.log(1 + this.last / BEND)) - 1);
  }

  nearest(step) {
    return this.steps.reduce((best, other) => (Math.abs(other - step) < Math.abs(best - step) ? other : best));
  }

  put() {
    const at = this.position(this.shown);
    this.range.value = Math.round(at * RESOLUTION);
    this.range.style.setProperty("--at", `${(100 * at).toFixed(2)}%`);
    mark(this.range, "aria-valuetext", `step ${this.shown}`);
    say(this.reading, `step ${this.shown}`);
  }

  go(step) {
    this.playing = false;
    this.show(step);
  }

  show(step) {
    this.step = step === this.steps.at(-1) ? null : step;
    this.put();
    this.visit(this.step);
  }

  key(event) {
    const by = stride(event);
    if (!by) return;
    const here = this.steps.indexOf(this.nearest(this.shown));
    this.go(this.steps[Math.min(Math.max(here + by, 0), this.steps.length - 1)]);
  }

  /** From the beginning to the end, as fast as pictures come. */
  async run() {
    this.playing = true;
    const began = performance.now();
    while (this.playing) {
      const share = Math.min((performance.now() - began) / PLAY, 1);
      const step = this.nearest(this.stepAt(share));
      if (step !== this.shown || share === 1) this.show(step);
      if (share === 1) break;
      await new Promise((done) => window.setTimeout(done, APART));
    }
    this.playing = false;
  }

  close() {
    this.playing = false;
  }
}
