// Every term is explained in one sentence where it stands: under the pointer, with the focus, at a tap.

import { el, mark, say, show } from "./dom.js";

const DELAY = 350; // ms under the pointer until a sentence appears
const OWN_KEYS = "button, select, input, a";

let asked = null;

/** Sentences by term, in small letters; none where the server cannot be asked. */
function glossary() {
  asked ??= fetch("/lab/glossary.json").then((answer) => (answer.ok ? answer.json() : {}), () => ({}));
  return asked;
}

/** Let a word explain itself, if the glossary knows it. A word of its own takes the focus; a control has it already. */
export function explain(node, name = node.textContent) {
  glossary().then((known) => {
    const found = known[name.trim().toLowerCase()];
    if (!found) return;
    node.dataset.term = name;
    node.explanation = found;
    if (node.matches(OWN_KEYS)) return;
    node.classList.add("term");
    if (!node.closest("label, [role=img]")) {
      mark(node, "tabindex", 0);
      mark(node, "role", "button");
    }
  });
  return node;
}

/** The one sentence that is seen at a time. `root` holds the words. */
export class Tip {
  constructor(root) {
    this.root = root;
    this.name = el("b", {});
    this.sentence = el("span", {});
    this.element = el("div", { class: "tip", role: "tooltip", id: "dk-tip", hidden: true }, this.name, this.sentence);
    const over = (event) => this.rest(wordAt(event.target));
    root.addEventListener("pointerover", (event) => event.pointerType === "mouse" && over(event));
    root.addEventListener("pointerleave", () => this.rest(null));
    root.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && this.show(wordOf(event.target)));
    root.addEventListener("focusout", () => this.show(null));
    root.addEventListener("click", (event) => this.press(event.target.closest?.(".term")));
    root.addEventListener("keydown", (event) => this.key(event));
    this.away = (event) => this.word && !event.composedPath?.().includes(this.word) && this.show(null);
    document.addEventListener("pointerdown", this.away);
    document.addEventListener("scroll", this.away, true);
  }

  rest(word) {
    window.clearTimeout(this.timer);
    if (word === this.word) return;
    this.timer = window.setTimeout(() => this.show(word), word ? DELAY : DELAY / 2);
  }

  press(word) {
    if (!word) return;
    window.clearTimeout(this.timer);
    this.show(word);
  }

  key(event) {
    if (event.key === "Escape") this.show(null);
    else if ((event.key === "Enter" || event.key === " ") && event.target.matches?.(".term[role=button]")) {
      event.preventDefault();
      this.show(this.word === event.target ? null : event.target);
    }
  }

  show(word) {
    if (word === this.word) return;
    mark(this.word ?? this.element, "aria-describedby", null);
    this.word = word;
    show(this.element, Boolean(word));
    if (!word) return;
    say(this.name, word.explanation.term);
    say(this.sentence, word.explanation.sentence);
    mark(word, "aria-describedby", "dk-tip");
    this.place(word.getBoundingClientRect());
  }

  /** Under the word, or over it where there is no room; never outside of the window. */
  place(word) {
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.min(Math.max(word.left, 8), window.innerWidth - width - 8);
    const below = word.bottom + 6 + height < window.innerHeight;
    const top = below ? word.bottom + 6 : word.top - height - 6;
    this.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(top, 4))}px)`;
  }

  close() {
    window.clearTimeout(this.timer);
    document.removeEventListener("pointerdown", this.away);
    document.removeEventListener("scroll", this.away, true);
  }
}

/** The word under the pointer. */
function wordAt(target) {
  return target.closest?.("[data-term]") ?? null;
}

/** The word that has the focus, or that names the control which has it. */
function wordOf(target) {
  return wordAt(target) ?? target.closest("label")?.querySelector("[data-term]") ?? null;
}
