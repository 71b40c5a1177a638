// The transport: train, pause, step, reset, pace, where to stop. And the keys that do the same.

import { el, icon, mark, say, show, typing } from "./dom.js";
import { PATIENCE } from "./patience.js";
import { explain } from "./terms.js";

const STATES = {
  idle: "ready",
  queued: "waiting",
  teacher: "the teacher is being trained",
  running: "training",
  paused: "paused",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
};

export class Transport {
  constructor({ acts }) {
    this.acts = acts;
    this.train = this.button("train", "play", "Train", "Train: start a new run with the settings shown (Space)", () =>
      acts.do("train"),
    );
    this.pause = this.button("pause", "pause", "Pause", "Pause or resume (Space)", () => this.hold());
    this.step = this.button("step", "step", "Step", "One training step (S, or the right arrow on these buttons)", () =>
      acts.do("step"),
    );
    this.reset = this.button("reset", "reset", "Reset", "Reset: a new run from step 0, same seeds", () =>
      acts.do("reset"),
    );
    this.seeds = this.button(
      "seeds",
      "seeds",
      "New seeds",
      "A new run with other seeds: other first weights, other pictures",
      () => acts.do("new_seeds"),
    );
    this.pace = el("select", {
      "aria-label": "Pace",
      title: "How fast to watch. Pace never changes results.",
      onchange: () => this.setPace(),
    });
    this.stopAt = el("input", {
      type: "number",
      min: 1,
      step: 1,
      inputmode: "numeric",
      placeholder: "end",
      "aria-label": "Stop at step",
      title: "Pause by itself at this step; empty: go on to the end",
      onchange: () => this.setStop(),
    });
    this.whisper = el("p", { class: "whisper" });
    this.suggest = el("button", { class: "quiet suggest", type: "button", hidden: true, onclick: () => this.take() });
    this.copy = el(
      "button",
      { class: "button copy", type: "button", hidden: true, onclick: () => acts.do("copy") },
      "Take a copy",
    );
    this.state = el("span", { class: "state" });
    this.counter = el("span", { class: "counter" });
    this.total = el("span", { class: "total" });
    this.element = el(
      "div",
      { class: "transport", role: "group", "aria-label": "Training", onkeydown: (event) => this.arrow(event) },
      el("div", { class: "buttons" }, this.train, this.pause, this.step, this.reset, this.seeds, this.copy),
      el(
        "div",
        { class: "paces" },
        el("label", {}, explain(el("span", {}, "pace")), this.pace),
        el("label", {}, explain(el("span", {}, "stop at")), this.stopAt),
      ),
      el("div", { class: "aside" }, this.whisper, this.suggest),
      el(
        "div",
        { class: "clock" },
        this.state,
        el("span", { class: "step-line" }, explain(el("span", {}, "step")), " ", this.counter, " ", this.total),
      ),
    );
  }

  button(name, sign, label, title, onclick) {
    const words = el("span", {}, label);
    const button = el("button", { class: `button ${name}`, type: "button", title, onclick }, icon(sign), words);
    button.words = words;
    const act = button.onclick;
    button.onclick = () => {
      this.asked = performance.now();
      mark(button, "aria-busy", "true");
      window.setTimeout(() => mark(button, "aria-busy", null), PATIENCE);
      act();
    };
    return button;
  }

  /** Pause what runs, go on with what is paused, leave the queue when there is nothing to pause yet. */
  hold() {
    const kind = { paused: "resume", running: "pause", queued: "stop", teacher: "stop" }[this.snapshot.state];
    if (kind) this.acts.do(kind);
  }

  setPace() {
    this.chosenPace = [this.pace.value, performance.now()];
    this.acts.do("pace", { value: this.pace.value });
  }

  setStop() {
    const step = Number.parseInt(this.stopAt.value, 10);
    this.acts.do("stop_at", {
      value: Number.isFinite(step) && step > 0 ? Math.min(step, this.snapshot.steps || step) : null,
    });
  }

  take() {
    const { do: act, knob, value } = this.snapshot.suggest;
    if (act) this.acts.do(act);
    else this.acts.do("set", { knob, value });
    show(this.suggest, false);
  }

