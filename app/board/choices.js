// Small choices that stand in the captions: whose pictures are shown, and how networks' views of them are projected.

import { el, mark } from "./dom.js";
import { explain } from "./terms.js";
import { Transport } from "./transport.js";

export class Choices {
  constructor({ acts }) {
    this.acts = acts;
    this.seed = el("select", {
      title: "Which seed's pictures, student and embeddings are shown",
      onchange: () => acts.do("show", { value: Number(this.seed.value) }),
    });
    this.buttons = ["PCA", "UMAP"].map((name, at) =>
      explain(el("button", { class: "tab", type: "button", onclick: () => this.project(at === 1) }, name)),
    );
    this.projection = el("span", { class: "switch", role: "group", "aria-label": "Projection" }, ...this.buttons);
    this.legend = el("div", { class: "legend", "aria-hidden": "true" });
    this.known = {};
    this.press(false);
  }

  update(snapshot) {
    const { seeds, seed, classes, umap } = snapshot;
    if (this.changed("seeds", seeds)) {
      this.seed.replaceChildren(...(seeds ?? []).map((number) => el("option", { value: number }, String(number))));
    }
    if (document.activeElement !== this.seed) this.seed.value = String(seed);
    this.seed.disabled = !Transport.live(snapshot) || Transport.watching(snapshot);
    if (umap !== undefined) this.press(umap);
    if (this.changed("classes", classes)) {
      const colour = (k) => `--dot:var(--class-${k % 10})`;
      this.legend.replaceChildren(...(classes ?? []).map((name, k) => el("span", { style: colour(k) }, name)));
    }
  }

  project(umap) {
    this.press(umap);
    this.acts.do("umap", { value: umap });
  }

  press(umap) {
    this.buttons.forEach((button, at) => mark(button, "aria-pressed", String((at === 1) === umap)));
  }

  /** Remember a list; true if it is another one than before. */
  changed(name, list) {
    const key = JSON.stringify(list ?? null);
    const other = this.known[name] !== key;
    this.known[name] = key;
    return other;
  }
}
