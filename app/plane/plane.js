// The plane of two knobs: a map that fills while its students learn, one chosen cell, and slices through it.

import { Acts, browserKey } from "../board/acts.js";
import { el, mark, say, show } from "../board/dom.js";
import { Plots } from "../board/plots.js";
import { Seen } from "../board/seen.js";
import { Speech } from "../board/speech.js";
import { Tip } from "../board/terms.js";
import { Theme } from "../board/theme.js";
import { CellPanel } from "./cell.js";
import { Conventions } from "./conventions.js";
import { PlaneMap } from "./map.js";
import { Slices } from "./slices.js";
import { Transport } from "./transport.js";

/** Charts that tell when they have been drawn, so that what lies over them can follow. */
class TellingPlots extends Plots {
  draw(slot) {
    super.draw(slot);
    this.drawn?.(slot);
  }
}

export class PlaneView extends Seen {
  constructor(component) {
    super();
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    component.setStateValue("browser", browserKey());
    this.root = el("div", { class: "dk tuning", "data-testid": "plane", "data-state": "", "data-step": "" });
    this.theme = new Theme(this.root);
    this.speech = new Speech();
    this.tip = new Tip(this.root);
    this.plots = new TellingPlots(this.theme, {
      ready: () => this.plots.now(),
      point: (number) => this.choose(this.place(number)),
      hover: (number) => this.cell.glance(this.place(number)),
      unhover: () => this.cell.glance(null),
      failed: (error) => this.trouble(error.message),
    });
    this.plots.drawn = (slot) => slot.name === "map" && this.map.follow();
    this.build();
    this.watch();
    component.parentElement.append(this.root);
  }

  build() {
    this.headline = el("h2", {});
    this.detail = el("p", { class: "detail" });
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.transport = new Transport({ acts: this.acts });
    this.map = new PlaneMap({
      plots: this.plots,
      choose: (cell) => this.choose(cell),
      train: (cell) => this.acts.do("lab", cell),
      colour: (measure) => this.acts.do("measure", { value: measure }),
    });
    this.conventions = new Conventions({ acts: this.acts });
    this.map.body.append(this.conventions.element);
    this.cell = new CellPanel({ plots: this.plots, acts: this.acts, trouble: (text) => this.trouble(text) });
    this.slices = new Slices({ plots: this.plots });
    this.root.append(
      el("div", { class: "head" }, this.headline, el("div", { class: "under" }, this.detail), this.message),
      this.transport.element,
      this.map.panel.element,
      this.cell.element,
      ...this.slices.elements,
      this.speech.element,
      this.tip.element,
    );
  }

  paint() {
    const { snapshot } = this;
    if (!snapshot || document.hidden) return;
    this.root.classList.toggle("present", snapshot.present);
    if (this.theme.refresh()) this.plots.refresh();
    if (snapshot.version === this.version) return;
    this.version = snapshot.version;
    this.trouble(snapshot.notes.join(" "));
    if (!snapshot.plane) return say(this.headline, "There is no plane to show yet. Train one.");
    say(this.headline, snapshot.headline);
    say(this.detail, snapshot.detail);
    mark(this.detail, "title", this.detail.textContent);
    this.transport.set(snapshot);
    this.map.set(snapshot);
    this.conventions.set(snapshot);
    this.cell.set(snapshot);
    this.slices.set(snapshot);
    mark(this.root, "data-plane", snapshot.plane);
    mark(this.root, "data-state", snapshot.state);
    mark(this.root, "data-step", snapshot.step);
    this.speech.tell(`${snapshot.says_state}. ${snapshot.headline}.`);
  }

  /** Cells are numbered row by row. */
  place(number) {
    const [, columns] = this.snapshot.shape;
    return { column: number % columns, row: Math.floor(number / columns) };
  }

  choose(cell) {
    this.map.point(cell);
    this.acts.do("choose", cell);
  }

  trouble(text) {
    say(this.message, text);
    show(this.message, Boolean(text));
  }

  close() {
    this.leave(this.plots, this.speech, this.tip, this.cell);
  }
}
