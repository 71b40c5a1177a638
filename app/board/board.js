// The board: one component that holds everything a person touches and watches while students train.
// A snapshot comes in, every part takes what it needs, charts are redrawn at their own pace.

import { Acts, browserKey } from "./acts.js";
import { el, mark, say, show } from "./dom.js";
import { Example } from "./example.js";
import { Glance } from "./glance.js";
import { Heard } from "./heard.js";
import { Panel } from "./panel.js";
import { Plots, upTo } from "./plots.js";
import { Points } from "./points.js";
import { Speech } from "./speech.js";
import { loadStage } from "./stage.js";
import { Strip } from "./strip.js";
import { figureTable } from "./tables.js";
import { Theme, channels } from "./theme.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";
import { Walk } from "./walk.js";

const SCATTER = 350; // ms between two drawings of an embedding
const MATRIX = 1000; // ms between two drawings of a heat map or the loss terms
const WORDS = 1000; // ms between two versions of the sentences under the charts
const CHARTS = {
  accuracy: 0, losses: MATRIX, ratio: MATRIX, embedding_teacher: SCATTER, embedding_student: SCATTER, similarity: MATRIX, difference: MATRIX,
};

export class Board {
  constructor(component) {
    this.component = component;
    this.acts = new Acts((act) => this.component.setTriggerValue("act", act));
    this.root = el("div", { class: "dk", "data-testid": "board", "data-step": "", "data-at": "", "data-mode": "live" });
    this.theme = new Theme(this.root);
    this.speech = new Speech();
    this.glance = new Glance();
    this.transport = new Transport({ acts: this.acts });
    this.strip = new Strip({ acts: this.acts, heat: (value) => this.heat(value), settled: () => this.heard?.describe() });
    this.timeline = new Timeline({ look: (keyframe, looking) => this.look(keyframe, looking), trouble: (text) => this.trouble(text) });
    this.example = new Example();
    this.walk = new Walk();
    this.plots = new Plots(this.theme, {
      ready: () => this.snapshot && this.draw(),
      point: (row) => this.follow(row),
      hover: (row, event) => this.glance.show(this.stage, row, event),
      unhover: () => this.glance.hide(),
      failed: (error) => this.trouble(error.message),
    });
    this.build();
    this.listen();
    component.parentElement.append(this.root);
    component.setStateValue("browser", browserKey());
  }

  build() {
    const plot = (name) => this.plots.slot(name, CHARTS[name]);
    const chart = (name, title, body = plot(name)) => ({ name, title, body, rows: () => this.rows(name) });
    this.headline = el("h2", {});
    this.detail = el("p", { class: "detail" });
    this.repeat = el("button", {
      class: "quiet", type: "button", title: "Train the same experiment on other splits of the data, each with its own teacher",
      onclick: () => this.acts.do("repeat"),
    }, "repeat on other splits and teachers");
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.seed = el("select", {
      "aria-label": "The seed whose student is shown", title: "Which seed's pictures, student and embeddings are shown",
      onchange: () => this.acts.do("show", { value: Number(this.seed.value) }),
    });
    this.heardBody = el("div", { class: "heard-holder" });
    this.heardTools = el("span", {});
    this.heardPanel = new Panel({
      area: "area-heard", tools: [this.heardTools, el("label", { class: "seed" }, "seed ", this.seed)],
      views: [{ name: "heard", title: "Everything the students ever hear", body: this.heardBody, rows: () => this.heard?.table() }],
    });
    this.examplePanel = new Panel({
      area: "area-example", tools: [this.example.control],
      views: [{ name: "example", title: "One example", body: this.example.element, rows: () => this.example.table() }],
    });
    this.accuracyPanel = new Panel({
      area: "area-accuracy", opened: () => this.plots.wake(),
      views: [chart("accuracy", "Test accuracy"), chart("losses", "Losses"), chart("ratio", "Soft to hard")],
    });
    this.umap = ["PCA", "UMAP"].map((name, at) => el("button", {
      class: "tab", type: "button", "aria-pressed": String(at === 0), onclick: () => this.project(at === 1),
    }, name));
    this.legend = el("span", { class: "legend", "aria-hidden": "true" });
    const pair = el("div", { class: "pair-of-plots" },
      el("div", {}, el("span", { class: "who-sees" }, "teacher"), plot("embedding_teacher")),
      el("div", {}, el("span", { class: "who-sees" }, "student"), plot("embedding_student")));
    this.projection = el("span", { class: "switch", role: "group", "aria-label": "Projection" }, ...this.umap);
    this.embeddingPanel = new Panel({
      area: "area-embedding", note: this.legend, tools: [this.projection], opened: () => this.plots.wake(),
      views: [{ name: "embedding", title: "How they see the test pictures", body: pair, rows: () => this.embeddingRows() }],
    });
    this.similarityPanel = new Panel({
      area: "area-similarity", note: null, opened: () => this.plots.wake(),
      views: [chart("similarity", "Look alike"), chart("difference", "Difference")],
    });
    this.panels = [this.heardPanel, this.examplePanel, this.accuracyPanel, this.embeddingPanel, this.similarityPanel];
    this.root.append(
      el("div", { class: "head" }, this.headline, el("div", { class: "under" }, this.detail, this.repeat)),
      this.transport.element, this.strip.element, this.message,
      ...this.panels.map((panel) => panel.element), this.walk.element, this.timeline.element,
      this.speech.element, this.glance.element);
    this.walk.visible = false;
  }

