// One polite live region: what is going on, at most every five seconds.

import { el, say } from "./dom.js";

const APART = 5000;

export class Speech {
  constructor() {
    this.element = el("div", { class: "unseen", role: "status", "aria-live": "polite", "data-testid": "board-status" });
    this.last = 0;
  }

  tell(text) {
    this.text = text;
    if (this.timer || !text) return;
    const wait = Math.max(0, this.last + APART - performance.now());
    this.timer = window.setTimeout(() => {
      this.timer = null;
      this.last = performance.now();
      say(this.element, this.text);
    }, wait);
  }

  close() {
    window.clearTimeout(this.timer);
  }
}
