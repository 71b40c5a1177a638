// Where examples come from: the test pictures of the run, in an order of one's choice, or one's own hand.

import { el, say, show } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { percent, softmax } from "../board/soft.js";
import { ORDERS, arranged, judged } from "./choosing.js";
import { Gallery } from "./gallery.js";
import { firstChoice } from "./numbers.js";
import { Picture } from "./picture.js";
import { quoted, share, short } from "./wording.js";

const SIDE = 40;
const LARGE = 96;

export class Examples {
  /** `choose(row)`; `opened("pictures" | "pad")`; `mean(label)`: what the drawing is meant to be. */
  constructor({ choose, opened, mean }) {
    this.picture = new Picture();
    this.what = el("span", { class: "what" });
    this.whether = el("span", { class: "whether" });
    const meanings = el("select", { onchange: () => mean(Number(meanings.value)) });
    this.meanings = meanings;
    this.meant = el("label", { class: "meant", hidden: true }, "meant as ", meanings);
    this.specimen = el(
      "div",
      { class: "under-lens" },
      this.picture.element,
      el("div", {}, this.what, this.whether, this.meant),
    );
    this.order = chooser("order", Object.entries(ORDERS), () => this.arrange());
    this.only = chooser("class", [["", "all classes"]], () => this.arrange());
    this.gallery = new Gallery({
      title: "Test pictures; arrow keys move between them",
      side: SIDE,
      lines: 7,
      choose,
      label: (row) => this.name(row),
      under: (row) => this.under(row),
    });
    const pictures = el(
      "div",
      { class: "chooser" },
      el("div", { class: "filters" }, this.only, this.order),
      this.gallery.grid,
      this.gallery.pager,
    );
    this.padHolder = el("div", { class: "pad-holder" });
    this.panel = new Panel({
      area: "area-examples",
      opened,
      views: [
        { name: "pictures", title: "Test pictures", body: pictures, rows: () => this.table() },
        { name: "pad", title: "Draw your own", body: this.padHolder, rows: () => this.table() },
      ],
    });
    this.offerPad(false);
  }

  offerPad(possible) {
    show(this.panel.tabs[1], possible);
    if (!possible && this.panel.current === "pad") this.panel.open("pictures");
  }

  /** Another run: its probes, in the order that is set. */
  set(stage) {
    this.stage = stage;
    this.logits = stage.probe_rows.map((row) => stage.teacher_logits[row]);
    this.labels = stage.probe_rows.map((row) => stage.labels[row]);
    this.judged = judged(this.logits, this.labels);
    const options = (names) => names.map((name, k) => el("option", { value: k }, name));
    this.only.replaceChildren(el("option", { value: "" }, "all classes"), ...options(stage.classes));
    this.meanings.replaceChildren(...options(stage.classes));
    this.arrange();
  }

  arrange() {
    const only = this.only.value === "" ? null : Number(this.only.value);
    const places = arranged(this.judged, this.labels, { order: this.order.value, only });
    this.gallery.set(
      this.stage,
      places.map((at) => this.stage.probe_rows[at]),
      this.gallery.chosen,
    );
    this.tell();
  }

  tell() {
    const wrong = this.judged.filter(({ right }) => !right).length;
    const { kind } = this.stage;
    say(this.panel.tabs[0], `Test ${kind}`);
    const shown = `${this.labels.length} test ${kind} nobody learnt from; the teacher is wrong about ${wrong} (✗).`;
    this.panel.tell({ pictures: shown, pad: "Drawn with the hand, or with arrow keys and Space on the grid." });
  }

  /** What is under the lens: a row of the stage, or a drawing with its label. */
  show({ row, drawing, label, heard, first }) {
    const { stage } = this;
    if (drawing) this.picture.draw(drawing.cells, LARGE);
    else this.picture.set(stage, row, LARGE);
    say(this.what, label < 0 ? "?" : stage.classes[label]);
    const right = first === label ? "the teacher is right" : `the teacher says ${quoted(stage.classes[first])}`;
    say(this.whether, drawing ? "drawn here" : `${heard ? "heard by the students" : "never heard"}; ${right}`);
    this.whether.classList.toggle("heard", Boolean(heard));
    show(this.meant, Boolean(drawing));
    if (drawing) this.meanings.value = String(label);
    this.gallery.ring(drawing ? null : row);
  }

  /** Redraw for new paper: pictures are inked for the theme. */
  reink() {
    this.gallery.build();
  }

  under(row) {
    const { classes, labels, teacher_logits: logits } = this.stage;
    const first = firstChoice(logits[row]);
    const [truth, said] = [labels[row], first].map((k) => short(classes)[k]);
    return first === labels[row] ? { text: truth, odd: false } : { text: `${truth} ✗ ${said}`, odd: true };
  }

  name(row) {
    const { classes, labels, teacher_logits: logits } = this.stage;
    const first = firstChoice(logits[row]);
    const [top] = [softmax(logits[row], 1)[first]];
    return `${classes[labels[row]]}; at T = 1 the teacher says ${quoted(classes[first])} ${percent(top)}`;
  }

  table() {
    const { stage } = this;
    return [
      [`test ${stage.kind.slice(0, -1)}`, "is", "teacher’s first choice", "its share at T = 1", "entropy at T = 1, nats"],
      ...this.gallery.rows.slice(0, 200).map((row) => {
        const { entropy } = this.judged[stage.probe_rows.indexOf(row)];
        const first = firstChoice(stage.teacher_logits[row]);
        const top = share(softmax(stage.teacher_logits[row], 1)[first]);
        return [row, stage.classes[stage.labels[row]], stage.classes[first], top, entropy.toFixed(4)];
      }),
    ];
  }
}

function chooser(name, options, changed) {
  return el(
    "select",
    { "aria-label": name, "data-testid": `choose-${name}`, onchange: changed },
    ...options.map(([value, text]) => el("option", { value }, text)),
  );
}
