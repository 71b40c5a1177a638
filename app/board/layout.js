// Where everything stands on the page: the headline, the five panels and their tools. No behaviour, only parts and places.

import { el } from "./dom.js";
import { Panel } from "./panel.js";

const SCATTER = 350; // ms between two drawings of an embedding
const MATRIX = 1000; // ms between two drawings of a heat map or the loss terms

/** Every chart and the least time between two drawings; 0 follows each snapshot. */
export const CHARTS = {
  accuracy: 0, losses: MATRIX, ratio: MATRIX, embedding_teacher: SCATTER, embedding_student: SCATTER, similarity: MATRIX, difference: MATRIX,
};

/** What stands over the two networks' pictures of the data. */
export const SEEN = { pictures: "How they see the test pictures", points: "How they divide the plane" };

/** The headline, what it rests on, and what went wrong if something did. */
export function makeHead({ repeat }) {
  const head = {
    headline: el("h2", {}),
    detail: el("p", { class: "detail" }),
    repeat: el("button", {
      class: "quiet", type: "button", title: "Train the same experiment on other splits of the data, each with its own teacher", onclick: repeat,
    }, "repeat on other splits and teachers"),
    message: el("p", { class: "message", role: "alert", hidden: true }),
  };
  head.element = el("div", { class: "head" },
    head.headline, el("div", { class: "under" }, head.detail, head.repeat), head.message);
  return head;
}

/** The pictures the students hear, with a choice of whose. */
export function makeHeardPanel({ body, pager, seed, rows }) {
  return new Panel({
    area: "area-heard", tools: [pager, el("label", { class: "seed" }, "seed ", seed)],
    views: [{ name: "heard", title: "Everything the students ever hear", body, rows }],
  });
}

export function makeExamplePanel(example) {
  return new Panel({
    area: "area-example", tools: [example.control],
    views: [{ name: "example", title: "One example", body: example.element, rows: () => example.table() }],
  });
}

/** Panels of one chart a tab. */
export function makeChartPanel({ area, titles, plot, rows, opened, note }) {
  const views = Object.entries(titles).map(([name, title]) => ({ name, title, body: plot(name), rows: () => rows(name) }));
  return new Panel({ area, views, opened, note });
}

/** Teacher and student side by side, with the classes' colours and the sentence in the margin. */
export function makeEmbeddingPanel({ plot, rows, opened, legend, projection }) {
  const half = (who) => el("div", {}, el("span", { class: "who-sees" }, who), plot(`embedding_${who}`));
  return new Panel({
    area: "area-embedding", tools: [projection], note: legend, opened,
    views: [{ name: "embedding", title: SEEN.pictures, body: el("div", { class: "pair-of-plots" }, half("teacher"), half("student")), rows }],
  });
}

/** The key to the classes: colour and name. */
export function legendItems(classes) {
  return classes.map((name, k) => el("span", { style: `--dot:var(--class-${k % 10})` }, name));
}
