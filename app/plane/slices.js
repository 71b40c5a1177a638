// Two slices through the chosen cell: along the one knob and along the other.

import { Panel } from "../board/panel.js";
import { numbers } from "../board/tables.js";

export class Slices {
  constructor({ plots }) {
    this.plots = plots;
    this.figures = {};
    this.panels = ["x", "y"].map((name) => {
      const view = { name, title: "A slice", body: plots.slot(`slice-${name}`, 200), rows: () => this.rows(name) };
      return [name, new Panel({ area: `area-slice area-slice-${name}`, views: [view] })];
    });
    this.elements = this.panels.map(([, panel]) => panel.element);
  }

  set({ slices }) {
    for (const [name, panel] of this.panels) {
      const slice = slices[name];
      this.figures[name] = slice.figure;
      if (panel.view.title !== slice.title) panel.rename(slice.title);
      panel.tell({ [name]: slice.says });
      this.plots.describe(`slice-${name}`, `${slice.title} ${slice.says}`);
      this.plots.offer(`slice-${name}`, slice.figure);
      panel.refreshTable();
    }
  }

  rows(name) {
    const figure = this.figures[name];
    if (!figure) return null;
    const { xaxis } = figure.layout;
    const line = figure.data.find((trace) => trace.mode === "lines+markers");
    const means = numbers(line.y);
    const body = xaxis.tickvals.map((at, k) => [xaxis.ticktext[k], means[at] === null ? "" : String(means[at])]);
    return [[xaxis.title.text, line.name], ...body];
  }
}
