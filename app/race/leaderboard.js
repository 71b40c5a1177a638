// The leaderboard: a line for each method, its band of ranks, its mean as a dot between whiskers on one axis for all.

import { calm, el, mark, say, show, svg } from "../board/dom.js";

const WIDTH = 1000; // units of the drawing, stretched to the column
const COLUMNS = ["rank", "lane", "drawing", "test", "minus", "minus", "agrees", "time", "picked", "links"];
const MOVES = 400; // ms of a line to its new place

export class Leaderboard {
  /** `open(lane, where)`: see a line in "lab" or "compare". */
  constructor({ open }) {
    this.open = open;
    this.lines = new Map();
    this.marks = el("div", { class: "marks" });
    const head = (text, kind, title) => el("th", { scope: "col", class: kind, title: title ?? null }, text);
    this.weight = el("th", { scope: "col", class: "picked", title: "Main weight that was best on validation" });
    this.body = el("tbody", {});
    this.table = el(
      "table",
      {},
      el("caption", { class: "unseen" }, "Leaderboard: the best mean test accuracy first; ties share their ranks"),
      el("colgroup", {}, ...COLUMNS.map((name) => el("col", { class: name }))),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          head("rank", "rank", "Places that this line may have; ties share them"),
          head("method", "lane"),
          el("th", { scope: "col", class: "drawing" }, el("span", { class: "unseen" }, "test accuracy"), this.marks),
          head("test", "number", "Mean test accuracy of the picked trial, with its 95 % interval under the pointer"),
          head("− plain KD", "number", "Paired difference to plain distillation, in points"),
          head("− labels", "number", "Paired difference to hard labels, in points"),
          head("agrees", "number", "Share of test examples on which it says what the teacher says"),
          head("time", "number", "Time per step beside plain distillation, as measured on this machine"),
          this.weight,
          head("", "links"),
        ),
      ),
      this.body,
    );
    this.ties = el("p", { class: "ties" });
    this.shown = el("p", { class: "ties" });
    this.untimed = el("p", { class: "says" });
    this.reading = el("ul", {});
    this.help = el("details", { class: "reading" }, el("summary", {}, "How to read this"), this.reading);
    this.element = el(
      "section",
      { class: "area-leaderboard", "aria-label": "Leaderboard" },
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Leaderboard" }, this.table),
      el("div", { class: "below" }, this.ties, this.shown, this.untimed, this.help),
    );
  }

  set({ rows, axis, margin, shown, reading, times, race }) {
    if (race !== this.race) {
      this.race = race;
      this.lines.clear();
      this.body.replaceChildren();
    }
    show(this.table, rows.length > 0);
    say(this.ties, margin ? `Shaded: cannot be told apart from the best (margin ${margin}).` : "");
    say(this.shown, shown);
    const most = Math.max(1, ...rows.map(({ trials }) => trials));
    say(this.weight, most > 1 ? `weight, of ${most}` : "weight");
    this.most = most;
    say(this.untimed, rows.length && !times ? "Time per step: not measured here yet (Gallery, Cost)." : "");
    if (this.reading.childElementCount !== reading.length) {
      this.reading.replaceChildren(...reading.map((sentence) => el("li", {}, sentence)));
    }
    if (axis) this.drawAxis(axis);
    const before = new Map([...this.lines].map(([name, line]) => [name, line.row.offsetTop]));
    for (const row of rows) this.line(row, axis);
    const order = rows.map(({ name }) => this.lines.get(name).row);
    if (order.some((row, place) => this.body.children[place] !== row)) this.reorder(order);
    this.move(before);
  }

  /** Lines change places without losing the focus. */
  reorder(order) {
    const held = document.activeElement;
    this.body.replaceChildren(...order);
    if (held && this.body.contains(held)) held.focus({ preventScroll: true });
  }

  move(before) {
    if (calm()) return;
    for (const [name, { row }] of this.lines) {
      const moved = (before.get(name) ?? row.offsetTop) - row.offsetTop;
      if (moved) row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: MOVES, easing: "ease-out" });
    }
  }

  drawAxis({ low, high, ticks }) {
    const marks = ticks.map((tick) => {
      const at = (100 * (tick - low)) / (high - low);
      return el("span", { style: `left:${at.toFixed(2)}%` }, `${tick} %`);
    });
    this.marks.replaceChildren(...marks);
  }

  line(row, axis) {
    if (!this.lines.has(row.name)) this.lines.set(row.name, this.made(row.name));
    const line = this.lines.get(row.name);
    mark(line.row, "data-lane", row.name);
    mark(line.row, "data-tied", String(row.tied));
    mark(line.row, "class", [row.tied ? "tied" : "", row.null ? "null" : "", row.plain ? "plain" : ""].join(" ").trim());
    say(line.rank, row.ranks);
    say(line.title, row.title);
    mark(line.who, "title", row.beats === false ? `${row.title}: not surely better than softness alone` : row.title);
    show(line.flag, row.beats === false && !row.null);
    say(line.mean, row.mean);
    mark(line.mean, "title", row.interval ? `95 % interval ${row.interval}; validation ${row.validation}` : null);
    this.dot(line.drawing, row, axis);
    this.difference(line.plain, row.to_plain);
    this.difference(line.hard, row.to_hard);
    say(line.agrees, row.agreement);
    say(line.time, row.time);
    mark(line.time, "title", row.timed || "Not measured here");
    say(line.picked, row.picked);
    say(line.of, row.trials === this.most || row.diverged ? "" : row.trials > 1 ? `of ${row.trials}` : "one trial");
    mark(line.compare, "aria-label", `Compare ${row.title} with plain distillation and labels only`);
    mark(line.lab, "aria-label", `See ${row.title} in the Lab`);
  }

  made(name) {
    const cell = (kind, ...children) => el("td", { class: kind }, ...children);
    const link = (text, where) =>
      el("button", { type: "button", class: "quiet", onclick: () => this.open(name, where) }, text);
    const flag = el("span", { class: "flag", "aria-label": "nothing shown" }, "†");
    const title = el("span", { class: "title" });
    const who = el("th", { scope: "row", class: "lane" }, el("span", {}, title, flag));
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} 20`, preserveAspectRatio: "none", role: "img" });
    const dot = el("i", { class: "dot" });
    const holder = el("div", { class: "track" }, drawing, dot);
    const made = { who, title, flag, drawing: { drawing, dot, holder } };
    Object.assign(made, { rank: cell("rank"), mean: cell("number mean"), plain: cell("number"), hard: cell("number") });
    Object.assign(made, { agrees: cell("number"), time: cell("number") });
    made.picked = el("span", {});
    made.of = el("span", { class: "of" });
    made.compare = link("Compare", "compare");
    made.lab = link("Lab", "lab");
    made.row = el(
      "tr",
      {},
      made.rank,
      who,
      cell("drawing", holder),
      made.mean,
      made.plain,
      made.hard,
      made.agrees,
      made.time,
      cell("picked", made.picked, " ", made.of),
      cell("links", made.compare, " ", made.lab),
    );
    return made;
  }

  dot({ drawing, dot, holder }, { drawn: [low, mean, high], interval, mean: said }, axis) {
    show(holder, mean !== null);
    if (mean === null) return;
    const place = (value) => (WIDTH * (value - axis.low)) / (axis.high - axis.low);
    const parts = [];
    if (axis.plain !== null) {
      parts.push(svg("line", { class: "at-plain", x1: place(axis.plain), x2: place(axis.plain), y1: 0, y2: 20 }));
    }
    if (low !== null && high !== null) {
      parts.push(svg("line", { class: "whisker", x1: place(low), x2: place(high), y1: 10, y2: 10 }));
    }
    drawing.replaceChildren(...parts);
    dot.style.left = `${(place(mean) / WIDTH) * 100}%`;
    mark(drawing, "aria-label", interval ? `${said}, 95 % interval ${interval}` : said);
  }

  difference(cell, found) {
    const key = JSON.stringify(found);
    if (cell.dataset.key === key) return;
    cell.dataset.key = key;
    mark(cell, "title", found?.says ?? null);
    if (!found) return cell.replaceChildren();
    const mean = el(found.sure ? "b" : "span", { class: "difference" }, found.mean);
    cell.replaceChildren(mean, " ", el("span", { class: "between" }, found.interval));
  }
}
