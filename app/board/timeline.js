// The time line: drag back to any keyframe, play the run again, come back to live. Keyframes come by number.

import { calm, el, icon, mark, say, show, typing } from "./dom.js";
import { stride } from "./strides.js";
import { explain } from "./terms.js";

const RESOLUTION = 1000;
const BEND = 10; // steps: the line is logarithmic, as the pace is, because most of the story is over early
const PLAY = 8000; // ms for a whole run
const KEEP = 260; // keyframes remembered

export class Timeline {
  /** `look(keyframe | null, looking)` shows another time; null means live again. */
  constructor({ look, trouble }) {
    Object.assign(this, { look, trouble });
    this.cache = new Map();
    this.mode = "live";
    this.range = el("input", {
      type: "range",
      min: 0,
      max: RESOLUTION,
      step: 1,
      "aria-label": "Time line",
      title: "Drag back to any step of the run",
      oninput: () => this.drag(),
      onkeydown: (event) => this.key(event),
      "data-testid": "timeline",
    });
    this.marks = el("div", { class: "marks", "aria-hidden": "true" });
    this.again = el(
      "button",
      { class: "quiet", type: "button", title: "Play the run again (P)", onclick: () => this.play() },
      icon("play"),
      el("span", {}, "play again"),
    );
    this.live = el(
      "button",
      {
        class: "quiet",
        type: "button",
        title: "Back to the newest step (L)",
        hidden: true,
        onclick: () => this.leave(),
      },
      icon("live"),
      el("span", {}, "back to live"),
    );
    this.name = explain(el("span", { class: "name" }, "time line"));
    this.element = el(
      "div",
      { class: "timeline" },
      this.name,
      this.again,
      el("div", { class: "line" }, this.range, this.marks),
      this.live,
    );
  }

  update(snapshot, follow) {
    const other = !this.snapshot || this.snapshot.run !== snapshot.run || this.snapshot.seed !== snapshot.seed;
    this.snapshot = snapshot;
    if (other) this.forget();
    if (follow !== this.followed) {
      this.followed = follow;
      if (this.mode === "past") this.visit(this.step);
    }
    this.ticks(snapshot);
    const usable = Boolean(snapshot.keyframes_url) && snapshot.keyframes.length > 1;
    this.range.disabled = !usable;
    const ended = ["finished", "stopped", "failed"].includes(snapshot.state) || snapshot.recorded;
    show(this.again, usable && (ended || snapshot.state === "paused") && this.mode !== "play");
    show(this.name, this.again.hidden);
    say(this.live.lastChild, ended ? "to the end" : "back to live");
    this.range.style.setProperty("--newest", `${100 * this.position(snapshot.step)}%`);
    if (this.mode === "live") this.put(snapshot.step);
  }

  forget() {
    this.cancel();
    this.cache.clear();
    if (this.mode !== "live") this.leave();
  }

  /** Where a step stands on the line, from 0 to 1. */
  position(step) {
    const last = Math.max(this.snapshot.steps, this.snapshot.step, 1);
    return Math.log(1 + step / BEND) / Math.log(1 + last / BEND);
  }

  stepAt(position) {
    const last = Math.max(this.snapshot.steps, this.snapshot.step, 1);
    return BEND * (Math.exp(position * Math.log(1 + last / BEND)) - 1);
  }

  /** The nearest keyframe. */
  nearest(step) {
    return this.snapshot.keyframes.reduce((best, candidate) =>
      Math.abs(candidate - step) < Math.abs(best - step) ? candidate : best,
    );
  }

  put(step) {
    this.range.value = Math.round(this.position(step) * RESOLUTION);
    this.range.style.setProperty("--at", `${100 * this.position(step)}%`);
    mark(this.range, "aria-valuetext", `step ${step}`);
  }

