// The sentences of the panels, for those who cannot see the pictures and for those who do not know where to look.

import { CHARTS } from "./layout.js";

const APART = 1000; // ms between two versions, so that they can be read

export class Captions {
  constructor({ panels, plots, speech }) {
    Object.assign(this, { panels, plots, speech });
    this.last = -APART;
  }

  /** `latest()` gives `{says, status}`; asked again when the sentences may change next. */
  tell(latest) {
    const { says, status } = latest();
    this.speech.tell(status);
    window.clearTimeout(this.timer);
    const wait = this.last + APART - performance.now();
    if (wait > 0) {
      this.timer = window.setTimeout(() => this.tell(latest), wait);
      return;
    }
    this.last = performance.now();
    this.write(says);
  }

  write(says) {
    const { heard, ...rest } = says;
    if (this.replaced !== heard) {
      this.replaced = undefined;
      this.panels.heard.tell({ heard });
    }
    for (const panel of Object.values(this.panels)) {
      panel.tell(rest);
      panel.refreshTable();
    }
    for (const name of Object.keys(CHARTS)) {
      const who = name.startsWith("embedding") ? `${name.slice("embedding_".length)}: ${says.embedding ?? ""}` : null;
      this.plots.describe(name, who ?? says[name]);
    }
  }

  /** A sentence made here, under the hand, stands until the server's own becomes another one. */
  byHand(sentence, instead) {
    this.replaced = instead;
    this.panels.heard.tell({ heard: sentence });
  }

  close() {
    window.clearTimeout(this.timer);
  }
}
