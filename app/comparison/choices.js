// What stands beside the curves and the scatter: which measure, over what, how smooth, which axes, what gives colour.

import { el, mark, say, show } from "../board/dom.js";

const SMOOTHEST = 0.99;

export class Choices {
  /** `change(look)` takes what was chosen; `smooth(value, settled)` follows the slider. */
  constructor({ change, smooth }) {
    const select = (name, label) =>
      el("select", {
        "aria-label": label,
        "data-choice": name,
        onchange: (event) => change({ [name]: event.target.value }),
      });
    this.selects = {
      measure: select("measure", "Measure"),
      x: select("x", "Common axis"),
      by: select("by", "Colour by"),
      sx: select("sx", "Across"),
      sy: select("sy", "Upward"),
    };
    this.smoothing = el("input", {
      type: "range",
      min: 0,
      max: SMOOTHEST,
      step: 0.01,
      "aria-label": "Smoothing",
      "data-testid": "smoothing",
      title: "Exponential moving average without its bias to zero; the raw mean stays behind it, faint",
      oninput: () => this.follow(smooth, false),
      onchange: () => this.follow(smooth, true),
    });
    this.reading = el("output", {});
    this.forCurves = [
      this.selects.measure,
      el("span", {}, "over"),
      this.selects.x,
      el("label", { class: "smoothing" }, "smooth", this.smoothing, this.reading),
    ];
    this.forScatter = [this.selects.sy, el("span", {}, "against"), this.selects.sx];
    this.group = el("input", {
      type: "checkbox",
      title: "Draw entries that agree in it as one: their mean, with every entry thin",
      onchange: () => change({ grouped: this.group.checked ? "1" : "" }),
    });
    this.grouping = el("label", { class: "grouping" }, this.group, "as groups");
    this.forColour = el("span", { class: "for-colour" }, el("label", {}, "colour by ", this.selects.by), this.grouping);
  }

  follow(smooth, settled) {
    const value = Number(this.smoothing.value);
    this.place(value);
    smooth(value, settled);
  }

  place(value) {
    this.smoothing.style.setProperty("--at", `${(100 * value) / SMOOTHEST}%`);
    mark(this.smoothing, "aria-valuetext", value ? value.toFixed(2) : "none");
    say(this.reading, value ? value.toFixed(2) : "");
  }

  update({ measures, xs, numeric, differing }, look) {
    const axes = { ...measures, ...Object.fromEntries(numeric.map((name) => [name, name])) };
    this.fill("measure", measures, look.measure || "accuracy");
    this.fill("x", xs, look.x || "step");
    this.fill("sx", axes, look.sx || "agreement");
    this.fill("sy", axes, look.sy || "accuracy");
    this.fill("by", { "": "entry", ...Object.fromEntries(differing.map((name) => [name, name])) }, look.by ?? "");
    show(this.grouping, Boolean(look.by));
    this.group.checked = Boolean(look.grouped);
    if (document.activeElement !== this.smoothing) {
      this.smoothing.value = look.smooth || 0;
      this.place(Number(look.smooth || 0));
    }
  }

  fill(name, options, value) {
    const select = this.selects[name];
    const key = JSON.stringify(options);
    if (select.dataset.key !== key) {
      select.replaceChildren(
        ...Object.entries(options).map(([option, label]) => el("option", { value: option }, label)),
      );
      select.dataset.key = key;
    }
    select.value = value in options ? value : Object.keys(options)[0];
  }
}
