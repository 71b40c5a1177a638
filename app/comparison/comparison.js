// Side by side: chosen runs, a pinned baseline, their differences, curves, settings, and two of them under one lens.
// What holds is in the address; what is drawn is asked for at addresses of its own; no statistic is computed here.

import { Acts } from "../board/acts.js";
import { el, mark, say, show } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { Plots } from "../board/plots.js";
import { Speech } from "../board/speech.js";
import { figureTable, tableElement } from "../board/tables.js";
import { Theme } from "../board/theme.js";
import { Asking } from "./asking.js";
import { Choices } from "./choices.js";
import { Lens } from "./lens.js";
import { Report } from "./report.js";
import { arranged } from "./smooth.js";
import { Standings } from "./standings.js";

export class Comparison {
  constructor(component) {
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    this.root = el("div", { class: "dk comparison", "data-testid": "comparison", "data-mark": "" });
    this.theme = new Theme(this.root);
    this.plots = new Plots(this.theme, {
      ready: () => this.plots.now(),
      point: (row) => this.lens.ring(row),
      hover: (row, event) => this.lens.hover(row, event),
      unhover: () => this.lens.glance.hide(),
      failed: (error) => this.trouble("drawing", error.message),
    });
    this.troubles = new Map();
    this.look = {};
    this.serial = 0;
    this.speech = new Speech();
    this.asking = new Asking("view", {
      arrived: (view) => this.arrive(view),
      trouble: (text) => this.trouble("view", text),
    });
    this.build();
    component.parentElement.append(this.root);
  }

