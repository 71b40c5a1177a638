// Two entries under one lens: their embeddings and class similarities on one time line, and examples one gets right.

import { Glance } from "../board/glance.js";
import { el, mark, say, show } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { StageKeeper } from "../board/stage.js";
import { figureTable, numbers } from "../board/tables.js";
import { channels } from "../board/theme.js";
import { Asking } from "./asking.js";
import { Examples } from "./examples.js";
import { CommonTime } from "./timeline.js";

const SIDES = ["left", "right"];
const HEAVY = 120; // ms between two drawings of points
const PARTS = ["runs", "also", "baseline", "left", "right"];

export class Lens {
  /** `choose(side, key)` puts another entry under the lens; `stepped(step | null)` tells where the time line is. */
  constructor({ plots, theme, choose, stepped, trouble }) {
    Object.assign(this, { plots, theme, stepped });
    this.glance = new Glance();
    this.row = null;
    this.selects = SIDES.map((side) =>
      el("select", {
        "aria-label": `Entry on the ${side}`,
        "data-testid": `lens-${side}`,
        onchange: (event) => choose(side, event.target.value),
      }),
    );
    this.title = el("h2", {}, "Two of them under one lens");
    this.chooser = el("p", { class: "chooser" }, this.selects[0], " beside ", this.selects[1]);
    this.refused = el("p", { class: "refused", role: "status", hidden: true });
    this.time = new CommonTime({ visit: (step) => this.visit(step) });
    this.legend = el("div", { class: "legend", "aria-hidden": "true" });
    this.embedding = new Panel({
      area: "area-spaces",
      views: [this.side("embedding", "Their embeddings in one space", SIDES)],
    });
    this.similarity = new Panel({
      area: "area-alike",
      views: [this.side("similarity", "Which classes look alike", [...SIDES, "difference"])],
    });
    this.examples = new Examples();
    this.pair = new Asking("pair", {
      arrived: (answer) => this.arrive(answer),
      trouble: (text) => trouble("lens", text),
    });
    this.cases = new Asking("examples", {
      arrived: (answer) => this.show(answer),
      trouble: (text) => trouble("examples", text),
    });
    this.keeper = new StageKeeper({ arrived: () => this.staged(), trouble: (text) => trouble("pictures", text) });
    this.body = el(
      "div",
      { class: "lens-body" },
      this.time.element,
      this.embedding.element,
      this.similarity.element,
      this.examples.element,
    );
    this.element = el(
      "section",
      { class: "lens", hidden: true },
      el("header", {}, this.title, this.chooser),
      this.refused,
      this.body,
      this.glance.element,
    );
  }

  side(name, title, sides) {
    const plots = sides.map((side) => {
      const who = el("span", { class: "who-sees" });
      const holder = el("div", {}, who, this.plots.slot(`${name}_${side}`, HEAVY));
      holder.who = who;
      return holder;
    });
    const body = el("div", { class: `pair-of-plots of-${sides.length}` }, ...plots);
    this[`${name}Holders`] = plots;
    const rows = () => figureTable(this.plots.figure(`${name}_left`) ?? { data: [] });
    return { name, title, body, rows };
  }

  /** Which entries there are and which two are under the lens; ask for what is shown of them. */
  update(view, look, version) {
    this.view = view;
    show(this.element, view.entries.length > 1);
    if (view.entries.length < 2) return;
    this.selects.forEach((select, at) => {
      const options = view.entries.map(({ key, letter, label }) => el("option", { value: key }, `${letter} ${label}`));
      select.replaceChildren(...options);
      select.value = view.pair[at];
    });
    const query = new URLSearchParams(PARTS.filter((name) => look[name]).map((name) => [name, look[name]]));
    query.set("left", view.pair[0]);
    query.set("right", view.pair[1]);
    const other = String(query) !== this.query;
    Object.assign(this, { query: String(query), mark: version });
    if (other) this.time.step = null;
    this.ask();
    this.cases.ask(this.query, version);
  }

  ask() {
    const step = this.time.step === null ? "" : `&step=${this.time.step}`;
    this.pair.ask(`${this.query}${step}`, this.mark);
  }

  visit(step) {
    this.ask();
    this.stepped(step);
  }

  arrive(answer) {
    show(this.refused, Boolean(answer.refused));
    show(this.body, !answer.refused);
    say(this.refused, answer.refused ?? "");
    if (answer.refused) return;
    this.answer = answer;
    this.time.set(answer.steps);
    this.keeper.want(answer.stage_url);
    const { letters, figures, says, reached } = answer;
    [...letters, `${letters[1]} minus ${letters[0]}`].forEach((text, at) => {
      if (at < 2) say(this.embeddingHolders[at].who, `${text}, step ${reached[at]}`);
      say(this.similarityHolders[at].who, text);
    });
    for (const [name, figure] of Object.entries(figures)) {
      this.plots.offer(name, name.startsWith("embedding") ? this.ringed(figure) : figure);
      this.plots.describe(name, says[name.split("_")[0]]);
    }
    this.name(answer.classes);
    this.embedding.tell({ embedding: says.embedding });
    this.similarity.tell({ similarity: says.similarity });
    mark(this.element, "data-step", reached.join(" "));
  }

  /** What the colours of the points mean. */
  name(classes) {
    if (this.legend.childElementCount === classes.length) return;
    this.legend.replaceChildren(
      ...classes.map((name, k) => el("span", { style: `--dot:var(--class-${k % 10})` }, name)),
    );
    this.embedding.element.append(this.legend);
  }

  /** Examples come once for the newest step. */
  show(answer) {
    const colours = this.view.entries.map(({ letter, stroke }) => [letter, this.theme.color(stroke.color)]);
    this.shownCases = answer;
    this.examples.set(answer.refused ? null : answer, this.stage, Object.fromEntries(colours));
  }

  get stage() {
    return this.answer ? this.keeper.stageOf(this.answer.stage_url) : null;
  }

  staged() {
    this.stage?.ink(channels(this.theme.color("--ink")));
    this.examples.picture(this.stage);
  }

  recolour() {
    if (this.shownCases) this.show(this.shownCases);
    this.staged();
  }

  hover(row, event) {
    this.glance.show(this.stage, row, event);
  }

  /** The same example in both spaces gets a ring. */
  ring(row) {
    this.row = row === this.row ? null : row;
    if (this.answer) this.arrive(this.answer);
  }

  ringed(figure) {
    if (this.row === null) return figure;
    const points = figure.data.slice(0, -1);
    const ring = { ...figure.data.at(-1), x: [], y: [] };
    for (const { customdata, x, y } of points) {
      const at = numbers(customdata).indexOf(this.row);
      if (at >= 0) [ring.x, ring.y] = [[numbers(x)[at]], [numbers(y)[at]]];
    }
    return { ...figure, data: [...points, ring] };
  }

  close() {
    this.time.close();
    this.pair.close();
    this.cases.close();
    this.keeper.close();
  }
}
