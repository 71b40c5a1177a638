// Train and stop, what the next plane would change, and how far this one is.

import { el, icon, mark, say, show } from "../board/dom.js";
import { Patience } from "../board/patience.js";

export class Transport {
  constructor({ acts }) {
    this.patience = new Patience(() => [this.train, this.stop]);
    const press = (button, what) => this.patience.press(button, () => acts.do(what));
    this.train = el(
      "button",
      { class: "button primary", type: "button", onclick: () => press(this.train, "train") },
      icon("play"),
      el("span", {}, "Train plane"),
    );
    this.stop = el(
      "button",
      { class: "button", type: "button", hidden: true, onclick: () => press(this.stop, "stop") },
      icon("pause"),
      el("span", {}, "Stop"),
    );
    this.whisper = el("p", { class: "whisper" });
    this.state = el("span", { class: "state" });
    this.counter = el("span", { class: "counter" });
    this.total = el("span", { class: "total" });
    this.element = el(
      "div",
      { class: "transport" },
      el("div", { class: "buttons" }, this.train, this.stop),
      el("div", { class: "aside" }, this.whisper),
      el("div", { class: "clock" }, this.state, el("span", {}, this.counter, this.total)),
    );
  }

  set({ plane, state, live, mine, says_state, step, steps, cannot, changed, check, ghost }) {
    if (plane !== this.plane || state !== this.was) this.patience.rest();
    Object.assign(this, { plane, was: state });
    this.train.disabled = Boolean(cannot);
    show(this.stop, live && mine);
    const next = changed.length ? `The next plane has ${changed.join("; ")}.` : ghost || check;
    say(this.whisper, cannot ? `This cannot be trained: ${cannot}` : next);
    mark(this.whisper, "title", this.whisper.textContent || null);
    this.whisper.classList.toggle("trouble", Boolean(cannot));
    say(this.state, says_state);
    mark(this.state, "data-state", state === "training" ? "running" : state);
    say(this.counter, steps ? String(step) : "");
    say(this.total, steps ? ` of ${steps} steps` : "");
  }
}
