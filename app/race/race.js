// The race: who enters on the left, the leaderboard on the right.

import { Acts, browserKey } from "../board/acts.js";
import { el, icon, mark, say, show } from "../board/dom.js";
import { Patience } from "../board/patience.js";
import { Seen } from "../board/seen.js";
import { Speech } from "../board/speech.js";
import { Theme } from "../board/theme.js";
import { Entries } from "./entries.js";
import { Leaderboard } from "./leaderboard.js";

export class RaceView extends Seen {
  constructor(component) {
    super();
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    component.setStateValue("browser", browserKey());
    this.root = el("div", { class: "dk race", "data-testid": "race", "data-state": "", "data-step": "" });
    this.theme = new Theme(this.root);
    this.speech = new Speech();
    this.build();
    this.watch();
    component.parentElement.append(this.root);
  }

  build() {
    const press = (button, what) => this.patience.press(button, () => this.acts.do(what));
    this.headline = el("h2", {});
    this.detail = el("p", { class: "detail" });
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.start = el(
      "button",
      { class: "button primary", type: "button", onclick: () => press(this.start, "race") },
      icon("play"),
      el("span", {}, "Race"),
    );
    this.stop = el(
      "button",
      { class: "button", type: "button", hidden: true, onclick: () => press(this.stop, "stop") },
      icon("pause"),
      el("span", {}, "Stop"),
    );
    this.patience = new Patience(() => [this.start, this.stop]);
    this.whisper = el("p", { class: "whisper" });
    this.state = el("span", { class: "state" });
    this.counter = el("span", { class: "counter" });
    this.total = el("span", { class: "total" });
    this.entries = new Entries({ acts: this.acts });
    this.board = new Leaderboard({ open: (lane, where) => this.acts.do(where, { lane }) });
    this.root.append(
      el("div", { class: "head" }, this.headline, el("div", { class: "under" }, this.detail), this.message),
      el(
        "div",
        { class: "transport" },
        el("div", { class: "buttons" }, this.start, this.stop),
        el("div", { class: "aside" }, this.whisper),
        el("div", { class: "clock" }, this.state, el("span", {}, this.counter, this.total)),
      ),
      this.entries.element,
      this.board.element,
      this.speech.element,
    );
  }

  paint() {
    const { snapshot } = this;
    if (!snapshot || document.hidden) return;
    this.theme.refresh();
    this.root.classList.toggle("present", snapshot.present);
    if (snapshot.version === this.version) return;
    this.version = snapshot.version;
    say(this.message, snapshot.notes.join(" "));
    show(this.message, snapshot.notes.length > 0);
    this.entries.set(snapshot);
    this.transport(snapshot);
    if (!snapshot.race) return say(this.headline, "There is no race to show yet. Start one.");
    say(this.headline, snapshot.headline);
    say(this.detail, snapshot.detail);
    mark(this.detail, "title", snapshot.detail);
    this.board.set(snapshot);
    mark(this.root, "data-race", snapshot.race);
    mark(this.root, "data-state", snapshot.recorded ? "recorded" : snapshot.state);
    mark(this.root, "data-step", snapshot.step);
    this.speech.tell(`${snapshot.says_state}. ${snapshot.headline}`);
  }

  transport({ race, state, live, mine, says_state, step, steps, cannot, changed, size }) {
    if (race !== this.shown || state !== this.was) this.patience.rest();
    Object.assign(this, { shown: race, was: state });
    this.start.disabled = Boolean(cannot);
    show(this.stop, Boolean(live && mine));
    const next = changed.length ? `The next race has ${changed.join("; ")}: ${size}.` : size ? `A race has ${size}.` : "";
    say(this.whisper, cannot ? `This cannot be raced: ${cannot}` : next);
    mark(this.whisper, "title", this.whisper.textContent || null);
    this.whisper.classList.toggle("trouble", Boolean(cannot));
    say(this.state, says_state);
    mark(this.state, "data-state", state);
    say(this.counter, steps ? String(step) : "");
    say(this.total, steps ? ` of ${steps} steps` : "");
  }

  close() {
    this.leave(this.patience, this.speech, this.entries);
  }
}
