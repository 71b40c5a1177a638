// The entries, one a row: who it is, its mean, how far it is from the baseline and how sure that is.

import { el, mark, say, svg } from "../board/dom.js";

const GLYPH = { width: 92, height: 16 };
const SAMPLE = { width: 26, height: 10 };
const VERDICTS = {
  above: "above",
  below: "below",
  same: "cannot be told apart",
  few: "n too small to say",
  none: "no comparison",
};

export class Standings {
  /** `hide(key, hidden)`, `pin(key)`, `add(key)`, `drop(key)` are what hands do. */
  constructor(hands) {
    this.hands = hands;
    this.head = el("thead");
    this.rows = el("tbody");
    this.table = el(
      "table",
      {},
      el("caption", { class: "unseen" }, "Entries against the baseline"),
      this.head,
      this.rows,
    );
    this.whys = el("p", { class: "whys" });
    this.power = el("p", { class: "power" });
    this.offers = el("p", { class: "offers" });
    this.reading = el("ul", {});
    const summary = el("summary", {}, "How to read these numbers");
    this.help = el("details", { class: "reading" }, summary, this.reading);
    this.element = el("div", { class: "standings" }, this.table, this.whys, this.power, this.offers, this.help);
  }

  draw(view, { hidden, theme }) {
    const focused = document.activeElement?.dataset?.hand;
    const bound = Math.max(...view.entries.flatMap((entry) => entry.drawn ?? []).map(Math.abs), 1e-9);
    const letter = view.entries.find((entry) => entry.baseline).letter;
    const { holm, p, interval, paired } = view.explained;
    const corrected = view.entries.some((entry) => entry.corrected);
    const head = [
      ["", "drawn", "Hiding an entry changes no other number"],
      ["", ""],
      [view.measures[view.measure] ?? "", "number", interval],
      ["n", "number", "Seeds: how many students were trained"],
      [`minus ${letter}`, "number", paired],
      ["95 % interval", "interval", interval],
      [corrected ? "p (Holm)" : "p", "number", corrected ? holm : p],
      ["", ""],
    ];
    const cell = ([text, kind, help]) => el("th", { scope: "col", class: kind, title: help }, text);
    this.head.replaceChildren(el("tr", {}, ...head.map(cell)));
    this.rows.replaceChildren(...view.entries.map((entry) => this.row(entry, { bound, hidden, theme, view })));
    const whys = view.entries.filter((entry) => entry.why).map((entry) => `${entry.letter}: ${entry.why}`);
    say(this.whys, whys.join(" "));
    this.drawPower(view);
    this.reading.replaceChildren(...view.reading.map((sentence) => el("li", {}, sentence)));
    this.drawOffers(view);
    if (focused) this.element.querySelector(`[data-hand="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  row(entry, { bound, hidden, theme, view }) {
    const seen = !hidden.has(entry.key);
    const eye = el("input", {
      type: "checkbox",
      "aria-label": `Draw ${entry.letter}`,
      title: "Drawn or hidden; hiding changes no other number",
      "data-hand": `hide ${entry.key}`,
      onchange: (event) => this.hands.hide(entry.key, !event.target.checked),
    });
    eye.checked = seen;
    const pin = el(
      "button",
      {
        type: "button",
        class: "quiet pin",
        "aria-pressed": String(entry.baseline),
        title: entry.baseline
          ? "The others are measured against this one"
          : `Measure the others against ${entry.letter}`,
        "data-hand": `pin ${entry.key}`,
        onclick: () => this.hands.pin(entry.key),
      },
      entry.baseline ? "baseline" : "pin",
    );
    const drop = view.added.includes(entry.key)
      ? el(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": `Take ${entry.letter} out`,
            onclick: () => this.hands.drop(entry.key),
          },
          "×",
        )
      : null;
    const unit = entry.unit ? ` ${entry.unit}` : "";
    return el(
      "tr",
      {
        class: `${entry.baseline ? "is-baseline" : ""} ${seen ? "" : "is-hidden"}`,
        "data-entry": entry.letter,
        "data-verdict": entry.verdict,
      },
      el("td", {}, eye),
      el(
        "th",
        { scope: "row", title: `${entry.letter} ${entry.label}` },
        el(
          "span",
          { class: "who-row" },
          el("b", { style: `color:${theme.color(entry.stroke.color)}` }, entry.letter),
          sample(entry.stroke, theme),
          el("span", { class: "entry-label" }, entry.label),
        ),
      ),
      el("td", { class: "number" }, `${entry.value}${unit}`),
      el("td", { class: "number" }, String(entry.n)),
      el("td", { class: "number", title: entry.said }, entry.baseline ? "" : (entry.difference ?? "–")),
      el(
        "td",
        { class: "interval", title: entry.said },
        entry.drawn ? glyph(entry, bound, theme) : entry.baseline ? "" : VERDICTS[entry.verdict],
      ),
      el("td", { class: "number", title: entry.said }, entry.verdict === "few" ? "n too small" : (entry.p ?? "")),
      el("td", {}, pin, drop),
    );
  }

  drawPower({ power, explained, live }) {
    if (!power) return this.power.replaceChildren();
    const more = el(
      "button",
      {
        type: "button",
        class: "quiet more",
        disabled: live,
        "data-hand": "more",
        onclick: () => this.hands.more(power.more),
      },
      live ? "more seeds are training" : `Train ${power.more} more seeds`,
    );
    this.power.replaceChildren(el("span", { title: explained.power }, power.text), " ", more);
  }

  drawOffers({ offered }) {
    if (!offered.length) return this.offers.replaceChildren();
    const choose = el(
      "select",
      {
        "aria-label": "Add an entry",
        "data-hand": "add",
        onchange: (event) => event.target.value && this.hands.add(event.target.value),
      },
      el("option", { value: "" }, "add another arm of these runs …"),
      ...offered.map(({ key, label }) => el("option", { value: key }, label)),
    );
    this.offers.replaceChildren(choose);
  }
}

/** The stroke of an entry, as in the charts. */
function sample({ color, dash }, theme) {
  const dashes = { dash: "6 3", dot: "2 2", dashdot: "6 2 2 2", longdash: "10 3", longdashdot: "10 2 2 2" }[dash];
  const { width, height } = SAMPLE;
  const line = svg("line", {
    x1: 0,
    x2: width,
    y1: height / 2,
    y2: height / 2,
    stroke: theme.color(color),
    "stroke-width": 2.5,
    "stroke-dasharray": dashes,
  });
  return svg("svg", { width, height, "aria-hidden": "true" }, line);
}

/** A difference with its interval on the scale that all rows share, and the line of no difference. */
function glyph({ drawn: [low, mean, high], stroke, interval }, bound, theme) {
  const { width, height } = GLYPH;
  const place = (value) => width / 2 + (value / bound) * (width / 2 - 3);
  const colour = theme.color(stroke.color);
  const parts = [svg("line", { class: "zero", x1: width / 2, x2: width / 2, y1: 0, y2: height })];
  if (low !== null && high !== null) {
    parts.push(
      svg("line", {
        x1: place(low),
        x2: place(high),
        y1: height / 2,
        y2: height / 2,
        stroke: colour,
        "stroke-width": 2,
      }),
    );
  }
  parts.push(svg("circle", { cx: place(mean), cy: height / 2, r: 3.5, fill: colour }));
  const drawing = svg("svg", { width, height, role: "img" }, ...parts);
  mark(drawing, "aria-label", `${interval[0]} to ${interval[1]}`);
  return drawing;
}
