// The headline: what happened, what that rests on, and what went wrong if something did.

import { el, say, show } from "./dom.js";

export class Head {
  constructor({ repeat }) {
    this.headline = el("h2", {});
    this.detail = el("p", { class: "detail" });
    const title = "Train the same experiment on other splits of the data, each with its own teacher";
    this.repeat = el(
      "button",
      { class: "quiet", type: "button", title, onclick: repeat },
      "repeat on other splits and teachers",
    );
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.troubles = new Map();
    const under = el("div", { class: "under" }, this.detail, this.repeat);
    this.element = el("div", { class: "head" }, this.headline, under, this.message);
  }

  update({ headline, detail, state, recorded, mine }) {
    say(this.headline, headline);
    say(this.detail, detail);
    show(this.repeat, state === "finished" && !recorded && mine);
  }

  /** What is wrong with one part; null when it is well again. */
  trouble(part, text) {
    this.troubles.set(part, text);
    const texts = [...this.troubles.values()].filter(Boolean);
    say(this.message, texts.join(" "));
    show(this.message, texts.length > 0);
  }
}
