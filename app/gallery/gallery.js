// The list of methods: searched while one types, filtered, and a choice among its lines.

import { el, mark, say, show } from "../board/dom.js";
import { Theme } from "../board/theme.js";
import { found, plain } from "./finding.js";

export class GalleryView {
  constructor(component) {
    this.component = component;
    this.root = el("div", { class: "dk methods", "data-testid": "methods" });
    this.theme = new Theme(this.root);
    this.lines = new Map();
    this.build();
    component.parentElement.append(this.root);
  }

  build() {
    const again = () => this.filter();
    this.search = el("input", {
      type: "search",
      placeholder: "Search: contrastive, 2022, zhao …",
      "aria-label": "Search methods",
      autocomplete: "off",
      spellcheck: "false",
      oninput: again,
      onkeydown: (event) => this.intoList(event),
    });
    this.moves = el("select", { onchange: again });
    this.needs = el("select", { onchange: again });
    this.count = el("p", { class: "count", role: "status" });
    this.clear = el("button", { class: "quiet", type: "button", hidden: true, onclick: () => this.reset() }, "Show all");
    this.list = el("nav", { class: "list", "aria-label": "Methods", onkeydown: (event) => this.key(event) });
    this.root.append(
      this.search,
      el("div", { class: "filters" }, el("label", {}, "Moves ", this.moves), el("label", {}, "Needs ", this.needs)),
      el("div", { class: "counted" }, this.count, this.clear),
      this.list,
    );
  }

  update({ data, setTriggerValue }) {
    this.choose = (name) => setTriggerValue("act", { entry: name, at: Date.now() });
    this.theme.refresh();
    this.root.classList.toggle("present", data.present);
    if (data.version !== this.version) this.fill(data);
    this.mark(data.chosen);
  }

  /** Another list than before: on the first time, and when a method has come or gone. */
  fill({ version, entries, families, needs }) {
    const first = this.version === undefined;
    Object.assign(this, { version, entries });
    this.options(this.moves, [["", "anything"], ...families]);
    this.options(this.needs, [["", "anything"], ...needs]);
    this.lines.clear();
    this.sections = families.map(([family, title]) => {
      const lines = entries.filter((entry) => entry.family === family).map((entry) => this.line(entry));
      const heading = el("h3", {}, title[0].toUpperCase() + title.slice(1));
      return { lines, element: el("section", { "aria-label": title }, heading, ...lines) };
    });
    this.list.replaceChildren(...this.sections.filter(({ lines }) => lines.length).map(({ element }) => element));
    this.filter();
    if (first) requestAnimationFrame(() => this.reveal());
  }

  options(select, pairs) {
    const kept = select.value;
    select.replaceChildren(...pairs.map(([value, text]) => el("option", { value }, text)));
    select.value = pairs.some(([value]) => value === kept) ? kept : "";
  }

  line(entry) {
    const line = el(
      "a",
      { href: `?entry=${encodeURIComponent(entry.name)}`, "data-entry": entry.name, tabindex: -1 },
      el("span", { class: "name" }, entry.title),
      el("span", { class: "year" }, entry.year ?? ""),
      el("span", { class: "says" }, el("span", { class: "key" }, entry.name), ` ${entry.says}`),
    );
    line.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // another tab, as of any link
      event.preventDefault();
      this.mark(entry.name);
      this.choose(entry.name);
    };
    this.lines.set(entry.name, line);
    return line;
  }

  filter() {
    const wanted = { words: plain(this.search.value), moves: this.moves.value, needs: this.needs.value };
    const names = new Set(found(this.entries, wanted));
    for (const [name, line] of this.lines) show(line, names.has(name));
    for (const { lines, element } of this.sections) {
      show(element, lines.some((line) => !line.hidden));
    }
    const all = names.size === this.entries.length;
    say(this.count, all ? `${names.size} methods and programmes` : `${names.size || "None"} of ${this.entries.length}`);
    show(this.clear, !all);
    this.rove();
  }

  reset() {
    this.search.value = this.moves.value = this.needs.value = "";
    this.filter();
    this.search.focus();
    this.reveal();
  }

  get shown() {
    return [...this.lines.values()].filter((line) => !line.hidden);
  }

  /** One line can be reached by the tab key: the chosen one, or the first that is seen. */
  rove(to = null) {
    const chosen = this.lines.get(this.chosen);
    const reached = to ?? (chosen && !chosen.hidden ? chosen : this.shown[0]);
    for (const line of this.lines.values()) mark(line, "tabindex", line === reached ? 0 : -1);
    return reached;
  }

  mark(name) {
    if (name === this.chosen) return;
    this.chosen = name;
    for (const [other, line] of this.lines) mark(line, "aria-current", other === name ? "true" : null);
    this.rove();
  }

  /** Bring the chosen line into the list's own window; the page stays where it is. */
  reveal() {
    const line = this.lines.get(this.chosen);
    if (line) this.list.scrollTop = line.offsetTop - this.list.clientHeight / 3;
  }

  intoList(event) {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      const first = this.shown[0];
      if (event.key === "Enter" && this.search.value) first?.click();
      else this.rove(first)?.focus();
    }
    if (event.key === "Escape" && this.search.value) {
      event.preventDefault();
      this.search.value = "";
      this.filter();
    }
  }

  key(event) {
    const lines = this.shown;
    const at = lines.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    if (to < 0) this.search.focus();
    else if (lines[to]) this.rove(lines[to]).focus();
  }

  close() {
    this.root.remove();
  }
}
