// The microscope: one example under the lens, what the teacher and two students say of it, and what follows from that.
// Everything is worked out here from logits, so that it follows the hand; the server hears of it on release.

import { Acts } from "../board/acts.js";
import { el, mark, say, show } from "../board/dom.js";
import { Seen } from "../board/seen.js";
import { Speech } from "../board/speech.js";
import { StageKeeper } from "../board/stage.js";
import { Tip } from "../board/terms.js";
import { Theme, channels } from "../board/theme.js";
import { Alternatives } from "./alternatives.js";
import { mostAmbiguous } from "./choosing.js";
import { Examples } from "./examples.js";
import { Knobs } from "./knobs.js";
import { Lens } from "./lens.js";
import { firstChoice } from "./numbers.js";
import { OpinionKeeper } from "./opinions.js";
import { Told } from "./told.js";
import { Voices } from "./voices.js";
import { headline } from "./wording.js";
import { World } from "./matrices.js";

export class Microscope extends Seen {
  constructor(component) {
    super();
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    this.root = el("div", { class: "dk microscope", "data-testid": "microscope", "data-ready": "" });
    this.theme = new Theme(this.root);
    this.speech = new Speech();
    this.tip = new Tip(this.root);
    this.troubles = new Map();
    this.lens = new Lens();
    this.build();
    this.keeper = new StageKeeper({ arrived: () => this.arrive(), trouble: (text) => this.trouble("pictures", text) });
    this.opinions = new OpinionKeeper({
      arrived: () => this.hear(),
      trouble: (text) => this.trouble("students", text),
    });
    this.watch();
    component.parentElement.append(this.root);
    new ResizeObserver(() => this.refit()).observe(this.root);
  }

  build() {
    this.headline = el("h2", { tabindex: -1 });
    this.detail = el("p", { class: "detail" });
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.knobs = new Knobs({ input: () => this.redraw(), commit: (name, value) => this.commit({ [name]: value }) });
    this.examples = new Examples({
      choose: (row) => this.choose(row),
      opened: (name) => this.turnTo(name),
      mean: (label) => this.change({ meant: label }),
    });
    this.voices = new Voices({
      choose: (at, name) => this.change({ students: this.lens.students.with(at, name) }),
      aim: (kind) => this.aim(kind),
      axis: (logarithmic) => this.change({ logarithmic }),
      teacher: (teacher) => this.change({ teacher, meant: null }),
      sow: (seed) => this.commit({ seed }),
    });
    this.told = new Told({ square: (squared) => this.change({ squared }) });
    this.alternatives = new Alternatives({ aim: (kind) => this.aim(kind) });
    this.world = new World({ choose: (row) => this.bring(row) });
    this.root.append(
      el("div", { class: "head" }, this.headline, el("div", { class: "under" }, this.detail), this.message),
      el("div", { class: "left" }, this.examples.specimen, this.examples.panel.element),
      this.knobs.element,
      this.voices.panel.element,
      this.told.panel.element,
      this.alternatives.panel.element,
      this.world.panel.element,
      this.speech.element,
      this.tip.element,
    );
  }

  paint() {
    const { snapshot } = this;
    if (!snapshot || document.hidden) return;
    this.root.classList.toggle("present", snapshot.present);
    if (this.theme.refresh()) this.recolour();
    if (snapshot.version === this.version) return;
    this.version = snapshot.version;
    this.trouble("notes", snapshot.notes.join(" "));
    say(this.detail, snapshot.about);
    if (!snapshot.run) return say(this.headline, "Nothing is under the lens yet");
    if (snapshot.run !== this.run) this.open(snapshot);
    this.placeKnobs();
    this.keeper.want(snapshot.stage_url);
    this.opinions.want(snapshot.opinions_url);
    this.voices.seeds(snapshot.seeds, snapshot.seed);
    this.offerPad(snapshot.pad);
    this.answer(snapshot.drawing);
    if (this.stage && !this.ready) this.arrive();
  }

  /** Another run: what the address asks for stands, what was chosen here is gone. */
  open({ run, look }) {
    this.run = run;
    this.ready = false;
    this.touched = Object.fromEntries(Object.entries(look).filter(([, value]) => value !== null));
    Object.assign(this.lens, { row: look.row, kind: look.target, students: [], said: null, drawing: null });
    this.opinions.opinions = null;
  }

  /** The sliders show what was chosen, else what the run itself uses. */
  placeKnobs() {
    const { given } = this.snapshot;
    const moved = ["temperature", "alpha"].map((name) => this.knobs[name].set(this.touched[name] ?? given[name]));
    if (moved.some(Boolean) && this.ready) this.change({});
  }

  get stage() {
    return this.keeper.stageOf(this.snapshot?.stage_url);
  }

  /** The stage is here: something ambiguous goes under the lens, unless the address names an example. */
  arrive() {
    const { stage, lens } = this;
    this.inkStage();
    this.examples.set(stage);
    lens.stage = stage;
    if (lens.row === null || lens.row >= stage.labels.length)
      lens.row = stage.probe_rows[mostAmbiguous(this.examples.judged)];
    this.ready = true;
    this.examples.gallery.set(stage, this.examples.gallery.rows, lens.row);
    this.hear();
  }

