// The teacher's picture of the world: which classes look alike to it and to a student, and the examples behind a cell.

import { el, mark, say } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { Gallery } from "./gallery.js";
import { quoted, share, signed } from "./wording.js";
import { apart, behind, cellDifference, clustered, mostAlike, similarity } from "./world.js";

const ORDERED_AT = 4; // T at which classes are ordered, once: nothing jumps while the hand drags

/** One matrix: a table of buttons, classes down and across. */
class Matrix {
  constructor(who, press) {
    this.caption = el("caption", {}, who);
    this.table = el("table", { class: `matrix ${who}`, onkeydown: (event) => this.key(event) }, this.caption);
    this.press = press;
    this.who = who;
  }

  build(classes, order) {
    Object.assign(this, { classes, order });
    const short = (k) => classes[k].slice(0, classes.length > 12 ? 3 : 6);
    const across = order.map((k) => el("th", { scope: "col", title: classes[k] }, short(k)));
    const head = el("tr", {}, el("td", {}), ...across);
    this.cells = order.map((a) => order.map((b) => this.cell(a, b)));
    const body = order.map((a, at) =>
      el(
        "tr",
        {},
        el("th", { scope: "row", title: classes[a] }, short(a)),
        ...this.cells[at].map(({ button }) => el("td", {}, button)),
      ),
    );
    this.table.replaceChildren(this.caption, el("thead", {}, head), el("tbody", {}, ...body));
  }

  cell(a, b) {
    const button = el("button", { type: "button", class: a === b ? "own" : "", onclick: () => this.press(a, b) });
    return { a, b, button };
  }

  /** Shares as percent; the deeper the paper, the more alike. `most` fills a cell wholly. */
  draw(matrix, most) {
    this.matrix = matrix;
    for (const row of this.cells) {
      for (const { a, b, button } of row) {
        const value = matrix[a][b];
        say(button, Number.isNaN(value) ? "" : value >= 0.0095 ? (100 * value).toFixed(0) : "");
        if (a !== b) button.style.setProperty("--deep", Math.min(1, (value || 0) / most).toFixed(3));
      }
    }
  }

  /** The names of the cells, brought up to date when the hand has let go. */
  describe() {
    for (const { a, b, button } of this.cells.flat()) {
      const [one, other] = [this.classes[a], this.classes[b]];
      const what = a === b ? `${one} taken for itself` : `${one} looks like ${other}`;
      mark(button, "aria-label", `${what}: ${share(this.matrix[a][b])}`);
    }
  }

  ring([a, b]) {
    for (const cell of this.cells.flat()) {
      const here = cell.a === a && cell.b === b;
      mark(cell.button, "aria-pressed", String(here));
      mark(cell.button, "tabindex", here ? 0 : -1);
    }
  }

  key(event) {
    const leap = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!leap) return;
    const [down, right] = leap;
    const line = this.cells.findIndex((row) => row.some(({ button }) => button === document.activeElement));
    const column = this.cells[line]?.findIndex(({ button }) => button === document.activeElement);
    const next = this.cells[line + down]?.[column + right];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.button.focus();
  }
}

export class World {
  /** `choose(row)`: put an example under the lens. */
  constructor({ choose }) {
    this.teacher = new Matrix("teacher", (a, b) => this.open("teacher", [a, b]));
    this.student = new Matrix("student", (a, b) => this.open("student", [a, b]));
    this.title = el("p", { class: "behind-title" });
    this.gallery = new Gallery({
      title: "Examples behind the cell; arrow keys move between them",
      side: 40,
      lines: 4,
      choose,
      label: (row) => this.name(row),
      under: (row) => ({ text: share(this.shares.get(row)), odd: false }),
    });
    const behindCell = el("div", { class: "behind" }, this.title, this.gallery.grid, this.gallery.pager);
    this.element = el("div", { class: "world" }, this.teacher.table, this.student.table, behindCell);
    this.panel = new Panel({
      area: "area-world",
      views: [
        { name: "world", title: "The teacher’s picture of the world", body: this.element, rows: () => this.table() },
      ],
    });
    this.who = "teacher";
    new IntersectionObserver(([entry]) => this.see(entry.isIntersecting)).observe(this.element);
  }

  /** Out of sight nothing is drawn: half a thousand examples are not weighed for nobody. */
  see(visible) {
    this.visible = visible;
    if (visible && this.stage) this.settle();
  }

