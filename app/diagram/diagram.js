// A drawing that the server made as SVG, in the colours of this page.

import { el } from "../board/dom.js";
import { Theme } from "../board/theme.js";

export class DiagramView {
  constructor(component) {
    this.root = el("figure", { class: "dk drawn", "data-testid": "diagram" });
    this.theme = new Theme(this.root);
    component.parentElement.append(this.root);
  }

  update({ data }) {
    this.theme.refresh();
    if (data.svg === this.svg) return;
    this.svg = data.svg;
    const made = new DOMParser().parseFromString(data.svg, "text/html").querySelector("svg");
    this.root.replaceChildren(document.adoptNode(made));
    this.root.dataset.of = data.of;
  }

  close() {
    this.root.remove();
  }
}
