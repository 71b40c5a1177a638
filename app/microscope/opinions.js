// The students' newest opinions, fetched beside the page's own messages: at most twice a second while the run goes on.

import { numbers } from "../board/tables.js";

const APART = 500; // ms between two questions
const AGAIN = 3000; // ms until a question that failed is asked again

export class OpinionKeeper {
  /** `arrived(opinions)` for every new answer; `trouble(sentence | null)`. */
  constructor({ arrived, trouble }) {
    Object.assign(this, { arrived, trouble });
    this.last = -APART;
    this.url = null;
    this.opinions = null;
  }

  /** The newest address; null where there are none to be had. */
  want(url) {
    if (url === this.wanted) return;
    this.wanted = url;
    if (!url) this.opinions = null;
    else this.plan(Math.max(0, this.last + APART - performance.now()));
  }

  plan(wait) {
    if (this.timer || this.busy) return;
    this.timer = window.setTimeout(() => this.ask(), wait);
  }

  async ask() {
    this.timer = null;
    const url = this.wanted;
    if (!url || url === this.url) return;
    this.busy = true;
    this.last = performance.now();
    let again = APART;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`What the students say could not be loaded (${answer.status}).`);
      this.opinions = unpacked(await answer.json());
      this.url = url;
      this.trouble(null);
      if (!this.closed) this.arrived(this.opinions);
    } catch (error) {
      again = AGAIN;
      const silent = error instanceof TypeError; // what fetch throws where nobody answers
      this.trouble(silent ? "The server does not answer, so the students are missing." : error.message);
    }
    this.busy = false;
    if (!this.closed && this.wanted && this.wanted !== this.url) this.plan(again);
  }

  close() {
    this.closed = true;
    window.clearTimeout(this.timer);
  }
}

/** Logits as they are said of every row: `arm.of.get(row)`. */
function unpacked(given) {
  const arms = given.arms.map((arm) => {
    const all = numbers(arm.logits);
    const classes = all.length / given.rows.length;
    return { ...arm, of: new Map(given.rows.map((row, at) => [row, all.slice(at * classes, (at + 1) * classes)])) };
  });
  return { ...given, arms, heard: new Set(given.heard) };
}