  /** May the run still move? */
  static live({ state, recorded }) {
    return ["running", "paused", "queued", "teacher"].includes(state) && !recorded;
  }

  /** Watching somebody else's run while it goes on: everything may be seen, nothing moved. */
  static watching(snapshot) {
    return Transport.live(snapshot) && !snapshot.mine;
  }

  update(snapshot) {
    const before = this.snapshot;
    this.snapshot = snapshot;
    const { state, recorded } = snapshot;
    const watching = Transport.watching(snapshot);
    const live = Transport.live(snapshot);
    if (before && (before.state !== state || before.run !== snapshot.run)) this.settle();
    const waiting = state === "queued" || state === "teacher";
    this.train.classList.toggle("primary", !live);
    for (const button of [this.train, this.reset, this.seeds]) button.disabled = watching;
    this.pause.disabled = watching || !live;
    say(this.pause.words, state === "paused" ? "Resume" : waiting ? "Stop" : "Pause");
    this.step.disabled = watching || !live || waiting;
    this.pace.disabled = this.stopAt.disabled = watching;
    show(this.copy, watching);
    this.paces(snapshot);
    this.aside(snapshot, watching);
  }

  settle() {
    for (const button of [this.train, this.pause, this.step, this.reset, this.seeds]) mark(button, "aria-busy", null);
  }

  paces({ paces, knobs, steps }) {
    const key = JSON.stringify(paces);
    if (key !== this.paceKey) {
      this.paceKey = key;
      this.pace.replaceChildren(...paces.map(([value, label]) => el("option", { value }, label)));
    }
    const fresh = this.chosenPace && performance.now() - this.chosenPace[1] < PATIENCE;
    if (knobs.pace && !fresh && document.activeElement !== this.pace) this.pace.value = knobs.pace;
    if (document.activeElement !== this.stopAt) this.stopAt.value = knobs.stop_at ?? "";
    mark(this.stopAt, "max", steps || null);
  }

  /** One quiet line: who may steer, what Train would start anew, what went wrong, what to try. */
  aside(snapshot, watching) {
    const restart = snapshot.restart ?? [];
    const first = watching
      ? "You are watching; take a copy to steer your own."
      : restart.length && !snapshot.refused
        ? `Train starts a new run (${restart.join("; ")}).`
        : "";
    const text = [first, snapshot.reason, ...(snapshot.notes ?? [])].filter(Boolean).join(" ");
    say(this.whisper, text);
    mark(this.whisper, "title", text || null);
    this.whisper.classList.toggle("trouble", Boolean(snapshot.reason) && snapshot.state === "failed");
    const suggest = watching ? null : snapshot.suggest;
    show(this.suggest, Boolean(suggest));
    if (suggest) say(this.suggest, suggest.text);
  }

  /** Where the board stands: the step it shows, and what the run is doing. */
  clock(step, looking) {
    const { state, recorded, queue, steps } = this.snapshot;
    say(this.counter, String(step).padStart(5, "0"));
    say(this.total, steps ? `of ${steps}` : "");
    const doing = recorded
      ? "recorded run"
      : state === "queued" && queue
        ? `place ${queue} in the queue`
        : (STATES[state] ?? state);
    say(this.state, looking ? `${doing}, ${looking}` : doing);
    mark(this.state, "data-state", recorded ? "recorded" : state);
  }

  /** On any button of the transport the right arrow takes one step. */
  arrow(event) {
    if (event.key !== "ArrowRight" || !event.target.closest("button") || this.step.disabled) return;
    event.preventDefault();
    event.stopPropagation();
    this.step.click();
  }

  /** Keys for the whole page: Space trains, pauses and resumes; S steps. Never while something else has the key. */
  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (this.element.hidden) return;
    if (event.key === " " && !event.target.closest?.("button, a, summary, [role=button], [role=tab]")) {
      const target = this.pause.disabled ? this.train : this.pause;
      if (target.disabled || event.repeat) return;
      event.preventDefault();
      target.click();
    } else if (event.key.toLowerCase() === "s" && !event.shiftKey && !this.step.disabled) {
      event.preventDefault();
      this.step.click();
    }
  }
}