  /** The students have said something new. */
  hear() {
    if (!this.ready) return;
    this.lens.said = this.opinions.opinions;
    this.lens.pickStudents();
    this.change({});
  }

  /** Choose an example by hand. */
  choose(row) {
    if (this.examples.panel.current === "pad") this.examples.panel.open("pictures");
    this.lens.row = row;
    this.change({});
    this.commit({ row });
  }

  /** Choose one from further below, and go where it is shown. */
  bring(row) {
    this.choose(row);
    this.root.scrollIntoView({ block: "start" });
    this.headline.focus({ preventScroll: true });
  }

  aim(kind) {
    this.change({ kind });
    this.commit({ target: kind });
  }

  /** Something but the temperature has changed: draw everything, say everything. */
  change(what) {
    const { lens } = this;
    Object.assign(lens, what);
    if (!this.ready) return;
    lens.drawing = this.examples.panel.current === "pad" ? this.drawing : null;
    this.world.set(this.stage, lens.arm(lens.students[0]));
    const { teachers, teacher } = lens.example;
    this.voices.offer(lens.arms, lens.students, teachers, teacher?.name);
    this.fit();
    this.redraw();
    this.settle();
  }

  /** What was chosen goes into the address, by way of the server. */
  commit(what) {
    Object.assign(this.touched, what);
    this.acts.do("look", this.touched);
    this.settle();
  }

  fit() {
    const { classes } = this.stage;
    const { label } = this.lens.example;
    for (const part of [this.voices, this.told, this.alternatives]) part.fit(classes, label);
  }

  refit() {
    if (!this.ready) return;
    this.fit();
    this.redraw();
  }

  /** Everything that depends on the temperature; called on every movement of a slider. */
  redraw() {
    if (!this.ready) return;
    const { lens } = this;
    const temperature = this.knobs.temperature.value;
    const reading = lens.read({ temperature, alpha: this.knobs.alpha.value });
    const { drawing, teacher, label, seed } = lens.example;
    this.voices.draw(reading, lens);
    this.told.draw(reading, lens.furthest(temperature));
    this.alternatives.draw(reading, { logarithmic: lens.logarithmic, seed });
    this.world.heat(temperature);
    const whose = drawing ? `The ${teacher.label}` : "The teacher";
    const { shares, count } = reading.teacher;
    say(this.headline, headline({ classes: this.stage.classes, label, shares, temperature, count, whose }));
    this.voices.panel.tell({ voices: this.voices.sentence() });
    this.told.panel.tell({ told: this.told.sentence() });
    this.alternatives.panel.tell({ targets: this.alternatives.sentence() });
  }

  /** The hand has let go: what is slower to write, and what is spoken. */
  settle() {
    if (!this.ready) return;
    const { lens } = this;
    const { drawing, label, logits } = lens.example;
    this.examples.show({ row: lens.row, drawing, label, heard: lens.heard, first: firstChoice(logits) });
    for (const { panel } of [this.voices, this.told, this.alternatives]) panel.refreshTable();
    this.world.settle();
    this.world.ring(lens.row);
    this.speech.tell(`${this.headline.textContent}.`);
    mark(this.root, "data-ready", "true");
  }

  /** The pad is fetched when there is somebody to ask about a drawing. */
  offerPad(possible) {
    if (!possible || this.pad) return this.examples.offerPad(possible && Boolean(this.pad));
    this.padComing ??= import("./pad.js").then(({ Pad }) => {
      this.pad = new Pad({ changed: () => {}, committed: (cells) => this.draw(cells) });
      this.examples.padHolder.append(this.pad.element);
      if (this.drawing) this.pad.set(this.drawing.cells);
      this.examples.offerPad(this.snapshot.pad);
    });
    this.padComing.catch(() => this.trouble("pad", "The drawing pad could not be loaded."));
  }

  draw(cells) {
    const inked = cells.some((cell) => cell > 0);
    this.lens.meant = null;
    this.acts.do("draw", { cells: inked ? Array.from(cells) : null });
  }

  /** What the networks say of the drawing; null once it is wiped off. */
  answer(drawing) {
    const key = JSON.stringify(drawing);
    if (key === this.answered) return;
    this.answered = key;
    this.drawing = drawing;
    this.trouble("drawing", drawing?.missing ?? "");
    if (this.examples.panel.current === "pad") this.change({});
  }

  turnTo() {
    if (this.ready) this.change({});
  }

  /** What is wrong with one part; nothing when it is well again. */
  trouble(part, text) {
    this.troubles.set(part, text);
    const texts = [...this.troubles.values()].filter(Boolean);
    say(this.message, texts.join(" "));
    show(this.message, texts.length > 0);
  }

  inkStage() {
    this.stage?.ink(channels(getComputedStyle(this.root).getPropertyValue("--ink").trim()));
  }

  recolour() {
    this.inkStage();
    if (!this.ready) return;
    this.examples.reink();
    this.world.reink();
    this.settle();
  }

  close() {
    this.leave(this.keeper, this.opinions, this.speech, this.tip, this.pad);
  }
}
