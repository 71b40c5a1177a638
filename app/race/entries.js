// Who enters: a box to tick for each method, by family, and how each is tuned.

import { el, mark, say, show } from "../board/dom.js";

const SETTLE = 350; // ms after the last tick until the choice is sent, so that several ticks are one
const TUNING = "Each tries so many values of its main weight; the best on validation is picked";

export class Entries {
  constructor({ acts }) {
    this.acts = acts;
    this.boxes = new Map();
    this.pending = null;
    this.families = el("div", { class: "families" });
    this.whys = el("p", { class: "whys" });
    this.tuned = el("input", { type: "checkbox", onchange: () => acts.do("tuned", { value: this.tuned.checked }) });
    this.trials = el("input", {
      type: "number",
      min: 2,
      "aria-label": "trials of each method",
      onchange: () => acts.do("trials", { value: Number(this.trials.value) || 5 }),
    });
    this.element = el(
      "section",
      { class: "area-entries", "aria-label": "Who enters the race" },
      el(
        "div",
        { class: "tuning-row" },
        el("label", { title: TUNING }, this.tuned, el("span", {}, "tune each with")),
        el("label", { title: TUNING }, this.trials, el("span", {}, "trials")),
      ),
      el("div", { class: "all" }, ...this.several()),
      el(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": "Methods by family" },
        this.families,
        this.whys,
      ),
    );
  }

  /** Buttons that tick many boxes at once. */
  several() {
    const chosen = { usual: (name) => this.usual.has(name), all: () => true, none: () => false };
    const tick = (which) => {
      for (const [name, { input }] of this.boxes) if (!input.disabled) input.checked = which(name);
      this.changed();
    };
    return Object.entries(chosen).map(([label, which]) =>
      el("button", { type: "button", class: "quiet", onclick: () => tick(which) }, label),
    );
  }

  set({ families, entered, whys, trials, most_trials: most, tuned, usual }) {
    this.usual = new Set(usual);
    const key = JSON.stringify(families);
    if (key !== this.listed) {
      this.listed = key;
      this.list(families);
    }
    const chosen = new Set(entered);
    if (!this.pending) {
      for (const [name, box] of this.boxes) {
        if (!box.fixed) box.input.checked = chosen.has(name) && !box.input.disabled;
      }
    }
    this.entered = chosen;
    say(this.whys, whys.length ? `Greyed out: ${whys.join(" ")}` : "");
    show(this.whys, whys.length > 0);
    this.tuned.checked = tuned;
    this.trials.disabled = !tuned;
    mark(this.trials, "max", most);
    if (document.activeElement !== this.trials) this.trials.value = String(trials);
    this.count(families);
  }

  list(families) {
    const held = document.activeElement?.dataset?.method;
    this.boxes.clear();
    this.counts = new Map();
    const groups = families.map(({ family, title, methods }) => {
      const count = el("span", { class: "count" });
      this.counts.set(family, count);
      const boxes = methods.map((method) => this.box(method));
      return el("fieldset", { "data-family": family }, el("legend", {}, title, " ", count), ...boxes);
    });
    this.families.replaceChildren(...groups);
    if (held) this.boxes.get(held)?.input.focus();
  }

  box({ name, title, fixed, why }) {
    const input = el("input", {
      type: "checkbox",
      "data-method": name,
      disabled: fixed || Boolean(why),
      onchange: () => this.changed(),
    });
    input.checked = fixed;
    this.boxes.set(name, { input, fixed });
    const says = fixed ? "In every race" : why;
    return el("label", { class: why ? "cannot" : fixed ? "fixed" : "", title: says || null }, input, el("span", {}, title));
  }

  count(families) {
    for (const { family, methods } of families) {
      const ticked = methods.filter(({ name }) => this.boxes.get(name).input.checked).length;
      say(this.counts.get(family), `${ticked} of ${methods.length}`);
    }
  }

  changed() {
    window.clearTimeout(this.pending);
    this.pending = window.setTimeout(() => {
      this.pending = null;
      const kept = [...this.boxes].filter(([name, { input, fixed }]) => {
        // What is greyed out on these networks stays entered for others.
        return !fixed && (input.disabled ? this.entered.has(name) : input.checked);
      });
      this.acts.do("enter", { value: kept.map(([name]) => name) });
    }, SETTLE);
  }

  close() {
    window.clearTimeout(this.pending);
  }
}
