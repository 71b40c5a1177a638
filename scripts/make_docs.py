"""Write what is derived from the declarations: `docs/methods.md`, and the list of methods in the README.

Run `python -m scripts.make_docs` after a method, a programme or their words have changed; a test compares.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from kdcore import gallery
from kdcore.formulas import aligned, notation
from kdcore.gallery import FAMILIES, Entry
from kdcore.methods import Knob

ROOT = Path(__file__).resolve().parent.parent
README, PAGE = ROOT / "README.md", ROOT / "docs" / "methods.md"
BEGIN, END = "<!-- methods: made by scripts/make_docs.py -->", "<!-- end of methods -->"
HEAD = """# Methods and programmes

Made by `scripts/make_docs.py` from the declarations in `kdcore/methods/` and `kdcore/programmes/` and from the words in
`assets/methods/`; do not edit it by hand. The page **Methods** of the Lab adds drawings, costs and source.

"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")


def page() -> str:
    """The whole of `docs/methods.md`."""
    entries = gallery.entries()
    parts = [f"{HEAD}The loss of a term is its mean over the batch.\n"]
    for family, title in FAMILIES.items():
        parts += [f"## {title}\n", *(_section(entry) for entry in entries if entry.family == family)]
    return "\n".join(parts)


def _section(entry: Entry) -> str:
    beside = f" (`{entry.name}`)" if entry.method is not None else f" (programme `{entry.name}`)"
    lines = [f"### {entry.title}{beside}\n", *([f"*{entry.paper or entry.source}*\n"]), f"{entry.idea}\n"]
    if entry.method is not None:
        lines += [f"$${aligned(entry.loss, entry.formula)}$$\n", f"{notation(entry.method, entry.formula)}\n"]
    if entry.hears:
        lines.append(f"Reads {', '.join(entry.hears)}.")
    if entry.knobs:
        lines.append(f"Knobs: {'; '.join(map(_knob, entry.knobs))}.")
    if entry.hears or entry.knobs:
        lines[-1] += "\n"
    said = {"Others": entry.elsewhere, "Deviates": entry.deviates, "Measured": entry.measured}
    lines += [f"**{what}.** {text}\n" for what, text in said.items() if text]
    return "\n".join(lines)


def _knob(knob: Knob) -> str:
    if knob.kind == "bool":
        return f"`{knob.name}` {'on' if knob.default else 'off'}"
    if knob.kind == "choice":
        return f"`{knob.name}` {knob.default} ({', '.join(knob.choices)})"
    return f"`{knob.name}` {knob.default:.4g} ({knob.low:g} to {knob.high:g})"


def listed() -> str:
    """The README's list: one item a family."""
    entries = gallery.entries()
    lines = []
    for family, title in FAMILIES.items():
        names = [f"{entry.title} (`{entry.name}`)" for entry in entries if entry.family == family]
        if names:
            lines.append(textwrap.fill(f"- **{title}**: {', '.join(names)}.", 120, subsequent_indent="  "))
    return "\n".join(lines)


def readme(text: str) -> str:
    """The README with its list as it should be; ValueError where the marks are missing."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the README needs the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{listed()}\n{END}{after}"


if __name__ == "__main__":
    main()
