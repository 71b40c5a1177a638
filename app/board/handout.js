// A handout: this run on paper. Put together here from the board's own figures, as one file that needs nothing else.

import { el, mark, show, svg } from "./dom.js";
import { asked, codeImage, download, drawing, onPaper, pageOf, section } from "./paper.js";
import { barsPath, softmax } from "./soft.js";
import { tableElement } from "./tables.js";

const ROWS = [
  ["accuracy"],
  ["embedding_teacher", "embedding_student"],
  ["similarity", "difference"],
  ["losses", "ratio"],
];
const TITLES = {
  accuracy: "Test accuracy",
  embedding_teacher: "How the teacher sees the data",
  embedding_student: "How the student sees the data",
  similarity: "Which classes look alike",
  difference: "Student minus teacher",
  losses: "Losses",
  ratio: "Soft to hard gradient",
};
const PARTS = {
  accuracy: "accuracy",
  embedding_teacher: "embedding",
  embedding_student: "embedding",
  similarity: "similarity",
  difference: "similarity",
  losses: "accuracy",
  ratio: "accuracy",
};
const WHOLE = { width: 660, height: 300 }; // px: between the margins of A4
const HALF = { width: 322, height: 260 };
const CLAIMS = "What was claimed, and what this run says";
const PICTURES = 30;
const SIDE = 32;
const BARS = { width: 50, height: 28 };

export class Handout {
  /** `board` has the snapshot, the stage, the plots and the place where trouble is said. */
  constructor(board) {
    this.board = board;
    const title = "Save this run on paper: one HTML page with its figures, for printing, that needs no network";
    const onclick = () => this.save();
    this.button = el("button", { class: "quiet handout", type: "button", title, onclick }, "handout");
  }

  /** There is something to hand out once the run has something to show. */
  update({ run, stage_url }) {
    show(this.button, Boolean(run && stage_url));
  }

  async save() {
    mark(this.button, "aria-busy", "true");
    this.button.disabled = true;
    try {
      const { name, text } = await this.make();
      download(name, text);
      this.board.head.trouble("handout", null);
    } catch (error) {
      this.board.head.trouble("handout", `The handout could not be made: ${error.message}`);
    } finally {
      mark(this.button, "aria-busy", null);
      this.button.disabled = false;
    }
  }

  /** The file: its name and its text. */
  async make() {
    const { board } = this;
    const { snapshot, stage } = board;
    const { pathname, search } = window.location;
    const here = new URLSearchParams(pathname.endsWith("/lessons") ? search : "");
    const place = new URLSearchParams([...here].filter(([key]) => key === "lesson" || key === "step"));
    const facts = await (await asked(`/lab/run/${snapshot.run}/handout.json?${place}`)).json();
    const style = await (await asked(new URL("./handout.css", import.meta.url))).text();
    const code = await (await asked(facts.qr_url)).text();
    const figures = await this.figures(snapshot);
    const text = pageOf(facts.title, style, body(facts, figures, stage ? heard(stage, facts) : null, code));
    const name = here.get("lesson") ? `${here.get("lesson")}-${here.get("step") ?? 1}` : snapshot.run;
    return { name: `dark-knowledge-${name}.html`, text };
  }

  /** The board's figures as drawings in light colours, in lines of one or two; what is hidden is left out. */
  async figures(snapshot) {
    return onPaper(this.board.plots, (printed) => this.lines(snapshot, printed));
  }

  async lines({ figures, says }, printed) {
    const { plots, room } = this.board;
    const drawn = [];
    for (const names of ROWS) {
      const line = [];
      for (const name of names) {
        const figure = figures[name] ?? figures[name.replace("embedding", "surface")] ?? plots.figure(name);
        if (!figure?.data?.length || !room.seen(PARTS[name])) continue;
        const size = names.length > 1 ? HALF : WHOLE;
        const image = await drawing(printed, figure, size);
        const text = says[name] ?? (name === "embedding_student" ? says.embedding : "");
        const caption = el("figcaption", {}, el("b", {}, `${TITLES[name]}. `), text);
        line.push(el("figure", {}, image, caption));
      }
      if (line.length) drawn.push(el("div", { class: "figures" }, ...line));
    }
    return drawn;
  }
}

