// The votes of a class: one dot plot and the sentence that says the same.

import { el, mark, say } from "../board/dom.js";
import { Plots } from "../board/plots.js";
import { Theme } from "../board/theme.js";

export class Votes {
  constructor(component) {
    this.says = el("p", { class: "votes-say", role: "status" });
    this.trouble = el("p", { class: "message", role: "alert" });
    this.root = el("div", { class: "dk votes", "data-testid": "votes" });
    this.theme = new Theme(this.root);
    this.plots = new Plots(this.theme, {
      ready: () => this.plots.now(),
      point() {},
      hover() {},
      unhover() {},
      failed: (error) => say(this.trouble, error.message),
    });
    this.root.append(this.says, el("div", { class: "votes-plot" }, this.plots.slot("votes", 0)), this.trouble);
    component.parentElement.append(this.root);
  }

  update({ data }) {
    this.root.classList.toggle("present", data.present);
    if (this.theme.refresh()) this.plots.refresh();
    this.root.style.setProperty("--rows", data.rows);
    mark(this.root, "data-votes", data.count);
    say(this.says, data.says);
    this.plots.describe("votes", data.describes);
    if (data.version === this.version) return;
    this.version = data.version;
    this.plots.offer("votes", data.figure);
  }

  close() {
    this.plots.close();
    this.root.remove();
  }
}
