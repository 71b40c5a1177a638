// The picture beside the pointer, while it rests on a point of a chart.

import { el, say, show } from "./dom.js";

export class Glance {
  constructor() {
    this.picture = el("span", { class: "picture" });
    this.name = el("span", {});
    this.element = el("div", { class: "glance", hidden: true, "aria-hidden": "true" }, this.picture, this.name);
  }

  show(stage, row, event) {
    if (!stage?.sheet || !event) return;
    const zoom = Math.max(1, Math.round(56 / stage.shape[0]));
    stage.picture(this.picture, row, zoom * stage.shape[0]);
    say(this.name, stage.classes[stage.labels[row]]);
    const left = event.clientX + 90 > window.innerWidth ? event.clientX - 90 : event.clientX + 16;
    this.element.style.transform = `translate(${left}px, ${Math.max(event.clientY - 80, 4)}px)`;
    show(this.element, true);
  }

  hide() {
    show(this.element, false);
  }
}
