// The headline: what happened, what that rests on, and what went wrong if something did.

import { el, mark, say, show } from "./dom.js";

export class Head {
  constructor({ repeat }) {
    this.headline = el("h2", {});
    this.detail = el("p", { class: "detail" });
    const title = "Train the same experiment on other splits of the data, each with its teacher";
    this.repeat = el(
      "button",
      { class: "quiet repeat", type: "button", title, onclick: repeat },
      "repeat on other splits and teachers",
    );
    this.message = el("p", { class: "message", role: "alert", hidden: true });
    this.troubles = new Map();
    this.under = el("div", { class: "under" }, this.detail, this.repeat);
    this.element = el("div", { class: "head" }, this.headline, this.under, this.message);
  }

  /** Without the transport, where notes stand else, they are said here. */
  hide(hidden) {
    for (const part of [this.headline, this.under]) show(part, !hidden.has("headline"));
    this.notes = hidden.has("transport");
    this.without = hidden.has("headline");
  }

  update({ headline, detail, state, recorded, mine, notes, refused }) {
    say(this.headline, headline);
    // Why the wanted run cannot be stands in the place of what the shown one rests on, so that nothing moves.
    say(this.detail, refused || detail);
    mark(this.detail, "role", refused ? "alert" : null);
    this.detail.classList.toggle("trouble", Boolean(refused));
    if (this.notes) this.trouble("notes", notes.join(" "));
    this.trouble("refused", (this.without && refused) || null);
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
