// The board: one component that holds everything a person touches and watches while students train.
// A snapshot comes in, every part takes what it needs, charts are redrawn at their own pace.

import { Acts, browserKey } from "./acts.js";
import { Captions } from "./captions.js";
import { Choices } from "./choices.js";
import { el, mark, show } from "./dom.js";
import { Example } from "./example.js";
import { Glance } from "./glance.js";
import { Handout } from "./handout.js";
import { Head } from "./head.js";
import { Heard } from "./heard.js";
import { CHARTS, SEEN, makePanels, namesBeside } from "./layout.js";
import { Plots, upTo } from "./plots.js";
import { Points } from "./points.js";
import { Room } from "./room.js";
import { Seen } from "./seen.js";
import { Speech } from "./speech.js";
import { StageKeeper } from "./stage.js";
import { Strip } from "./strip.js";
import { figureTable } from "./tables.js";
import { Tip } from "./terms.js";
import { Theme, channels } from "./theme.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";
import { Walk } from "./walk.js";

export class Board extends Seen {
  constructor(component) {
    super();
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    this.root = el("div", { class: "dk", "data-testid": "board", "data-step": "", "data-at": "", "data-mode": "live" });
    this.theme = new Theme(this.root);
    this.speech = new Speech();
    this.head = new Head({ repeat: () => this.acts.do("repeat") });
    this.handout = new Handout(this);
    this.head.under.append(this.handout.button);
    this.choices = new Choices({ acts: this.acts });
    this.glance = new Glance();
    this.tip = new Tip(this.root);
    this.transport = new Transport({ acts: this.acts });
    this.strip = new Strip({
      acts: this.acts,
      heat: (value) => this.heatByHand(value),
      settled: () => this.heard?.describe(),
    });
    this.timeline = new Timeline({
      look: (keyframe, looking) => this.look(keyframe, looking),
      trouble: (text) => this.head.trouble("time line", text),
    });
    this.keeper = new StageKeeper({
      arrived: () => this.arrive(),
      trouble: (text) => this.head.trouble("pictures", text),
    });
    this.example = new Example();
    this.walk = new Walk();
    this.plots = new Plots(this.theme, {
      ready: () => this.draw(),
      point: (row) => this.follow(row),
      hover: (row, event) => this.glance.show(this.stage, row, event),
      unhover: () => this.glance.hide(),
      failed: (error) => this.head.trouble("charts", error.message),
    });
    this.build();
    this.listen();
    component.parentElement.append(this.root);
    component.setStateValue("browser", browserKey());
  }

  build() {
    this.heardBody = el("div", { class: "heard-holder" });
    this.pager = el("span", {});
    this.panels = makePanels({
      plot: (name) => this.plots.slot(name, CHARTS[name]),
      rows: (name) => this.rows(name),
      opened: () => this.plots.wake(),
      choices: this.choices,
      heard: this.heardBody,
      pager: this.pager,
      example: this.example,
    });
    this.captions = new Captions(this);
    this.walk.visible = false;
    this.root.append(
      this.head.element,
      this.transport.element,
      this.strip.element,
      ...Object.values(this.panels).map((panel) => panel.element),
      this.walk.element,
      this.timeline.element,
      this.speech.element,
      this.glance.element,
      this.tip.element,
    );
    const bars = { head: this.head, transport: this.transport, strip: this.strip, walk: this.walk, timeline: this.timeline };
    const parts = Object.fromEntries(Object.entries({ ...bars, ...this.panels }).map(([name, { element }]) => [name, element]));
    this.room = new Room(this.root, parts, this);
  }

  listen() {
    this.onKey = (event) => {
      if (event.target !== document.body && !this.root.contains(event.target)) return;
      this.transport.key(event);
      this.timeline.shortcut(event);
    };
    document.addEventListener("keydown", this.onKey);
    this.watch();
  }

  paint() {
    const { snapshot } = this;
    if (!snapshot || document.hidden) return;
    this.room.update(snapshot);
    if (this.theme.refresh()) this.recolour();
    if (snapshot.version !== this.version) {
      this.version = snapshot.version;
      this.head.update(snapshot);
      this.handout.update(snapshot);
      this.choices.update(snapshot);
      this.transport.update(snapshot);
      if (this.strip.update(snapshot)) this.heat(this.strip.temperature.value);
      this.keeper.want(snapshot.stage_url);
      this.root.classList.toggle("blank", !snapshot.stage_url); // nothing to hear yet: a teacher is being trained first
      this.setStage(snapshot.seed);
      this.timeline.update(snapshot, snapshot.example?.row ?? null);
    }
    this.draw();
  }

  /** What is on the charts: the newest snapshot, or a keyframe while the person looks back. */
  get view() {
    return this.keyframe ?? this.snapshot;
  }

