// A pressed button stays quiet until something has answered, so that an impatient second click does nothing.

import { mark } from "./dom.js";

export const PATIENCE = 2500; // ms, where nothing answers

export class Patience {
  constructor(buttons) {
    this.buttons = buttons;
  }

  press(button, act) {
    if (button.getAttribute("aria-busy") === "true") return;
    mark(button, "aria-busy", "true");
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.rest(), PATIENCE);
    act();
  }

  rest() {
    for (const button of this.buttons()) mark(button, "aria-busy", null);
  }

  close() {
    window.clearTimeout(this.timer);
  }
}