  listen() {
    this.onKey = (event) => {
      if (event.target !== document.body && !this.root.contains(event.target)) return;
      this.transport.key(event);
      if (!event.defaultPrevented && !event.target.closest?.("input:not([type=range]), select, textarea")) this.timeline.shortcut(event);
    };
    this.onResize = () => this.fit();
    this.onShow = () => document.hidden || this.paint();
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("visibilitychange", this.onShow);
    window.addEventListener("resize", this.onResize);
  }

  /** Called by Streamlit with every new snapshot, and when the theme changes. */
  update(component) {
    this.component = component;
    this.snapshot = component.data;
    if (this.painting) return;
    this.painting = requestAnimationFrame(() => {
      this.painting = null;
      this.paint();
    });
  }

  paint() {
    const { snapshot } = this;
    if (!snapshot || document.hidden) return;
    if (this.theme.refresh()) this.recolour();
    if (snapshot.version !== this.version || this.version === undefined) {
      this.version = snapshot.version;
      this.head(snapshot);
      this.transport.update(snapshot);
      if (this.strip.update(snapshot)) this.heat(snapshot.knobs.temperature);
      this.fetchStage(snapshot);
      this.timeline.update(snapshot, snapshot.example?.row ?? null);
      if (!this.fitted) this.fit();
    }
    this.draw();
  }

  /** What is on the charts: the newest snapshot, or a keyframe while the person looks back. */
  get view() {
    return this.keyframe ?? this.snapshot;
  }

  draw() {
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
    this.words(view);
    if (!this.plots.now()) return;
    mark(this.root, "data-step", view.step);
    mark(this.root, "data-at", view.at ?? snapshot.at);
    mark(this.root, "data-mode", { "": "live", playing: "play" }[looking] ?? "past");
    this.timeline.playOnce();
  }

  offer(figures) {
    for (const name of Object.keys(CHARTS)) {
      const figure = figures[name] ?? figures[name.replace("embedding", "surface")];
      if (name !== "accuracy") this.plots.offer(name, figure);
    }
    show(this.projection, !figures.surface_teacher);
  }

  /** Accuracy is of the whole run; a cursor says where one looks, and while it plays the curves grow again. */
  accuracy() {
    const figure = this.snapshot.figures?.accuracy;
    if (!figure) return;
    const step = this.keyframe?.step;
    this.plots.offer("accuracy", this.looking === "playing" && step !== undefined ? upTo(figure, step + 1) : figure);
    for (const name of ["accuracy", "losses", "ratio"]) this.plots.cursor(name, step === undefined ? null : step + 1);
  }

  walkThrough() {
    const wanted = Walk.wanted(this.snapshot, !this.keyframe);
    if (wanted !== this.walking) {
      this.walking = wanted;
      this.walk.visible = wanted;
      this.root.classList.toggle("walking", wanted);
      this.heard?.batch([]);
      this.plots.wake();
    }
    if (!wanted) return;
    this.walk.update(this.snapshot, this.stage, this.snapshot.knobs.temperature);
    this.heard?.batch(this.snapshot.walk.rows);
  }

  /** Sentences change at most once a second, so that they can be read. */
  words(view) {
    this.speech.tell(view.status ?? this.snapshot.status);
    const now = performance.now();
    const wait = WORDS - (now - (this.said ?? 0));
    window.clearTimeout(this.wordsTimer);
    if (wait > 0) {
      this.wordsTimer = window.setTimeout(() => this.words(this.view), wait);
      return;
    }
    this.said = now;
    const says = { ...this.snapshot.says, ...view.says };
    this.heardPanel.tell({ heard: says.heard });
    this.examplePanel.tell({ example: says.example });
    this.accuracyPanel.tell({ accuracy: says.accuracy, losses: says.losses, ratio: says.ratio });
    this.embeddingPanel.tell({ embedding: says.embedding });
    this.similarityPanel.tell({ similarity: says.similarity, difference: says.difference });
    for (const name of Object.keys(CHARTS)) {
      const part = name.startsWith("embedding") ? `${name.split("_")[1]}: ${says.embedding ?? ""}` : says[name];
      this.plots.describe(name, part);
    }
    for (const panel of this.panels) panel.refreshTable();
  }

