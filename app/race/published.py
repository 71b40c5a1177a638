"""What papers report, beside what is measured here: quoted tables, and what can be read from them."""

from collections.abc import Mapping

import streamlit as st

from app import present
from app.race.race_words import line, listed
from app.race.raced import SHIPPED, recorded
from kdcore import gallery, methods
from kdcore.gallery import Table

PLAIN, HEADS = "KD", ("Teacher", "Student", "KD")
LESSON = (
    "**Most losses on features, alone, lie below plain distillation** (▾). That does not say that features teach "
    "nothing, since many are meant to be added to it. It says that a new loss should be measured against plain "
    "distillation that is tuned as well, on the same seeds."
)
BESIDE = ("features", "relations")


def section() -> None:
    """The quoted tables, under their own heading, marked as quoted."""
    if present.on():
        return
    st.markdown("### What papers report")
    st.markdown(f"Quoted, **not measured here**: other data, other networks, other budgets. {LESSON} {here()}")
    for table in gallery.published().values():
        below, rows = below_plain(table)
        with st.expander(f"Quoted: {table.title} ({below} of {rows} other methods lie below KD on average)"):
            st.markdown(f"Source: {table.source}. {table.setting} Accuracy in percent; ▾ below KD in the same column.")
            st.markdown(written(table))


def here() -> str:
    """Whether the race that is recorded here says so, too."""
    race = recorded(SHIPPED)
    rows = race.standings.rows if race is not None and race.standings is not None else ()
    asked = [r for r in rows if r.to_plain and gallery.of_method(methods.get(r.lane.method)).family in BESIDE]
    behind = [line(row.lane) for row in asked if row.to_plain and row.to_plain.high < 0]
    if not asked or len(behind) < len(asked):
        return ""
    return f"So it is in the recorded race: {listed(behind)} stayed below plain distillation."


def below_plain(table: Table) -> tuple[int, int]:
    """How many of the other methods lie below plain distillation on average over the columns that both have."""
    others = {name: line for name, line in table.rows.items() if name not in HEADS}
    plain = table.rows.get(PLAIN, ())
    behind = sum(_mean_difference(line, plain) < 0 for line in others.values())
    return behind, len(others)


def _mean_difference(line: tuple[float | None, ...], plain: tuple[float | None, ...]) -> float:
    both = [a - b for a, b in zip(line, plain, strict=False) if a is not None and b is not None]
    return sum(both) / len(both) if both else 0.0


def written(table: Table) -> str:
    """The table in Markdown: what lies below plain distillation is marked."""
    plain = table.rows.get(PLAIN, (None,) * len(table.columns))
    lines = [f"| | {' | '.join(table.columns)} |", f"|---|{'---:|' * len(table.columns)}"]
    for name, values in table.rows.items():
        cells = [_cell(name, value, kd) for value, kd in zip(values, plain, strict=True)]
        lines.append(f"| {_bold(name, table.methods)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(name: str, value: float | None, plain: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}{' ▾' if name not in HEADS and plain is not None and value < plain else ''}"


def _bold(name: str, methods: Mapping[str, str]) -> str:
    return f"**{name}**" if methods.get(name) == "hinton" else name
