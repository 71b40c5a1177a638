// A slider with stops: a native range input, so keyboard, touch and screen readers work, on a scale of our own.

import { el, mark, say } from "./dom.js";

const RESOLUTION = 2000;
const SNAP = 0.011; // how near to a stop, in shares of the track, the hand is drawn to it
const SETTLE = 350; // ms after the last arrow key until the value is sent
const TRUST = 4000; // ms during which a value just sent outlives older snapshots

/** Logarithmic scale between two positive bounds. */
export function logScale([low, high]) {
  const span = Math.log(high / low);
  return {
    position: (value) => Math.log(Math.min(Math.max(value, low), high) / low) / span,
    value: (position) => low * Math.exp(position * span),
  };
}

/** Every stop is as far from the next: fine where the stops are dense. */
export function stopScale(stops) {
  const last = stops.length - 1;
  return {
    position(value) {
      const above = stops.findIndex((stop) => stop >= value - 1e-9);
      if (above <= 0) return above === 0 ? 0 : 1;
      const [low, high] = [stops[above - 1], stops[above]];
      return (above - 1 + (value - low) / (high - low)) / last;
    },
    value(position) {
      const below = Math.min(Math.floor(position * last), last - 1);
      return stops[below] + (position * last - below) * (stops[below + 1] - stops[below]);
    },
  };
}

/** `input(value)` follows the hand, `commit(value)` comes once, on release. */
export class Slider {
  constructor({ name, label, help, scale, stops, labelled, format, round, input, commit }) {
    Object.assign(this, { format, round, input, commit });
    this.value = stops[0];
    this.pending = null;
    this.range = el("input", {
      type: "range",
      min: 0,
      max: RESOLUTION,
      step: 1,
      "aria-label": label,
      title: help,
      "data-testid": `slider-${name}`,
      oninput: () => this.follow(),
      onchange: () => this.release(),
      onkeydown: (event) => this.key(event),
    });
    this.ticks = el("div", { class: "ticks", "aria-hidden": "true" });
    this.element = el("div", { class: `slider ${name}` }, this.range, this.ticks);
    this.lay({ scale, stops, labelled });
  }

  /** On another scale, with other stops. */
  lay({ scale, stops, labelled }) {
    Object.assign(this, { scale, stops });
    const ticks = stops.map((stop) => {
      const place = `left:calc(var(--half) + (100% - 2 * var(--half)) * ${scale.position(stop).toFixed(4)})`;
      return el("span", { class: "tick", style: place }, labelled.includes(stop) ? this.format(stop) : "");
    });
    this.ticks.replaceChildren(...ticks);
    this.place();
  }

  get held() {
    return this.dragging === true || (this.pending !== null && performance.now() < this.pending);
  }

  /** The value from the server; a value the person has just set is not pulled back. */
  set(value) {
    if (value === null || value === undefined) return false;
    const same = Math.abs(value - this.value) < 1e-6 * Math.max(1, Math.abs(value));
    if (same) this.pending = this.dragging ? this.pending : null;
    if (same || this.held) return false;
    this.value = value;
    this.place();
    return true;
  }

  disable(disabled) {
    this.range.disabled = disabled;
  }

  place() {
    this.range.value = Math.round(this.scale.position(this.value) * RESOLUTION);
    this.describe();
  }

  describe() {
    mark(this.range, "aria-valuetext", this.format(this.value));
    this.range.style.setProperty("--at", `${(this.scale.position(this.value) * 100).toFixed(2)}%`);
    if (this.readout) say(this.readout, this.format(this.value));
  }

  follow() {
    this.dragging = true;
    const position = Number(this.range.value) / RESOLUTION;
    const near = this.stops.find((stop) => Math.abs(this.scale.position(stop) - position) < SNAP);
    this.value = near ?? this.round(this.scale.value(position));
    this.describe();
    this.input(this.value);
  }

  release() {
    this.dragging = false;
    this.place();
    this.settle();
  }

  settle() {
    window.clearTimeout(this.timer);
    this.pending = performance.now() + TRUST;
    this.commit(this.value);
  }

  key(event) {
    const leap = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1,
      PageUp: 3,
      PageDown: -3,
      Home: -99,
      End: 99,
    }[event.key];
    if (!leap || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.value = this.stopBeside(leap);
    this.pending = performance.now() + TRUST;
    this.place();
    this.input(this.value);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.settle(), SETTLE);
  }

  stopBeside(leap) {
    const ahead =
      leap > 0
        ? this.stops.filter((stop) => stop > this.value + 1e-9)
        : this.stops.filter((stop) => stop < this.value - 1e-9).reverse();
    return ahead[Math.min(Math.abs(leap), ahead.length) - 1] ?? this.value;
  }
}