  ticks({ events }) {
    const key = JSON.stringify([events, this.snapshot.steps]);
    if (key === this.tickKey) return;
    this.tickKey = key;
    this.marks.replaceChildren(
      ...(events ?? []).map(({ step, text }) =>
        el(
          "span",
          {
            class: "event",
            style: `left:${(100 * this.position(step)).toFixed(2)}%`,
            title: `${text} at step ${step}`,
          },
          text,
        ),
      ),
    );
  }

  drag() {
    const wanted = this.stepAt(Number(this.range.value) / RESOLUTION);
    if (wanted >= this.snapshot.step) this.leave();
    else this.go(this.nearest(wanted));
  }

  key(event) {
    const by = stride(event);
    if (!by) return;
    event.stopPropagation();
    const steps = this.snapshot.keyframes;
    const here = this.mode === "live" ? steps.length - 1 : steps.indexOf(this.nearest(this.step));
    const next = Math.max(here + by, 0);
    if (next >= steps.length) this.leave();
    else this.go(steps[next]);
  }

  go(step) {
    this.mode = "past";
    this.visit(step);
  }

  async visit(step) {
    this.step = step;
    this.put(step);
    show(this.live, true);
    try {
      const keyframe = await this.fetch(step);
      if (keyframe && this.mode === "past" && this.step === step) this.look(keyframe, "looking back");
    } catch (error) {
      this.trouble(`Step ${step} could not be loaded: ${error.message}`);
    }
  }

  /** A keyframe, from memory or from the server; an older question under way is dropped. Null if dropped itself. */
  async fetch(step) {
    const url = `${this.snapshot.keyframes_url}${step}.json?follow=${this.followed ?? ""}`;
    if (this.cache.has(url)) return this.cache.get(url);
    this.cancel();
    const asking = (this.asking = new AbortController());
    try {
      const answer = await fetch(url, { signal: asking.signal });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}.`);
      const keyframe = await answer.json();
      this.trouble(null);
      if (this.cache.size >= KEEP) this.cache.delete(this.cache.keys().next().value);
      this.cache.set(url, keyframe);
      return keyframe;
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw error instanceof TypeError ? new Error("the server does not answer.") : error;
    }
  }

  cancel() {
    this.asking?.abort();
    this.asking = null;
  }

  /** From the beginning to the end in about eight seconds, as fast as keyframes come. */
  async play() {
    const run = this.snapshot.run;
    this.mode = "play";
    show(this.again, false);
    show(this.name, true);
    show(this.live, true);
    const began = performance.now();
    try {
      while (this.mode === "play" && this.snapshot.run === run) {
        const share = (performance.now() - began) / PLAY;
        if (share >= 1) break;
        const step = this.nearest(this.stepAt(share * this.position(this.snapshot.step)));
        const keyframe = await this.fetch(step);
        if (this.mode !== "play") return;
        if (keyframe && step !== this.step) {
          this.step = step;
          this.put(step);
          this.look(keyframe, "playing");
        }
        await new Promise((done) => window.setTimeout(done, 60));
      }
    } catch (error) {
      this.trouble(`The run could not be played: ${error.message}`);
    }
    if (this.mode === "play") this.leave();
  }

  /** A recorded run shows itself once, unless the person asked for less motion. */
  playOnce() {
    if (this.played || calm() || !this.snapshot.recorded || this.snapshot.keyframes.length < 3) return;
    this.played = true;
    this.play();
  }

  leave() {
    this.cancel();
    this.mode = "live";
    this.step = null;
    show(this.live, false);
    this.update(this.snapshot, this.followed);
    this.look(null, "");
  }

  close() {
    this.mode = "closed";
    this.cancel();
  }

  /** L: back to live. P: play again. */
  shortcut(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (this.element.hidden) return;
    const key = event.key.toLowerCase();
    if (key === "l" && this.mode !== "live") this.leave();
    else if (key === "p" && !this.again.hidden) this.play();
    else return;
    event.preventDefault();
  }
}
