// The search: whether it beats random search, every knob against the value, what matters, one chosen trial.

import { Acts, browserKey } from "../board/acts.js";
import { el, icon, mark, say, show } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { Patience } from "../board/patience.js";
import { Plots } from "../board/plots.js";
import { Seen } from "../board/seen.js";
import { Speech } from "../board/speech.js";
import { Tip } from "../board/terms.js";
import { Theme } from "../board/theme.js";

const MOST_KNOBS = 8;

export class SearchView extends Seen {
  constructor(component) {
    super();
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    component.setStateValue("browser", browserKey());
    this.root = el("div", { class: "dk searching", "data-testid": "search", "data-state": "", "data-trials": "0" });
    this.theme = new Theme(this.root);
    this.speech = new Speech();
    this.tip = new Tip(this.root);
    this.plots = new Plots(this.theme, {
      ready: () => this.plots.now(),
      point: (trial) => this.acts.do("choose", { trial }),
      hover() {},
      unhover() {},
      failed: (error) => this.trouble(error.message),
    });
    this.patience = new Patience(() => [this.start, this.stop, this.goOn]);
    this.build();
    this.watch();
    component.parentElement.append(this.root);
  }

  build() {
    this.headline = el("h2", {});
    this.detail = el("p", { class: "detail" });
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.doubt = el("p", { class: "doubt" });
    const rows = () => this.snapshot?.rows;
    this.best = new Panel({
      area: "area-best",
      views: [{ name: "best", title: "Best so far", body: this.plots.slot("best", 0), rows }],
    });
    this.importance = new Panel({
      area: "area-importance",
      views: [
        {
          name: "importance",
          title: "What matters",
          body: this.plots.slot("importance", 300),
          rows: () => this.shares(),
        },
      ],
    });
    this.slices = Array.from({ length: MOST_KNOBS }, (_, k) => {
      const name = el("h4", {});
      return { name, element: el("div", { class: "knob" }, name, this.plots.slot(`slice-${k}`, 300)) };
    });
    this.knobs = el("div", { class: "knobs" }, ...this.slices.map(({ element }) => element));
    this.root.append(
      el("div", { class: "head" }, this.headline, el("div", { class: "under" }, this.detail), this.message),
      this.transport(),
      this.best.element,
      this.chosen(),
      this.importance.element,
      el("section", { class: "area-knobs", "aria-label": "Every knob against validation accuracy" }, this.knobs),
      this.speech.element,
      this.tip.element,
    );
  }

  transport() {
    const button = (kind, sign, text, act) => {
      const made = el("button", { class: `button ${kind}`, type: "button" }, sign && icon(sign), el("span", {}, text));
      made.onclick = () => this.patience.press(made, act);
      return made;
    };
    this.start = button("primary", "play", "Start search", () => this.acts.do("start"));
    this.stop = button("", "pause", "Stop", () => this.acts.do("stop"));
    this.more = el("input", { type: "number", min: 0, max: 1_000_000, "aria-label": "More budget" });
    this.unit = el("span", {});
    this.goOn = button("", "live", "Continue", () => this.acts.do("continue", { more: Number(this.more.value) || 0 }));
    this.extra = el("label", { class: "extra" }, "with", this.more, this.unit);
    this.whisper = el("p", { class: "whisper" });
    this.state = el("span", { class: "state" });
    this.counter = el("span", { class: "counter" });
    this.total = el("span", { class: "total" });
    return el(
      "div",
      { class: "transport" },
      el("div", { class: "buttons" }, this.start, this.stop, this.goOn, this.extra),
      el("div", { class: "aside" }, this.whisper),
      el("div", { class: "clock" }, this.state, el("span", {}, this.counter, this.total)),
    );
  }

  chosen() {
    const act = (what, text, title) =>
      el("button", { class: "button", type: "button", title, onclick: () => this.acts.do(what) }, text);
    this.name = el("h3", {});
    const choose = () => this.acts.do("choose", { trial: this.names.value });
    this.names = el("select", { "aria-label": "The chosen trial, the best first", onchange: choose });
    this.numbers = el("dl", { class: "trial-numbers" });
    this.lab = act("lab", "Train this in the Lab", "With the seeds of the search, beside its control");
    this.fresh = act("fresh", "With new seeds", "With seeds that the search never saw, beside its control");
    this.trial = el(
      "section",
      { class: "area-trial", "aria-label": "The chosen trial" },
      el("header", {}, this.name, this.names),
      this.numbers,
      el("div", { class: "buttons" }, this.lab, this.fresh),
      this.doubt,
    );
    return this.trial;
  }