  /** Another run, or what its students say has changed. */
  set(stage, student) {
    this.studentLabel = student?.label;
    if (this.stage !== stage) {
      this.stage = stage;
      this.rows = stage.probe_rows;
      this.labels = this.rows.map((row) => stage.labels[row]);
      this.logits = { teacher: this.rows.map((row) => stage.teacher_logits[row]) };
      const once = similarity(this.logits.teacher, this.labels, stage.classes.length, ORDERED_AT);
      const { order } = clustered(once);
      this.teacher.build(stage.classes, order);
      this.student.build(stage.classes, order);
      this.cell = mostAlike(once);
    }
    const said = student && this.rows.map((row) => student.of.get(row));
    this.logits.student = said?.every((row) => row && Number.isFinite(row[0])) ? said : null;
    mark(this.student.table, "hidden", this.logits.student ? null : true);
    if (!this.logits.student) this.who = "teacher";
    say(this.student.caption, `student: ${this.studentLabel ?? ""}`);
  }

  /** Follow the hand. */
  heat(temperature) {
    this.temperature = temperature;
    if (this.visible) this.draw();
  }

  draw() {
    const { temperature } = this;
    const classes = this.stage.classes.length;
    this.matrices = Object.fromEntries(
      Object.entries(this.logits).map(([who, logits]) => [
        who,
        logits && similarity(logits, this.labels, classes, temperature),
      ]),
    );
    const most = this.most();
    this.teacher.draw(this.matrices.teacher, most);
    if (this.matrices.student) this.student.draw(this.matrices.student, most);
  }

  /** The largest share beside the diagonal, in either matrix: one scale for both. */
  most() {
    let most = 1e-12;
    for (const matrix of Object.values(this.matrices)) {
      matrix?.forEach((row, a) => row.forEach((value, b) => (a !== b && value > most ? (most = value) : 0)));
    }
    return most;
  }

  /** What is written when the hand has let go: names, the examples behind the cell, the sentence. */
  settle() {
    this.draw();
    this.teacher.describe();
    if (this.matrices.student) this.student.describe();
    this.open(this.who, this.cell, true);
    this.panel.tell({ world: this.sentence() });
    this.panel.refreshTable();
  }

  /** The examples behind a cell; `stay` on the page of them where it is only brought up to date. */
  open(who, cell, stay = false) {
    Object.assign(this, { who, cell });
    const none = [-1, -1];
    this.teacher.ring(who === "teacher" ? cell : none);
    this.student.ring(who === "student" ? cell : none);
    const found = behind(this.logits[who], this.labels, cell, this.temperature);
    this.shares = new Map(found.map(({ at, share: part }) => [this.rows[at], part]));
    const [a, b] = cell.map((k) => this.stage.classes[k]);
    const voice = who === "teacher" ? "teacher" : "student";
    const like = cell[0] === cell[1] ? `${quoted(a)} itself` : `${quoted(a)} that looks like ${quoted(b)}`;
    const average = share(this.matrices[who][cell[0]][cell[1]]);
    const given = `by what the ${voice} gives to ${quoted(b)} (mean ${average})`;
    say(this.title, `${like}: the ${found.length} ${this.things} behind the cell, ${given}.`);
    this.gallery.set(this.stage, [...this.shares.keys()], this.gallery.chosen, stay);
  }

  ring(row) {
    this.gallery.ring(row);
  }

  reink() {
    this.gallery.build();
  }

  name(row) {
    const [a, b] = this.cell.map((k) => this.stage.classes[k]);
    return `Picture of ${a}; the ${this.who} gives ${share(this.shares.get(row))} to ${b}`;
  }

  get things() {
    return this.stage.kind;
  }

  sentence() {
    const { classes } = this.stage;
    const { teacher, student } = this.matrices;
    const [a, b] = mostAlike(teacher);
    const what = `Mean soft labels of ${this.labels.length} test ${this.things} at T = ${this.temperature}`;
    const most = `${quoted(classes[a])} looks most like ${quoted(classes[b])} (${share(teacher[a][b])})`;
    const first = `${what}, classes that look alike side by side: ${most}.`;
    if (!student) return first;
    const { kl, agreement } = apart(this.logits.teacher, this.logits.student, this.labels, this.temperature);
    const cells = (100 * cellDifference(teacher, student)).toFixed(1);
    const away = `The student with ${this.studentLabel} is ${kl.toPrecision(2)} nats away (mean KL)`;
    const ranks = `about the wrong classes their ranks agree ${signed(agreement)} (mean Spearman)`;
    return `${first} ${away}, its cells differ by ${cells} points on average; ${ranks}.`;
  }

  table() {
    const { classes } = this.stage;
    const rows = (who) =>
      this.teacher.order.map((a) => [
        `${who}: ${classes[a]}`,
        ...this.teacher.order.map((b) => this.matrices[who][a][b].toPrecision(3)),
      ]);
    const head = ["true class", ...this.teacher.order.map((k) => classes[k])];
    return [head, ...rows("teacher"), ...(this.matrices.student ? rows("student") : [])];
  }
}
