// Three voices about one example: the target (the teacher, or what is put in its place) and two students of the run.

import { el, mark, say, show } from "../board/dom.js";
import { Panel } from "../board/panel.js";
import { explain } from "../board/terms.js";
import { percent, ranked } from "../board/soft.js";
import { ShareChart, SignedChart } from "./bars.js";
import { share, sharedOut, signed } from "./wording.js";

const HEIGHT = 100;

export const NAMES = {
  teacher: "teacher",
  hard: "hard label",
  smoothed: "softness only",
  shuffled: "shuffled opinions",
};

export class Voices {
  /**
   * `choose(at, name)`: another student in that place; `sow(seed)`: the students of another seed; `aim(kind)`: another
   * target; `axis(logarithmic)`; `teacher(name)`: another teacher of a drawing.
   */
  constructor({ choose, aim, axis, teacher, sow }) {
    this.rows = ["heard", "one", "two"].map((place) => row(place));
    this.selects = [0, 1].map((at) =>
      el("select", {
        "aria-label": at ? "second student" : "first student",
        onchange: () => choose(at, this.selects[at].value),
      }),
    );
    this.teacher = el("select", { "aria-label": "teacher", hidden: true, onchange: () => teacher(this.teacher.value) });
    this.rows[0].who.prepend(this.teacher);
    this.selects.forEach((select, at) => this.rows[at + 1].who.prepend(select));
    this.softTitle = el("span", {});
    this.seed = el("select", { "aria-label": "seed", onchange: () => sow(Number(this.seed.value)) });
    const soft = el("span", {}, explain(el("span", {}, "soft labels")), this.softTitle);
    const sown = el("label", { class: "seed" }, explain(el("span", {}, "seed")), " of the students ", this.seed);
    const heads = [el("span", {}), el("span", {}, explain(el("span", {}, "logits"))), soft, sown];
    this.element = el(
      "div",
      { class: "voices" },
      el("div", { class: "voice-heads" }, ...heads),
      ...this.rows.map(({ element }) => element),
    );
    this.aims = tabs("Target", Object.entries(NAMES), aim);
    this.axes = tabs("Axis", [["", "linear"], ["log", "log"]], (name) => axis(name === "log"));
    this.panel = new Panel({
      area: "area-voices",
      tools: [this.aims.element, this.axes.element],
      views: [{ name: "voices", title: "What they say of it", body: this.element, rows: () => this.table() }],
    });
    new ResizeObserver(() => this.onresize?.()).observe(this.element);
  }

  /** Whose students may be shown: of every seed where their weights are kept, else of one. */
  seeds(seeds, seed) {
    if (this.sown !== seeds.join()) {
      this.sown = seeds.join();
      this.seed.replaceChildren(...seeds.map((number) => el("option", { value: number }, String(number ?? "–"))));
    }
    this.seed.value = String(seed ?? "–");
    this.seed.disabled = seeds.length < 2;
  }

  /** Who may be chosen: the arms, and which stand in both places; for a drawing, its teachers. */
  offer(arms, chosen, teachers, teacher) {
    const key = JSON.stringify([arms, teachers]);
    if (this.offered !== key) {
      this.offered = key;
      for (const select of this.selects)
        select.replaceChildren(...arms.map(({ name, label }) => el("option", { value: name }, label)));
      this.teacher.replaceChildren(...teachers.map(({ name, label }) => el("option", { value: name }, label)));
    }
    this.selects.forEach((select, at) => (select.value = chosen[at]));
    this.teacher.value = teacher;
    this.several = teachers.length > 1;
  }

  /** Room, classes and the true one. */
  fit(classes, label) {
    this.classes = classes;
    for (const { logits, soft } of this.rows) {
      for (const chart of [logits, soft]) chart.fit(chart.element.parentNode.clientWidth, HEIGHT, classes, label);
    }
  }

  draw(reading, { logarithmic }) {
    this.reading = reading;
    const { heard, kind, teacher, temperature, voices } = reading;
    const all = [{ ...heard, role: kind === "teacher" ? "teacher" : "other" }, ...voices];
    const most = Math.max(1, ...all.flatMap(({ logits }) => (logits ? Array.from(logits, Math.abs) : [])));
    const outlines = kind === "teacher" ? "T = 1" : "teacher, below T = 1";
    say(this.softTitle, ` at T = ${temperature} (outlines: ${outlines})`);
    this.aims.press(kind);
    this.axes.press(logarithmic ? "log" : "");
    this.teacher.hidden = !(this.several && kind === "teacher");
    this.rows.forEach((place, at) => {
      const voice = all[at] ?? {};
      place.soft.logarithmic = logarithmic;
      mark(place.element, "class", `voice-row ${voice.role ?? ""}${voice.logs ? "" : " silent"}`);
      if (at === 0) say(place.name, kind === "teacher" ? (this.several ? "" : "teacher") : NAMES[kind]);
      say(place.first, voice.logs ? this.first(voice) : "cannot be asked");
      mark(place.logitBox, "data-none", voice.logs && !voice.logits ? "it has none" : null);
      mark(place.logits.element, "visibility", voice.logits ? null : "hidden");
      mark(place.soft.element, "visibility", voice.logs ? null : "hidden");
      if (voice.logits) place.logits.draw(voice.logits, { most });
      if (voice.logs) place.soft.draw(voice.logs, at === 0 && kind !== "teacher" ? teacher.logs : voice.plain);
      this.count(place, voice, at);
    });
  }