  build() {
    this.headline = el("h2", {}, "");
    this.detail = el("p", { class: "detail" });
    this.report = new Report(this);
    this.links = ["csv", "parquet"].map((kind) =>
      el(
        "a",
        { class: "quiet", download: true, title: `Every number of every step as ${kind.toUpperCase()}` },
        kind.toUpperCase(),
      ),
    );
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.notes = el("p", { class: "notes", role: "status", hidden: true });
    this.choices = new Choices({
      change: (what) => this.change(what),
      smooth: (value, settled) => this.smooth(value, settled),
    });
    this.standings = new Standings({
      hide: (key, hidden) => this.change({ hide: edited(this.look.hide, key, hidden) }),
      pin: (key) => this.change({ baseline: key }),
      add: (key) => this.change({ also: edited(this.look.also, key, true) }),
      drop: (key) => this.change({ also: edited(this.look.also, key, false) }),
      more: (count) => this.act("more", { count }),
    });
    this.lens = new Lens({
      plots: this.plots,
      theme: this.theme,
      choose: (side, key) => this.put(side, key),
      stepped: (step) => this.cross(step),
      trouble: (name, text) => this.trouble(name, text),
    });
    this.settings = el("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Settings that differ" });
    this.differ = el("span", { class: "says" });
    const plot = (name, title) => ({
      name,
      title,
      body: this.plots.slot(name, 0),
      rows: () => figureTable(this.drawn(name)),
    });
    this.curves = new Panel({
      area: "area-curves",
      views: [plot("curves", "Over training")],
      tools: this.choices.forCurves,
    });
    this.classes = new Panel({ area: "area-classes", views: [plot("classes", "Class by class")] });
    this.scatter = new Panel({
      area: "area-scatter",
      views: [plot("scatter", "All entries")],
      tools: this.choices.forScatter,
    });
    const differences = el(
      "header",
      {},
      el("div", { class: "caption" }, el("h3", {}, "What differs"), " ", this.differ),
      el("div", { class: "tools" }, this.choices.forColour),
    );
    this.body = el(
      "div",
      { class: "side-by-side", hidden: true },
      el(
        "div",
        { class: "stand" },
        el("section", { class: "panel area-standings" }, this.standings.element),
        el("section", { class: "panel area-settings" }, differences, this.settings),
      ),
      this.curves.element,
      this.classes.element,
      this.scatter.element,
      this.lens.element,
    );
    const tools = el("div", { class: "tools" }, ...this.links, this.report.button);
    const head = el(
      "div",
      { class: "head" },
      this.headline,
      el("div", { class: "under" }, this.detail, tools),
      this.notes,
      this.message,
    );
    this.root.append(head, this.body, this.speech.element);
  }

  /** Called by Streamlit with every new snapshot, and when the theme changes. */
  update(component) {
    this.component = component;
    const { data } = component;
    this.snapshot = data;
    this.root.classList.toggle("present", data.present);
    if (this.theme.refresh()) this.recolour();
    // A snapshot that was made before the hand's last choice arrived says nothing new about the look.
    if (!this.serial || data.serial === this.serial) this.look = Object.fromEntries(new URLSearchParams(data.query));
    this.say(this.view);
    this.ask();
  }

  ask() {
    if (!this.look.runs) {
      say(this.headline, "Choose two runs above to see them side by side");
      return show(this.body, false);
    }
    const { smooth, hide, left, right, ...asked } = this.look; // what the browser does itself is not asked for
    this.asking.ask(
      String(new URLSearchParams({ ...asked, ...(left && { left }), ...(right && { right }) })),
      this.snapshot.mark,
    );
    if (this.view) this.draw();
  }

  /** Something was chosen: shown at once, and told to the server, which puts it into the address. */
  change(what) {
    this.look = Object.fromEntries(Object.entries({ ...this.look, ...what }).filter(([, value]) => value !== ""));
    this.ask();
    this.act("look", { look: this.look });
  }

  act(what, more) {
    this.serial += 1;
    this.acts.do(what, { ...more, serial: this.serial });
  }

  smooth(value, settled) {
    this.look = { ...this.look, smooth: String(value) };
    this.offerCurves();
    if (settled) this.change({ smooth: value ? String(value) : "" });
  }

  /** Another entry on one side; where it was on the other side, the two change places. */
  put(side, key) {
    const [left, right] = this.view.pair;
    const now = { left, right, [side]: key };
    if (now.left === now.right) now[side === "left" ? "right" : "left"] = side === "left" ? left : right;
    this.change(now);
  }

  get hidden() {
    return new Set(names(this.look.hide));
  }

  arrive(view) {
    this.view = view;
    this.draw();
    mark(this.root, "data-mark", view.mark);
    this.speech.tell(`${view.headline}.`);
  }

  draw() {
    const view = { ...this.view, added: names(this.look.also), measure: this.look.measure || "accuracy" };
    this.say(view);
    show(this.body, view.entries.length > 0);
    if (!view.entries.length) return;
    this.standings.draw(view, { hidden: this.hidden, theme: this.theme });
    this.choices.update(view, this.look);
    this.settings.replaceChildren(
      view.settings.rows.length > 1 ? tableElement(view.settings.rows, "Settings that differ") : "",
    );
    say(this.differ, view.settings.says);
    this.curves.tell({ curves: this.curvesSay });
    this.classes.tell({ classes: view.says.classes });
    this.scatter.tell({ scatter: view.says.scatter });
    this.offerCurves();
    for (const name of ["classes", "scatter"]) {
      this.plots.offer(name, this.drawn(name));
      this.plots.describe(name, view.says[name]);
    }
    this.lens.update(view, this.look, this.snapshot.mark);
    for (const panel of [this.curves, this.classes, this.scatter]) panel.refreshTable();
  }

  say(view) {
    const { example, notes } = this.snapshot;
    if (view) {
      say(this.headline, view.headline || "None of these runs can be shown");
      const shown = example
        ? "A worked example: the arms of a recorded run. Choose runs above to compare your own. "
        : "";
      say(this.detail, shown + (view.detail ?? ""));
    }
    const said = [...notes, ...(view?.notes ?? [])];
    say(this.notes, said.join(" "));
    show(this.notes, said.length > 0);
    for (const link of this.links) {
      show(link, Boolean(view?.entries.length));
      mark(link, "href", `/lab/scalars.${link.textContent.toLowerCase()}?runs=${this.look.runs ?? ""}`);
    }
    this.report.update(view);
  }

  get curvesSay() {
    const smoothing = Number(this.look.smooth || 0);
    const smoothed = smoothing ? ` Bold: means smoothed by ${smoothing.toFixed(2)}; faint: as measured.` : "";
    return this.view.says.curves + smoothed;
  }

  drawn(name) {
    const figure = this.view?.figures[name];
    return figure
      ? arranged(figure, { hidden: this.hidden, smoothing: name === "curves" ? Number(this.look.smooth || 0) : 0 })
      : { data: [] };
  }

  offerCurves() {
    this.plots.offer("curves", this.drawn("curves"));
    this.plots.describe("curves", `${this.view.headline}. ${this.curvesSay}`);
    this.plots.now();
  }

  /** The time line of the lens, as a line across the curves where they are drawn over steps. */
  cross(step) {
    this.plots.cursor("curves", step === null || (this.look.x || "step") !== "step" ? null : step + 1);
  }

  trouble(name, text) {
    if (text) this.troubles.set(name, text);
    else this.troubles.delete(name);
    say(this.message, [...this.troubles.values()].join(" "));
    show(this.message, this.troubles.size > 0);
  }

  recolour() {
    this.plots.refresh();
    this.lens.recolour();
    if (this.view) this.draw();
  }

  close() {
    this.plots.close();
    this.asking.close();
    this.lens.close();
    this.speech.close();
    this.root.remove();
  }
}

function names(text) {
  return (text ?? "").split(";").filter(Boolean);
}

/** A list of the address with a name in it, or without it. */
function edited(text, name, within) {
  const others = names(text).filter((other) => other !== name);
  return (within ? [...others, name] : others).join(";");
}