/** The pictures as they were heard: each with the teacher's bars at T, and a wedge under the label that was told. */
function heard(stage, { heard: { seed, temperature, says } }) {
  const { rows, labels } = stage.heard(seed);
  if (!stage.sheet || !rows.length) return null;
  const most = rows.slice(0, PICTURES).map((row, k) => {
    const shares = softmax(stage.teacher_logits[row], temperature);
    const label = labels[k];
    const pitch = BARS.width / shares.length;
    const wedge = label < 0 ? "" : `M${(label + 0.5) * pitch} ${BARS.height + 1}l2.5 3h-5z`;
    const told = label < 0 ? "label withheld" : `told ${stage.classes[label]}`;
    const alt = `Picture of ${stage.classes[stage.labels[row]]}, ${told}`;
    const bars = (takes) => barsPath(shares, BARS.width, BARS.height, 1, takes);
    return el(
      "span",
      { class: "heard", title: told },
      el("img", { src: cut(stage, row), width: SIDE, height: SIDE, alt }),
      svg(
        "svg",
        { width: BARS.width, height: SIDE, viewBox: `0 0 ${BARS.width} ${SIDE}`, "aria-hidden": "true" },
        svg("path", { class: "same", d: bars((k) => k === label) }),
        svg("path", { class: "bars", d: bars((k) => k !== label) }),
        svg("path", { class: label === stage.labels[row] ? "told" : "told wrong", d: wedge }),
      ),
    );
  });
  const count = stage.transfer_size > most.length ? `The first ${most.length} of ${stage.transfer_size}. ` : "";
  return section(
    "Everything the students hear",
    el("p", {}, count + says),
    el("div", { class: "heards" }, ...most),
  );
}

/** One picture of the sheet, dark on white, as a data address. */
function cut(stage, row) {
  const [height, width] = stage.shape;
  const canvas = el("canvas", { width, height });
  const context = canvas.getContext("2d");
  const [x, y] = [(row % stage.columns) * width, Math.floor(row / stage.columns) * height];
  context.drawImage(stage.sheet, x, y, width, height, 0, 0, width, height);
  context.globalCompositeOperation = "difference";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return canvas.toDataURL("image/png");
}

function body(facts, figures, pictures, code) {
  const claims = facts.claims.map(({ text, measured, verdict }) => [text, measured, verdict]);
  const sources = facts.sources.map((source) => el("li", {}, source));
  return [
    el("h1", {}, facts.title),
    facts.headline ? el("p", { class: "headline" }, facts.headline) : null,
    el("p", { class: "detail" }, facts.detail),
    facts.text ? el("section", {}, ...written(facts.text)) : null,
    ...figures,
    pictures,
    claims.length ? section(CLAIMS, tableElement([["claim", "measured", ""], ...claims], CLAIMS)) : null,
    facts.after ? el("section", {}, ...written(facts.after)) : null,
    section("Results", tableElement(facts.results, "Results")),
    section("Settings", tableElement([["", ""], ...facts.settings], "Settings")),
    sources.length ? section("Sources", el("ul", {}, ...sources)) : null,
    el(
      "footer",
      {},
      codeImage(code),
      el("p", {}, "Dark Knowledge Lab. ", facts.when, el("br", {}), el("a", { href: facts.link }, facts.link)),
    ),
  ].filter(Boolean);
}

/** A lesson's text: HTML that the server made from its Markdown, in which it lets no HTML through. */
function written(text) {
  return [...new DOMParser().parseFromString(text, "text/html").body.childNodes];
}
