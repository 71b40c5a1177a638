// One example as it is seen: a picture cut from the sheet, a point in its plane, or the cells of a drawing.

import { el, show, svg } from "../board/dom.js";

const MARGIN = 0.1;
const CROWD = 80; // px: from this size on the other points are drawn too

export class Picture {
  constructor() {
    this.cut = el("span", { class: "picture" });
    this.point = svg("circle", { r: 3.4 });
    this.others = svg("path", { class: "others" });
    this.plane = svg("svg", { class: "point-picture", "aria-hidden": "true" }, this.others, this.point);
    this.cells = Array.from({ length: 64 }, () => svg("rect", { width: 1.02, height: 1.02 }));
    this.cells.forEach((cell, at) => {
      cell.setAttribute("x", at % 8);
      cell.setAttribute("y", Math.floor(at / 8));
    });
    this.drawing = svg("svg", { class: "cell-picture", viewBox: "0 0 8 8", "aria-hidden": "true" }, ...this.cells);
    this.element = el("span", { class: "specimen-picture" }, this.cut, this.plane, this.drawing);
  }

  /** Example `row` of a stage, about `side` pixels high. */
  set(stage, row, side) {
    this.only({ points: this.plane, pictures: this.cut }[stage.kind]); // numbers alone cannot be seen
    if (stage.points) this.place(stage, row, side);
    else if (stage.sheet) stage.picture(this.cut, row, stage.shape[0] * Math.max(1, Math.round(side / stage.shape[0])));
  }

  /** A point where it lies; in a large picture among all the test points. */
  place(stage, row, side) {
    const { low, high } = (stage.bounds ??= boundsOf(stage.points));
    const spot = (at) => {
      const [x, y] = stage.points[at].map((value, axis) => (value - low[axis]) / (high[axis] - low[axis]));
      return [x * side, (1 - y) * side].map((place) => place.toFixed(1));
    };
    for (const name of ["width", "height"]) this.plane.setAttribute(name, side);
    const [x, y] = spot(row);
    this.point.setAttribute("cx", x);
    this.point.setAttribute("cy", y);
    if (side >= CROWD) this.others.setAttribute("d", stage.probe_rows.map((at) => `M${spot(at)}h1v1h-1z`).join(""));
    this.point.setAttribute("fill", `var(--class-${stage.labels[row] % 10})`);
  }

  /** Sixty-four cells from 0 to 1. */
  draw(cells, side) {
    this.only(this.drawing);
    for (const name of ["width", "height"]) this.drawing.setAttribute(name, side);
    this.cells.forEach((cell, at) => cell.setAttribute("fill-opacity", cells[at].toFixed(3)));
  }

  only(part) {
    for (const one of [this.cut, this.plane, this.drawing]) {
      if (one === this.cut) show(one, one === part);
      else one.style.display = one === part ? "" : "none";
    }
  }
}

function boundsOf(points) {
  const ends = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return [least - MARGIN * (most - least), most + MARGIN * (most - least)];
  });
  return { low: ends.map(([least]) => least), high: ends.map(([, most]) => most) };
}