  head(snapshot) {
    say(this.headline, snapshot.headline);
    say(this.detail, snapshot.detail);
    show(this.repeat, snapshot.state === "finished" && !snapshot.recorded && snapshot.mine);
    const seeds = JSON.stringify(snapshot.seeds ?? []);
    if (seeds !== this.seedKey) {
      this.seedKey = seeds;
      this.seed.replaceChildren(...(snapshot.seeds ?? []).map((seed) => el("option", { value: seed }, String(seed))));
    }
    if (document.activeElement !== this.seed) this.seed.value = String(snapshot.seed);
    this.seed.disabled = !Transport.live(snapshot) || Transport.watching(snapshot);
    if (snapshot.umap !== undefined) this.projected(snapshot.umap);
    const classes = (snapshot.classes ?? []).join();
    if (classes !== this.classKey) {
      this.classKey = classes;
      this.legend.replaceChildren(...(snapshot.classes ?? []).map((name, k) => el("span", { style: `--dot:var(--class-${k % 10})` }, name)));
    }
  }

  async fetchStage({ stage_url: url, seed }) {
    if (!url) return;
    if (url === this.stageUrl) {
      if (this.stage && this.stageSeed !== seed) this.setStage(seed);
      return;
    }
    this.stageUrl = url;
    this.fetching?.abort();
    const fetching = (this.fetching = new AbortController());
    try {
      const stage = await loadStage(url, fetching.signal);
      if (url !== this.stageUrl) return;
      this.stage = stage;
      this.trouble(null);
      this.inkStage();
      this.setStage(this.snapshot.seed);
      this.paint();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.trouble(error.message);
      window.setTimeout(() => this.retryStage(url), 3000);
    }
  }

  retryStage(url) {
    if (this.stageUrl === url) this.stageUrl = null;
    if (this.snapshot && !this.closed) this.fetchStage(this.snapshot);
  }

  setStage(seed) {
    this.stageSeed = seed;
    const kind = this.stage.points ? Points : Heard;
    if (!(this.heard instanceof kind)) {
      this.heard = new kind({ follow: (row) => this.follow(row) });
      this.heardBody.replaceChildren(this.heard.element);
      this.heardTools.replaceChildren(this.heard.pager);
    }
    this.heard.temperature = this.strip.temperature.value;
    this.heard.set(this.stage, seed);
    this.example.set(this.stage);
    this.ringed = undefined;
  }

  /** The temperature under the hand: only the teacher's bars follow, at once. */
  heat(temperature) {
    this.heard?.heat(temperature);
  }

  follow(row) {
    this.heard?.ring(row);
    this.ringed = row;
    this.acts.do("follow", { value: row });
  }

  project(umap) {
    this.projected(umap);
    this.acts.do("umap", { value: umap });
  }

  projected(umap) {
    this.umap.forEach((button, at) => mark(button, "aria-pressed", String((at === 1) === umap)));
  }

  look(keyframe, looking) {
    this.keyframe = keyframe;
    this.looking = looking;
    this.draw();
  }

  rows(name) {
    const figure = this.plots.figure(name);
    return figure && figureTable(figure);
  }

  embeddingRows() {
    const parts = ["teacher", "student"].map((who) => [who, this.rows(`embedding_${who}`)]).filter(([, rows]) => rows);
    if (!parts.length) return null;
    return [["who", ...parts[0][1][0]], ...parts.flatMap(([who, [, ...rows]]) => rows.map((row) => [who, ...row]))];
  }

  trouble(text) {
    say(this.message, text ?? "");
    show(this.message, Boolean(text));
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

  /** The board fills what the window leaves below the page's own line of controls. */
  fit() {
    if (!this.root.isConnected) return;
    let above = this.root.getBoundingClientRect().top;
    for (let node = this.root.parentElement; node; node = node.parentElement) above += node.scrollTop;
    this.root.style.setProperty("--above", `${Math.round(above)}px`);
    this.fitted = true;
  }

  close() {
    this.closed = true;
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("visibilitychange", this.onShow);
    window.removeEventListener("resize", this.onResize);
    cancelAnimationFrame(this.painting);
    window.clearTimeout(this.wordsTimer);
    this.fetching?.abort();
    this.timeline.mode = "live";
    this.timeline.cancel();
    this.walk.close();
    this.speech.close();
    this.plots.close();
    this.root.remove();
  }
}
