// The comparison as one file: what was found, the figures as drawings, tables, settings, the link. Made in the browser.

import { el, mark, show } from "../board/dom.js";
import { asked, codeImage, download, drawing, onPaper, pageOf, section } from "../board/paper.js";
import { tableElement } from "../board/tables.js";

const WHOLE = { width: 660, height: 330 }; // px: between the margins of A4
const HALF = { width: 322, height: 270 };
const THIRD = { width: 212, height: 190 };
const TITLES = {
  curves: "Over training",
  classes: "Class by class",
  scatter: "All entries",
  embedding: "Their embeddings in one space",
  similarity: "Which classes look alike",
};

export class Report {
  /** `comparison` has the plots, the look, the view, and the place where trouble is said. */
  constructor(comparison) {
    this.comparison = comparison;
    const title = "Save this comparison as one HTML page with its figures, tables and link, that needs no network";
    this.button = el(
      "button",
      { class: "quiet report", type: "button", hidden: true, title, onclick: () => this.save() },
      "report",
    );
  }

  update(view) {
    show(this.button, Boolean(view?.entries?.length));
  }

  async save() {
    mark(this.button, "aria-busy", "true");
    this.button.disabled = true;
    try {
      const { look } = this.comparison;
      const facts = await (await asked(`/lab/compare/report.json?${new URLSearchParams(look)}`)).json();
      const style = await (await asked(new URL("../board/handout.css", import.meta.url))).text();
      const code = await (await asked(facts.qr_url)).text();
      const figures = await onPaper(this.comparison.plots, (printed) => this.figures(printed));
      download("dark-knowledge-comparison.html", pageOf(facts.title, style, body(facts, figures, code)));
      this.comparison.trouble("report", null);
    } catch (error) {
      this.comparison.trouble("report", `The report could not be made: ${error.message}`);
    } finally {
      mark(this.button, "aria-busy", null);
      this.button.disabled = false;
    }
  }

  /** The figures that are on screen, as they are there: what is hidden is left out, what is smoothed stays smooth. */
  async figures(printed) {
    const { comparison } = this;
    const { view, lens } = comparison;
    const drawn = [];
    const add = async (title, says, size, ...figures) => {
      const whole = figures.filter((figure) => figure?.data?.length);
      if (!whole.length) return;
      const images = [];
      for (const figure of whole) images.push(el("figure", {}, await drawing(printed, figure, size)));
      const caption = el("p", { class: "detail" }, el("b", {}, `${title}. `), says);
      drawn.push(el("section", {}, el("div", { class: "figures" }, ...images), caption));
    };
    await add(TITLES.curves, comparison.curvesSay, WHOLE, comparison.drawn("curves"));
    await add(TITLES.classes, view.says.classes, WHOLE, comparison.drawn("classes"));
    await add(TITLES.scatter, view.says.scatter, WHOLE, comparison.drawn("scatter"));
    if (!lens.answer) return drawn;
    const { figures, says } = lens.answer;
    await add(TITLES.embedding, says.embedding, HALF, figures.embedding_left, figures.embedding_right);
    const alike = ["left", "right", "difference"].map((side) => figures[`similarity_${side}`]);
    await add(TITLES.similarity, says.similarity, THIRD, ...alike);
    return drawn;
  }
}

function body(facts, figures, code) {
  const listed = (texts) => el("ul", {}, ...texts.map((text) => el("li", {}, text)));
  const told = facts.differing.length > 1;
  return [
    el("h1", {}, facts.title),
    listed(facts.sentences),
    section("Entries", tableElement(facts.results, "Entries")),
    told
      ? section("What differs", tableElement(facts.differing, "What differs"))
      : section("What differs", el("p", {}, "No setting.")),
    ...figures,
    section("What all have in common", tableElement([["", ""], ...facts.common], "Common settings")),
    section("Runs", tableElement([["", "run", ""], ...facts.runs], "Runs")),
    section("How to read the numbers", listed(facts.explained)),
    el(
      "footer",
      {},
      codeImage(code),
      el("p", {}, "Dark Knowledge Lab. ", facts.when, el("br", {}), el("a", { href: facts.link }, facts.link)),
    ),
  ];
}