  /** The first choice of a voice, named where it is not the true class. */
  first({ logs, right }) {
    const [first] = ranked(logs, 1);
    if (first === this.reading.label) return percent(right);
    return `${Number.isNaN(right) ? "" : "✗ "}${this.classes[first]}: ${percent(Math.exp(logs[first]))}`;
  }

  count({ terms }, voice, at) {
    const write = (key, text) => say(terms[key].lastChild, text);
    show(terms.apart, at > 0);
    show(terms.ranks, at > 0 || (voice.agreement ?? null) !== null);
    if (!voice.logs) return Object.keys(terms).forEach((key) => write(key, "–"));
    write("right", this.reading.label < 0 ? "–" : share(voice.right));
    write("entropy", `${voice.entropy.toFixed(2)} nats, ${voice.count.toFixed(1)} classes`);
    const most = ranked(voice.wrong.shares, 2).map((k) => `${this.classes[k]}: ${share(voice.wrong.shares[k])}`);
    write("wrong", voice.wrong.mass > 0 ? share(voice.wrong.mass) : "nothing");
    write("shared", voice.wrong.mass > 0 ? most.join(", ") : "–");
    write("apart", distance(voice.divergence));
    write("ranks", signed(voice.agreement));
  }

  sentence() {
    const { heard, kind, teacher, voices, temperature } = this.reading;
    const said = voices.filter(({ logs }) => logs).map((voice) => `${voice.label} ${plain(voice.divergence)}`);
    const away = said.length ? ` KL in nats: ${[...new Set(said)].join(", ")}.` : "";
    const at = `At T = ${temperature}`;
    const nats = `${teacher.entropy.toFixed(2)} nats`;
    const other = {
      hard: "A hard label is all for one class, 0 nats at every T: nothing is said of the others.",
      smoothed: `${at} this is as soft as the teacher (${nats}), but does not know which wrong class is near.`,
      shuffled: `${at} the teacher’s numbers are on wrong wrong-classes: ranks agree ${signed(heard.agreement)}.`,
    }[kind];
    if (other) return `${other}${away}`;
    return `${at} the teacher has ${sharedOut(heard.wrong, this.classes)}.${away}`;
  }

  table() {
    const { heard, kind, voices } = this.reading;
    const all = [{ ...heard, label: NAMES[kind] }, ...voices.filter(({ logs }) => logs)];
    const head = ["class", ...all.flatMap(({ label }) => [`${label}: logit`, `${label}: soft label`])];
    const body = this.classes.map((name, k) => [
      name,
      ...all.flatMap(({ logits, logs }) => [logits ? logits[k].toFixed(3) : "none", Math.exp(logs[k]).toPrecision(4)]),
    ]);
    const under = (title, value) => [title, ...all.flatMap((voice) => ["", value(voice)])];
    return [
      head,
      ...body,
      under("entropy, nats", ({ entropy }) => entropy.toFixed(4)),
      under("effective number of classes", ({ count }) => count.toFixed(3)),
      under("mass on wrong classes", ({ wrong }) => wrong.mass.toPrecision(4)),
      under("KL from the target, nats", ({ divergence }) => divergence?.toPrecision(4) ?? "0"),
      under("rank agreement with the teacher about wrong classes", ({ agreement }) => agreement?.toFixed(4) ?? ""),
    ];
  }
}

function row(place) {
  const [logits, soft] = [new SignedChart("logits", { writes: 0 }), new ShareChart("soft", { writes: 0 })];
  const name = el("b", {});
  const first = el("span", { class: "reading" });
  const who = el("div", { class: "who-says" }, name, first);
  const terms = {};
  const lines = [
    ["right", "right class"],
    ["entropy", "entropy"],
    ["wrong", "on wrong"],
    ["shared", "of these"],
    ["apart", "KL", "one"],
    ["ranks", "ranks", "one", "agreement about the wrong classes"],
  ].map(([key, title, first = "heard", term = title]) => {
    const name = el("span", {}, title);
    if (place === first) explain(name, term); // once: thirty words to tab through would be too many
    return (terms[key] = el("div", {}, el("dt", {}, name), el("dd", {})));
  });
  const logitBox = el("div", { class: "chart-box" }, logits.element);
  const element = el(
    "div",
    { class: "voice-row", "data-place": place },
    who,
    logitBox,
    el("div", { class: "chart-box" }, soft.element),
    el("dl", { class: "counted" }, ...lines),
  );
  return { element, who, name, first, logits, soft, logitBox, terms };
}

function distance(nats) {
  return Number.isFinite(nats) ? `${plain(nats)} nats` : "–";
}

function plain(nats) {
  return nats < 0.0005 ? "0" : nats.toPrecision(2);
}

/** Buttons of which one is pressed. */
export function tabs(label, entries, choose) {
  const buttons = entries.map(([name, text]) =>
    el("button", { class: "tab", type: "button", "data-name": name, onclick: () => choose(name) }, text),
  );
  return {
    element: el("span", { class: "switch", role: "group", "aria-label": label }, ...buttons),
    press: (name) => buttons.forEach((button) => mark(button, "aria-pressed", String(button.dataset.name === name))),
  };
}
