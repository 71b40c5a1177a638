// How other people write the loss: the axis gets their numbers, and a mark where their alpha and T lie on our plane.

import { el, mark, say, show } from "../board/dom.js";

export class Conventions {
  constructor({ acts }) {
    this.acts = acts;
    this.choice = el("select", {
      "aria-label": "How the loss is written",
      onchange: () => acts.do("convention", { value: this.choice.value }),
    });
    this.alpha = this.field("your alpha", { min: 0, max: 1, step: 0.05 });
    this.temperature = this.field("your T", { min: 0.01, step: 1 });
    this.says = el("p", { class: "says" });
    this.element = el(
      "div",
      { class: "conventions" },
      el("label", {}, "written", this.choice),
      el("label", {}, "your alpha", this.alpha),
      el("label", {}, "your T", this.temperature),
      this.says,
    );
  }

  field(label, bounds) {
    return el("input", {
      type: "number",
      inputmode: "decimal",
      "aria-label": label,
      ...bounds,
      onchange: () => this.commit(),
    });
  }

  commit() {
    const [alpha, temperature] = [this.alpha, this.temperature].map(({ value }) => (value === "" ? null : Number(value)));
    const either = alpha !== null || temperature !== null;
    if (either && (alpha === null || temperature === null)) return; // the other one is still to come
    this.acts.do("yours", { alpha, temperature });
  }

  set({ conventions, convention, yours }) {
    show(this.element, conventions.length > 0);
    if (!conventions.length) return;
    const key = JSON.stringify(conventions);
    if (key !== this.filled) {
      this.filled = key;
      this.choice.replaceChildren(
        ...conventions.map(({ name, label, formula }) => el("option", { value: name }, `${label}: ${formula}`)),
      );
    }
    if (document.activeElement !== this.choice || this.choice.value === convention) this.choice.value = convention;
    for (const [field, value] of [
      [this.alpha, yours.alpha],
      [this.temperature, yours.temperature],
    ]) {
      if (document.activeElement !== field && (value !== null || this.had)) field.value = value ?? "";
    }
    this.had = yours.alpha !== null;
    say(this.says, yours.says);
    mark(this.says, "title", yours.says || null);
  }
}