  draw() {
    if (this.version === undefined) return; // nothing has been painted yet
    const { snapshot, view } = this;
    const looking = this.looking ?? "";
    this.transport.clock(view.step, looking);
    if (this.stage) {
      this.example.update(view.example, view.says?.example);
      if (this.ringed !== view.example?.row) this.heard.ring((this.ringed = view.example?.row));
    }
    this.offer(view.figures ?? {});
    this.accuracy();
    this.walkThrough();
    this.captions.tell(() => this.sentences());
    if (!this.plots.now()) return;
    mark(this.root, "data-step", view.step);
    mark(this.root, "data-at", view.at ?? snapshot.at);
    mark(this.root, "data-mode", { "": "live", playing: "play" }[looking] ?? "past");
    this.timeline.playOnce();
  }

  offer(figures) {
    for (const name of Object.keys(CHARTS)) {
      if (name !== "accuracy") this.plots.offer(name, figures[name] ?? figures[name.replace("embedding", "surface")]);
    }
    if (figures.embedding_student && !figures.embedding_teacher && this.stage) {
      this.plots.offer("embedding_teacher", this.stage.teacherEmbedding(this.view.example?.row));
    }
    show(this.choices.projection, !figures.surface_teacher);
    this.panels.embedding.element.classList.toggle("three", Boolean(figures.surface_control));
  }

  /** Accuracy is of the whole run; a cursor says where one looks, and while it plays the curves grow again. */
  accuracy() {
    const figure = this.snapshot.figures?.accuracy;
    if (!figure) return;
    const step = this.keyframe?.step;
    const shown = this.room.narrow ? namesBeside(figure) : figure;
    this.plots.offer("accuracy", this.looking === "playing" && step !== undefined ? upTo(shown, step + 1) : shown);
    this.plots.cursor("accuracy", step === undefined ? null : step + 1); // its axis is step + 1
  }

  walkThrough() {
    const wanted = Walk.wanted(this.snapshot, !this.keyframe);
    if (wanted !== this.walking) {
      this.walking = wanted;
      this.walk.visible = wanted;
      this.root.classList.toggle("walking", wanted);
      if (!wanted) this.heard?.batch([]);
    }
    if (!wanted) return;
    this.walk.update(this.snapshot, this.stage, this.snapshot.knobs.temperature ?? 1);
    this.heard?.batch(this.snapshot.walk.rows);
  }

  /** What is said of the view; a keyframe has no say in what does not change along the time line. */
  sentences() {
    const { snapshot, view } = this;
    return { says: { ...snapshot.says, ...view.says }, status: view.status ?? snapshot.status };
  }

  /** The stage of the run on the snapshot; null while it is on its way. */
  get stage() {
    return this.keeper.stageOf(this.snapshot?.stage_url);
  }

  arrive() {
    this.inkStage();
    this.setStage(this.snapshot.seed);
    this.draw();
  }

  /** Another run, or another of its seeds: other pictures. */
  setStage(seed) {
    if (!this.stage || (this.staged === this.stage && this.stageSeed === seed)) return;
    this.staged = this.stage;
    this.stageSeed = seed;
    const kind = this.stage.points ? Points : Heard;
    if (!(this.heard instanceof kind)) {
      this.heard = new kind({ follow: (row) => this.follow(row) });
      this.heardBody.replaceChildren(this.heard.element);
      this.pager.replaceChildren(this.heard.pager);
    }
    this.heard.temperature = this.strip.temperature.value;
    this.heard.set(this.stage, seed);
    this.panels.embedding.rename(SEEN[this.stage.points && this.stage.embedding ? "examples" : this.stage.kind]);
    this.example.set(this.stage);
    this.ringed = undefined;
  }

  heat(temperature) {
    this.heard?.heat(temperature);
  }

  /** The temperature under the hand: the teacher's bars and their sentence follow at once, nothing else does. */
  heatByHand(temperature) {
    this.heat(temperature);
    if (!this.heard) return;
    this.captions.byHand(this.heard.sentence(), this.sentences().says.heard);
  }

  follow(row) {
    this.heard?.ring(row);
    this.ringed = row;
    this.acts.do("follow", { value: row });
  }

  look(keyframe, looking) {
    this.keyframe = keyframe;
    this.looking = looking;
    this.draw();
  }

  /** The numbers behind a view, for its table. */
  rows(name) {
    if (name === "heard") return this.heard?.table();
    if (name === "example") return this.example.table();
    if (name === "embedding") return this.embeddingRows();
    const figure = this.plots.figure(name);
    return figure && figureTable(figure);
  }

  embeddingRows() {
    const three = this.panels.embedding.element.classList.contains("three");
    const seen = ["teacher", "student", ...(three ? ["control"] : [])];
    const parts = seen.map((who) => [who, this.rows(`embedding_${who}`)]).filter(([, rows]) => rows);
    if (!parts.length) return null;
    return [["who", ...parts[0][1][0]], ...parts.flatMap(([who, [, ...rows]]) => rows.map((row) => [who, ...row]))];
  }

  inkStage() {
    this.stage?.ink(channels(getComputedStyle(this.root).getPropertyValue("--ink").trim()));
  }

  recolour() {
    this.inkStage();
    this.heard?.arrange(true);
    this.example.reink();
    this.plots.refresh();
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    const { keeper, captions, timeline, walk, speech, plots, room, tip } = this;
    this.leave(keeper, captions, timeline, walk, speech, plots, room, tip);
  }
}
