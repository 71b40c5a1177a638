// Where everything stands on the page: five panels, their tabs and their tools. No behaviour, only parts and places.

import { el } from "./dom.js";
import { Panel } from "./panel.js";
import { explain } from "./terms.js";

const SCATTER = 350; // ms between two drawings of an embedding
const MATRIX = 1000; // ms between two drawings of a heat map or the loss terms

/** Every chart and the least time between two drawings; 0 follows each snapshot. */
export const CHARTS = {
  accuracy: 0,
  losses: MATRIX,
  ratio: MATRIX,
  embedding_teacher: SCATTER,
  embedding_student: SCATTER,
  embedding_control: SCATTER, // of points in a plane only: how the control divides it
  similarity: MATRIX,
  difference: MATRIX,
};

/** What stands over the two networks' pictures of the data. */
export const SEEN = {
  pictures: "How they see the test pictures",
  points: "How they divide the plane",
  examples: "How they see the test examples",
};

const drawnBeside = new WeakMap();

/** The curves with their names beside them: for a chart too low to have them where no curve is. */
export function namesBeside(figure) {
  if (!drawnBeside.has(figure)) {
    const legend = { ...figure.layout.legend, x: 1.03, y: 1.04, maxheight: 400 };
    drawnBeside.set(figure, { ...figure, layout: { ...figure.layout, legend } });
  }
  return drawnBeside.get(figure);
}

/** The panels by name. `plot(name)` is the place of a chart, `rows(name)` the numbers behind a view. */
export function makePanels({ plot, rows, opened, choices, heard, pager, example }) {
  const chart = (name, title) => ({ name, title, body: plot(name), rows: () => rows(name) });
  const seen = (who) => el("div", { class: who }, el("span", { class: "who-sees" }, who), plot(`embedding_${who}`));
  const pair = el("div", { class: "pair-of-plots" }, ...["teacher", "student", "control"].map(seen));
  return {
    heard: new Panel({
      area: "area-heard",
      tools: [pager, el("label", { class: "seed" }, explain(el("span", {}, "seed")), " ", choices.seed)],
      views: [{ name: "heard", title: "Everything the students ever hear", body: heard, rows: () => rows("heard") }],
    }),
    example: new Panel({
      area: "area-example",
      tools: [example.control],
      views: [{ name: "example", title: "One example", body: example.element, rows: () => rows("example") }],
    }),
    accuracy: new Panel({
      area: "area-accuracy",
      opened,
      views: [chart("accuracy", "Test accuracy"), chart("losses", "Losses"), chart("ratio", "Soft to hard")],
    }),
    embedding: new Panel({
      area: "area-embedding",
      tools: [choices.projection],
      note: choices.legend,
      opened,
      views: [{ name: "embedding", title: SEEN.pictures, body: pair, rows: () => rows("embedding") }],
    }),
    similarity: new Panel({
      area: "area-similarity",
      note: null,
      opened,
      views: [chart("similarity", "Look alike"), chart("difference", "Difference")],
    }),
  };
}