  paint() {
    const { snapshot } = this;
    if (!snapshot || document.hidden) return;
    this.root.classList.toggle("present", snapshot.present);
    if (this.theme.refresh()) this.plots.refresh();
    if (snapshot.version === this.version) return;
    this.version = snapshot.version;
    const { study, state, notes, cannot } = snapshot;
    this.trouble([...notes, snapshot.reason].filter(Boolean).join(" "));
    this.start.disabled = Boolean(cannot);
    say(this.whisper, cannot ? `This cannot be searched: ${cannot}` : "");
    this.whisper.classList.toggle("trouble", Boolean(cannot));
    if (study !== this.study || state !== this.was) this.patience.rest();
    Object.assign(this, { study, was: state });
    this.root.classList.toggle("empty", !study);
    if (study) this.fill(snapshot);
    else this.ask();
  }

  ask() {
    say(this.headline, "No search has been started yet");
    say(this.detail, "Choose the knobs and the budget above, then start one.");
    for (const part of [this.stop, this.goOn, this.extra]) show(part, false);
  }

  fill(snapshot) {
    const { state, live, mine, budget, trials } = snapshot;
    say(this.headline, snapshot.headline);
    say(this.detail, snapshot.detail);
    mark(this.detail, "title", snapshot.detail);
    show(this.stop, live && mine);
    show(this.goOn, !live && mine);
    show(this.extra, !live && mine);
    say(this.unit, `more ${budget.unit}`);
    if (this.offered !== snapshot.study + state) this.more.value = budget.more;
    this.offered = snapshot.study + state;
    say(this.state, snapshot.says_state);
    mark(this.state, "data-state", live ? "running" : state);
    say(this.counter, budget.spent);
    say(this.total, ` of ${budget.of}`);
    this.best.tell({ best: [snapshot.counted, snapshot.left_out].filter(Boolean).join(" ") });
    this.importance.tell({ importance: snapshot.says_importance });
    this.draw(snapshot);
    this.tell(snapshot);
    for (const panel of [this.best, this.importance]) panel.refreshTable();
    mark(this.root, "data-study", snapshot.study);
    mark(this.root, "data-state", state);
    mark(this.root, "data-trials", trials);
    this.speech.tell(`${snapshot.says_state}. ${snapshot.headline}.`);
  }

  draw({ best, importance, slices, headline, says_importance: matters }) {
    this.plots.describe("best", `Best so far. ${headline}.`);
    this.plots.offer("best", best);
    this.plots.describe("importance", matters);
    this.plots.offer("importance", importance);
    this.slices.forEach(({ name, element }, k) => {
      const slice = slices[k];
      show(element, Boolean(slice));
      if (!slice) return;
      say(name, slice.title);
      this.plots.describe(`slice-${k}`, `Validation accuracy against ${slice.title}, one point a trial.`);
      this.plots.offer(`slice-${k}`, slice.figure);
    });
    this.root.style.setProperty("--knobs", slices.length);
  }

  tell({ trial, doubt, rows }) {
    this.trial.classList.toggle("silent", !trial);
    say(this.doubt, doubt);
    if (!trial) return;
    say(this.name, trial.name);
    this.list(rows, trial.name);
    const lines = trial.numbers.map(([name, value, between]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value, " ", el("span", { class: "between" }, between))),
    );
    this.numbers.replaceChildren(...lines);
  }

  shares() {
    const bars = this.snapshot?.importance.data[0];
    return bars && [["knob", "share"], ...bars.y.map((name, k) => [name, bars.text[k]]).reverse()];
  }

  /** Trials that can be chosen with the keyboard, the best first. */
  list(rows, chosen) {
    const found = rows.slice(1).filter(([, value]) => value);
    const key = JSON.stringify(found.map(([name]) => name));
    if (key !== this.listed) {
      this.listed = key;
      const options = found.map(([name, value]) => el("option", { value: name }, `${name}: ${value} %`));
      this.names.replaceChildren(...options);
    }
    if (document.activeElement !== this.names || this.names.value === chosen) this.names.value = chosen;
  }

  trouble(text) {
    say(this.message, text);
    show(this.message, Boolean(text));
  }

  close() {
    this.leave(this.patience, this.plots, this.speech, this.tip);
  }
}
