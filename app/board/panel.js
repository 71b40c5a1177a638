// A panel is a figure of a book: a caption with a computed sentence, and the picture. Some hold two or three, on tabs.

import { el, mark, say, show } from "./dom.js";
import { tableElement } from "./tables.js";
import { explain } from "./terms.js";

let panels = 0;

/** Views are `{name, title, body, rows}`: `body` an element, `rows()` the numbers behind it. */
export class Panel {
  constructor({ area, views, tools = [], note, opened = () => {} }) {
    this.views = views;
    this.opened = opened;
    this.id = `dk-panel-${(panels += 1)}`;
    this.sentences = {};
    this.says = el(note === undefined && views.length === 1 ? "span" : "p", { class: "says" });
    this.tableButton = el(
      "button",
      {
        class: "quiet",
        type: "button",
        onclick: () => this.toggleTable(),
      },
      "table",
    );
    this.tableHolder = el("div", { class: "table", tabindex: 0, role: "region", hidden: true });
    this.bodies = el("div", { class: "bodies" }, ...views.map((view) => view.body), this.tableHolder);
    const header = el("header", {}, this.heading(), el("div", { class: "tools" }, ...tools, this.tableButton));
    this.element = el("section", { class: `panel ${area}` }, header, ...this.below(note));
    this.open(views[0].name);
  }

  /** The sentence runs on after the title, stands under the tabs, or, with a note, in the margin beside the picture. */
  below(note) {
    if (note !== undefined)
      return [el("div", { class: "with-margin" }, this.bodies, el("aside", { class: "margin" }, note, this.says))];
    return this.views.length === 1 ? [this.bodies] : [this.says, this.bodies];
  }

  heading() {
    if (this.views.length === 1) {
      this.title = explain(el("span", {}, this.views[0].title));
      const title = el("h3", { id: this.id }, this.title);
      return el("div", { class: "caption" }, title, ...(this.says.localName === "span" ? [" ", this.says] : []));
    }
    this.tabs = this.views.map((view, at) =>
      el(
        "button",
        {
          class: "tab",
          type: "button",
          role: "tab",
          id: `${this.id}-${view.name}`,
          "aria-controls": `${this.id}-body`,
          onclick: () => this.open(view.name),
          onkeydown: (event) => this.arrow(event, at),
        },
        view.title,
      ),
    );
    for (const tab of this.tabs) explain(tab);
    mark(this.bodies, "id", `${this.id}-body`);
    mark(this.bodies, "role", "tabpanel");
    return el("div", { class: "caption" }, el("div", { role: "tablist", class: "tabs" }, ...this.tabs));
  }

  arrow(event, at) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (at + by + this.views.length) % this.views.length;
    this.open(this.views[next].name);
    this.tabs[next].focus();
  }

  get view() {
    return this.views.find((view) => view.name === this.current);
  }

  open(name) {
    this.current = name;
    this.views.forEach((view, at) => {
      const chosen = view.name === name;
      show(view.body, chosen && this.tableHolder.hidden);
      if (!this.tabs) return;
      mark(this.tabs[at], "aria-selected", String(chosen));
      mark(this.tabs[at], "tabindex", chosen ? 0 : -1);
    });
    if (this.tabs) mark(this.bodies, "aria-labelledby", `${this.id}-${name}`);
    this.sentence();
    this.nameTable();
    if (!this.tableHolder.hidden) this.fillTable();
    this.opened(name);
  }

  nameTable() {
    const what = this.tableHolder.hidden ? "as a table of numbers" : "as a picture";
    mark(this.tableButton, "title", `${this.view.title}, ${what}`);
  }

  /** Another title for the first view: data of another kind are on it. */
  rename(title) {
    this.views[0].title = title;
    say(this.title, title);
    explain(this.title);
  }

  /** Sentences by view name. */
  tell(sentences) {
    Object.assign(this.sentences, sentences);
    this.sentence();
  }

  sentence() {
    const text = this.sentences[this.current] ?? "";
    say(this.says, text);
    mark(this.says, "title", text || null);
  }

  toggleTable() {
    const opening = this.tableHolder.hidden;
    show(this.tableHolder, opening);
    show(this.view.body, !opening);
    say(this.tableButton, opening ? "picture" : "table");
    this.nameTable();
    if (opening) this.fillTable();
    else this.opened(this.current);
  }

  /** Bring an open table up to date; a closed one costs nothing. */
  refreshTable() {
    if (!this.tableHolder.hidden) this.fillTable();
  }

  fillTable() {
    const rows = this.view.rows();
    mark(this.tableHolder, "aria-label", `${this.view.title}, table`);
    const { scrollTop, scrollLeft } = this.tableHolder;
    this.tableHolder.replaceChildren(rows ? tableElement(rows, this.view.title) : el("p", {}, "Nothing to show yet."));
    Object.assign(this.tableHolder, { scrollTop, scrollLeft });
  }
}
